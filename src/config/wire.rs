//! `[wire]`: the keys by which clients know a gateway, and how long it knows them.

use std::{path::Path, time::Duration};

use kontract_runtime::gateway::Pin;

use super::document::Document;
use crate::{files::Files, model::diagnostic::Diagnostic};

/// `[wire] pin`: public keys, the current one first.
pub fn pins(document: &Document<'_>, diagnostics: &mut Vec<Diagnostic>) -> Vec<Pin> {
    let Some(item) = document.item("wire", "pin") else { return Vec::new() };
    let texts = item.texts(diagnostics).unwrap_or_default();
    let mut pins = Vec::new();
    for text in &texts {
        match Pin::parse(&text.value) {
            Some(pin) if pins.len() < MOST && !pins.contains(&pin) => pins.push(pin),
            _ => {
                item.refuse(
                    "at most four public keys, as `kontract keys generate` prints them",
                    diagnostics,
                );
                break;
            }
        }
    }
    pins
}

/// `[wire] session_idle`, in seconds.
pub fn session_idle(
    document: &Document<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Duration> {
    let item = document.item("wire", "session_idle")?;
    let seconds = item.whole_number(diagnostics)?;
    let seconds = u64::try_from(seconds).ok().filter(|seconds| SECONDS.contains(seconds));
    if seconds.is_none() {
        item.refuse("seconds, from 10 to 3600", diagnostics);
    }
    seconds.map(Duration::from_secs)
}

/// The key that `kontract dev` serves with; None before its first run.
pub fn development_pin(files: &dyn Files, project: &Path) -> Option<Pin> {
    let text = files.read(&project.join(DEVELOPMENT_PIN)).ok()?;
    Pin::parse(String::from_utf8(text).ok()?.trim())
}

/// Where `kontract dev` writes the public part of its key.
pub const DEVELOPMENT_PIN: &str = ".kontract/dev/pin";
const MOST: usize = 4;
/// Records of calls stay for an hour at least: what is sent again while its ticket is good has one.
const SECONDS: std::ops::RangeInclusive<u64> = 10..=3_600;

//! Sources that changed in nothing that another file could see: the body of a function, a comment,
//! lines above what others know. Then what the program means stays, and only what is printed of
//! the source itself is made again. The program is not needed for it, only a slice of it.
//!
//! Input: what is known of a source as it was, and its new text.
//! Output: what is known of it now, the outputs that change with it, and where its places are now.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    names::Layout,
    printer::Printer,
    recall::Recall,
    slice::{Slice, Told},
    sources::extract_as,
};
use crate::{
    config::Options,
    diagnostic::{
        allow::{allowed, allows, is_of_comment},
        position::LineIndex,
    },
    files::Files,
    model::{
        SourcePath, Span, contract::ModuleContract, diagnostic::Diagnostic, lines::Lines,
        output::Output,
    },
};

/// Old place → new place.
#[derive(Default)]
pub struct Moves(BTreeMap<Span, Span>);

/// A source as a build has left it.
pub struct Known {
    pub slice: Slice,
    /// As it was extracted.
    pub contract: ModuleContract,
    /// What extraction has found.
    pub found: Vec<Diagnostic>,
}

pub struct Amended {
    pub known: Known,
    pub outputs: Vec<Output>,
    /// What is said of the file from now on, in the order of before.
    pub said: Vec<Diagnostic>,
    pub moves: Moves,
    /// Where lines are now that outputs of the whole program tell.
    pub lines: Lines,
}

impl Moves {
    /// What is said of a file whose comments allow some of it. None where they allow more or less
    /// than they did.
    fn hush(
        &self,
        hushed: &mut Vec<Diagnostic>,
        said: &[Diagnostic],
        file: &SourcePath,
        text: &str,
    ) -> Option<Vec<Diagnostic>> {
        let mut found: Vec<Diagnostic> =
            said.iter().filter(|diagnostic| !is_of_comment(diagnostic)).cloned().collect();
        for diagnostic in found.iter_mut().chain(&mut *hushed) {
            self.follow(diagnostic, file)?;
        }
        let all = found.iter().chain(&*hushed).cloned().collect();
        let (of_comments, others): (Vec<_>, Vec<_>) =
            allowed([(file, text)], all).said.into_iter().partition(is_of_comment);
        (others == found && of_comments.len() == said.len() - found.len()).then_some(())?;
        let (mut of_comments, mut found) = (of_comments.into_iter(), found.into_iter());
        let now = |before: &Diagnostic| {
            if is_of_comment(before) { of_comments.next() } else { found.next() }
        };
        said.iter().map(now).collect()
    }

    /// Where what is said of the file has to point now; None where that cannot be told.
    pub fn follow(&self, diagnostic: &mut Diagnostic, file: &SourcePath) -> Option<()> {
        let own = diagnostic.span.iter_mut().filter(|_| diagnostic.file == *file);
        let related = diagnostic.related.iter_mut().filter(|related| related.file == *file);
        for span in own.chain(related.map(|related| &mut related.span)) {
            *span = self.to(*span)?;
        }
        Some(())
    }

    fn to(&self, span: Span) -> Option<Span> {
        self.0.get(&span).copied()
    }
}

/// What all sources have in common.
pub struct Beside<'a> {
    pub files: &'a dyn Files,
    pub options: &'a Options,
    pub recall: &'a dyn Recall,
    /// Strings that stand in client files and must not become those of server code.
    pub unexplained: &'a [String],
    /// All that was said.
    pub said: &'a [Diagnostic],
}

/// None where others could see the change, or where it cannot be told.
pub fn amend(beside: &Beside<'_>, known: Known, file: &SourcePath, text: &str) -> Option<Amended> {
    let Beside { files, options, recall, unexplained, said } = *beside;
    let Known { mut slice, contract: old, found: before } = known;
    let (contract, found) = extract_as(recall, options, &Layout::new(options), file, text);
    let mut fresh = contract.strings.iter().filter(|string| !old.strings.contains(string));
    if fresh.any(|string| unexplained.contains(string)) {
        return None;
    }
    let mut moves = moves((&old, &before), (&contract, &found))?;
    let index = LineIndex::new(text);
    let mut lines = Lines::default();
    for Told { span, line, by } in &mut slice.told {
        *span = moves.to(*span)?;
        let now = index.line(span.start as usize) + 1;
        lines.add(by, std::mem::replace(line, now), now)?;
    }
    let mut said: Vec<Diagnostic> = said.iter().filter(|d| d.file == *file).cloned().collect();
    if slice.hushed.is_some() || allows(text) {
        said = moves.hush(slice.hushed.as_mut()?, &said, file, text)?;
    } else {
        said.iter_mut().try_for_each(|diagnostic| moves.follow(diagnostic, file))?;
    }
    let printer = Printer { files, options, recall };
    let mut outputs = Vec::new();
    for (part, passes) in [(&mut slice.server, options.optimize), (&mut slice.code, None)] {
        let Some(part) = part else { continue };
        part.plan.move_spans(&|span| moves.to(span))?;
        let printed = printer.print(passes, part.plan.clone(), &part.path, text);
        let is_same = moves.join(&part.found, &printed.diagnostics)?;
        (is_same && printed.inlined == part.inlined).then_some(())?;
        part.found = printed.diagnostics;
        outputs.extend(printed.outputs);
    }
    if let Some(origins) = &mut slice.stubs {
        for (_, span) in &mut origins.marks.0 {
            *span = moves.to(*span)?;
        }
        outputs.push(origins.map(file, &options.out, text));
    }
    Some(Amended { known: Known { slice, contract, found }, outputs, said, moves, lines })
}

type Extracted<'a> = (&'a ModuleContract, &'a [Diagnostic]);

/// The new places of all that a contract says, and of what is said of it, if both say the same of
/// them in the same order.
fn moves(old: Extracted<'_>, new: Extracted<'_>) -> Option<Moves> {
    let bare = |(contract, found): Extracted<'_>| {
        (ModuleContract { strings: Vec::new(), ..contract.clone() }, found.to_vec())
    };
    let mut moves = Moves::default();
    moves.join(&bare(old), &bare(new))?.then_some(moves)
}

impl Moves {
    /// Whether both are the same but for their places, which are taken up; None where they cannot
    /// be compared.
    fn join<T: Serialize>(&mut self, old: &T, new: &T) -> Option<bool> {
        let [old, new] = [old, new].map(|value| serde_json::to_value(value).ok());
        let is_same = compare(&old?, &new?, &mut self.0);
        Some(is_same && self.0.values().is_sorted_by_key(|span| span.start))
    }
}

fn compare(old: &Value, new: &Value, moves: &mut BTreeMap<Span, Span>) -> bool {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            if let (Some(from), Some(to)) = (span(old), span(new)) {
                return *moves.entry(from).or_insert(to) == to;
            }
            old.len() == new.len()
                && old
                    .iter()
                    .zip(new)
                    .all(|((name, old), (other, new))| name == other && compare(old, new, moves))
        }
        (Value::Array(old), Value::Array(new)) => {
            old.len() == new.len() && old.iter().zip(new).all(|(old, new)| compare(old, new, moves))
        }
        (old, new) => old == new,
    }
}

/// A [`Span`] as it is serialized.
fn span(fields: &Map<String, Value>) -> Option<Span> {
    let number = |name: &str| u32::try_from(fields.get(name)?.as_u64()?).ok();
    (fields.len() == 2).then_some(())?;
    Some(Span::new(number("start")?, number("end")?))
}

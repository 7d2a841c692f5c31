//! `@default <JSON>` in a field's doc comment: what a message without the field means.

use serde_json::Value;

use super::{diagnostics::unreadable_default, evaluate::Evaluator};
use crate::model::shape::Place;

/// What stands behind the tag, to the end of its line.
pub fn tag(docs: &str) -> Option<&str> {
    docs.lines().find_map(|line| {
        let rest = line.trim().strip_prefix("@default")?;
        rest.starts_with([' ', '\t']).then(|| rest.trim())
    })
}

impl Evaluator<'_> {
    /// Other tools write `@default` in words; those are no defaults of ours.
    pub fn default_value(&mut self, text: &str, at: &Place) -> Option<Value> {
        let file = at.file.as_ref()?;
        match serde_json::from_str(text) {
            Ok(value) => Some(value),
            Err(_) => {
                self.report(unreadable_default(file, at.span, text), at);
                None
            }
        }
    }
}

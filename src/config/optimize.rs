//! `[build] optimize`: whether server code is optimized, and by which passes.

use super::document::Document;
use crate::model::diagnostic::Diagnostic;

/// What the optimizer does; a pass that is left out is done.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own in `kontract.toml`")]
pub struct Passes {
    /// Code that is never reached, values that are never used.
    pub dead_code: bool,
    /// Expressions of constants.
    pub fold: bool,
    /// Functions in the place of their calls.
    pub inline: bool,
    /// Variables that only pass a value on.
    pub variables: bool,
    /// Shorter forms of expressions.
    pub simplify: bool,
    /// How often all of this is done, at most.
    pub passes: usize,
}

impl Default for Passes {
    fn default() -> Self {
        Self {
            dead_code: true,
            fold: true,
            inline: true,
            variables: true,
            simplify: true,
            passes: MAX_PASSES,
        }
    }
}

/// None: not at all. `optimize` is true, false, or a table of passes.
pub fn read(document: &Document<'_>, diagnostics: &mut Vec<Diagnostic>) -> Option<Passes> {
    let mut passes = Passes::default();
    let Some(item) = document.item("build", "optimize") else { return Some(passes) };
    if !item.is_table() {
        return item.boolean(diagnostics)?.then_some(passes);
    }
    for (key, entry) in item.entries(KEYS, diagnostics) {
        let pass = match key {
            "dead_code" => &mut passes.dead_code,
            "fold" => &mut passes.fold,
            "inline" => &mut passes.inline,
            "variables" => &mut passes.variables,
            "simplify" => &mut passes.simplify,
            _ => {
                match entry.whole_number(diagnostics).map(usize::try_from) {
                    Some(Ok(count @ 1..=MAX_PASSES)) => passes.passes = count,
                    Some(_) => entry.refuse("1, 2 or 3", diagnostics),
                    None => {}
                }
                continue;
            }
        };
        *pass = entry.boolean(diagnostics).unwrap_or(true);
    }
    Some(passes)
}

const KEYS: &[&str] = &["dead_code", "fold", "inline", "variables", "simplify", "passes"];

/// More change hardly anything.
const MAX_PASSES: usize = 3;

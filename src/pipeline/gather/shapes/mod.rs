//! Types as written → types as they travel.

use std::collections::BTreeMap;

use super::symbols::Symbols;
use crate::model::{app::Route, diagnostic::Diagnostic, shape::Shapes};

/// Resolves the parameters and results of all routes. Ids and tags are zero: the lock gives them.
pub fn shapes(
    _symbols: Symbols<'_>,
    _routes: &BTreeMap<String, Route>,
    _diagnostics: &mut Vec<Diagnostic>,
) -> Shapes {
    Shapes::default()
}

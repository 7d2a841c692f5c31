//! What of a program has to be known of one source, to make its own outputs again after an edit that
//! no other file can see.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{
    Program,
    lower::{client::Origins, server::Plan},
};
use crate::{
    cookbook::Cookbook,
    diagnostic::{allow::allows, position::LineIndex},
    model::{SourcePath, Span, app::App, diagnostic::Diagnostic, lines::Teller},
};

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Slice {
    /// In `dist/server`.
    pub server: Option<Part>,
    /// In `dist/client`, where it is client code.
    pub code: Option<Part>,
    /// In `dist/client`, where it is server code.
    pub stubs: Option<Origins>,
    /// Places whose lines stand in outputs of the whole program.
    pub told: Vec<Told>,
    /// What was found in it and its comments allow (`kontract-allow`); None where they allow
    /// nothing.
    pub hushed: Option<Vec<Diagnostic>>,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Told {
    pub span: Span,
    /// Where it begins, counted from 1.
    pub line: usize,
    pub by: Teller,
}

/// A module that is printed from its source.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Part {
    /// Without its extension.
    pub path: String,
    pub plan: Plan,
    /// Which of its middlewares stand in their chains.
    pub inlined: Vec<bool>,
    /// What printing it has found.
    pub found: Vec<Diagnostic>,
}

pub type Slices = BTreeMap<SourcePath, Slice>;

/// Adds what outputs of the whole program tell of each source.
pub fn complete(slices: &mut Slices, program: &Program, cookbook: Option<&Cookbook>) {
    let told = told(program, cookbook);
    slices.par_iter_mut().for_each(|(file, slice)| {
        let Some(text) = program.texts.get(file) else { return };
        slice.hushed = allows(text).then(|| {
            let own = program.hushed.iter().filter(|found| found.file == *file);
            own.cloned().collect()
        });
        let Some(told) = told.get(file) else { return };
        let lines = LineIndex::new(text);
        let told = told.iter().map(|(span, by)| Told {
            span: *span,
            line: lines.line(span.start as usize) + 1,
            by: by.clone(),
        });
        slice.told = told.collect();
    });
}

fn told<'a>(
    program: &'a Program,
    cookbook: Option<&'a Cookbook>,
) -> BTreeMap<&'a SourcePath, BTreeSet<(Span, Teller)>> {
    let App { statements, routes, middleware, .. } = &program.app;
    let calls = statements.values().filter_map(|statement| statement.calls.first());
    let calls = calls.map(|(file, argument)| (file, *argument, Teller::Statement));
    let unseen = routes.values().flat_map(|route| &route.unseen);
    let unseen = unseen.map(|unseen| (&unseen.file, unseen.span, Teller::Unseen));
    let entries = middleware.iter().flat_map(|file| {
        file.entries.iter().map(move |entry| (&file.module, entry.span, Teller::Middleware))
    });
    let pages = cookbook.into_iter().flat_map(|cookbook| &cookbook.sources);
    let pages = pages.map(|(page, file, span)| (file, *span, Teller::Page(page.clone())));
    let mut told: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for (file, span, by) in calls.chain(unseen).chain(entries).chain(pages) {
        told.entry(file).or_default().insert((span, by));
    }
    told
}

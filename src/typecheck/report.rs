//! What the script says → diagnostics at the places in the sources.

use std::{borrow::Cow, collections::BTreeMap, path::Path};

use serde::Deserialize;

use super::request::Request;
use crate::{
    config::Options,
    files::Files,
    model::{
        SourcePath, Span,
        diagnostic::{Diagnostic, Related},
    },
    pipeline::{discover, names::Layout},
    typescript::Failure,
};

#[derive(Deserialize)]
struct Response {
    #[serde(default)]
    missing: bool,
    #[serde(default)]
    version: String,
    #[serde(default)]
    unsupported: bool,
    #[serde(default)]
    problems: Vec<Problem>,
}

#[derive(Deserialize)]
struct Problem {
    #[serde(flatten)]
    place: Place,
    code: u32,
    error: bool,
    related: Vec<Place>,
}

#[derive(Deserialize)]
struct Place {
    /// Absolute.
    file: Option<String>,
    /// In UTF-16 units.
    start: Option<usize>,
    end: Option<usize>,
    text: String,
}

pub fn read(
    files: &dyn Files,
    options: &Options,
    request: &Request,
    response: &str,
) -> Result<Vec<Diagnostic>, Failure> {
    let response: Response = serde_json::from_str(response)
        .map_err(|error| Failure::Broken(format!("its answer cannot be read: {error}")))?;
    if response.missing {
        return Err(Failure::Missing);
    }
    if response.unsupported {
        return Err(Failure::TooOld(response.version));
    }
    let mut texts = Texts { files, options, request, read: BTreeMap::new() };
    let problems = response.problems.into_iter();
    let found: Vec<Diagnostic> = problems.filter_map(|p| texts.diagnostic(p)).collect();
    let is_source = |found: &Diagnostic| found.is_error() && !is_generated(options, &found.file);
    if !found.iter().any(is_source) {
        return Ok(found);
    }
    // What is wrong in a source is wrong again where it is declared for others.
    Ok(found.into_iter().filter(|found| !is_generated(options, &found.file)).collect())
}

fn is_generated(options: &Options, file: &SourcePath) -> bool {
    let path = options.absolute(file);
    let types = options.project.join(Layout::new(options).types_folder());
    path.starts_with(options.out_folder()) || path.starts_with(types)
}

/// Finds the places that TypeScript names.
struct Texts<'a> {
    files: &'a dyn Files,
    options: &'a Options,
    request: &'a Request,
    read: BTreeMap<String, Offsets>,
}

impl Texts<'_> {
    /// None for what is said of text that only the check adds.
    fn diagnostic(&mut self, problem: Problem) -> Option<Diagnostic> {
        let Problem { place, code, error, related } = problem;
        let span = self.span(&place);
        let end = place.file.as_deref().and_then(|file| self.request.end(file));
        if end.is_some_and(|end| span.is_some_and(|span| span.start as usize >= end)) {
            return None;
        }
        let file = self.source(&place);
        let code = format!("TS{code}");
        let build = if error { Diagnostic::error } else { Diagnostic::warning };
        let mut diagnostic = build(&code, &file, span, place.text);
        for place in related.into_iter().take(MOST_RELATED) {
            // Declarations of packages and of the language are far from what is wrong.
            let file = self.source(&place);
            if file.as_str().starts_with("../") || file.as_str().contains("node_modules/") {
                continue;
            }
            if let Some(span) = self.span(&place) {
                diagnostic.related.push(Related { file, span, message: place.text });
            }
        }
        Some(diagnostic)
    }

    fn source(&self, place: &Place) -> SourcePath {
        let path = place.file.as_deref().map(Path::new);
        path.map_or_else(|| SourcePath::new(""), |path| self.options.source_path(path))
    }

    /// None where the whole file is meant, or none.
    fn span(&mut self, place: &Place) -> Option<Span> {
        let (file, start) = (place.file.as_deref()?, place.start?);
        let end = place.end.unwrap_or(start).max(start);
        if !self.read.contains_key(file) {
            let offsets = Offsets::new(&self.text(file)?);
            self.read.insert(file.to_owned(), offsets);
        }
        let offsets = &self.read[file];
        Some(Span::new(offsets.byte(start), offsets.byte(end)))
    }

    fn text(&self, file: &str) -> Option<Cow<'_, str>> {
        if let Some(text) = self.request.text(file) {
            return Some(Cow::Borrowed(text));
        }
        let source = self.options.source_path(Path::new(file));
        discover::read(self.files, self.options, &source)?.ok().map(Cow::Owned)
    }
}

/// UTF-16 units → bytes.
enum Offsets {
    Ascii(usize),
    /// The byte at which each unit's character starts, and the text's end.
    Units(Vec<u32>),
}

impl Offsets {
    fn new(text: &str) -> Self {
        if text.is_ascii() {
            return Self::Ascii(text.len());
        }
        let mut units = Vec::with_capacity(text.len());
        for (at, character) in text.char_indices() {
            units.extend(std::iter::repeat_n(offset(at), character.len_utf16()));
        }
        units.push(offset(text.len()));
        Self::Units(units)
    }

    fn byte(&self, unit: usize) -> u32 {
        match self {
            Self::Ascii(end) => offset(unit.min(*end)),
            Self::Units(units) => units.get(unit).or(units.last()).copied().unwrap_or_default(),
        }
    }
}

fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

const MOST_RELATED: usize = 4;

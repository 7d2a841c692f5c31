//! The documentation of an application's routes, as pages for VitePress.
//!
//! Input: the program, with the doc comments of routes and types.
//! Output: `index.md`, a page for each route and for each type that travels, and `sidebar.json`.
//!
//! Whatever stands in a doc comment comes out as its author wrote it: [`markdown`] keeps Markdown,
//! and takes its meaning from what only Vue and VitePress understand.

mod index;
mod markdown;
mod names;
mod page;
mod repository;
mod route;
mod types;

use rayon::prelude::*;

use self::{names::Names, repository::Repository};
use crate::{
    config::Options,
    explain::entry::Entry,
    files::Files,
    model::{SourcePath, Span, output::Output},
    pipeline::Program,
};

/// What all pages are made from.
struct Site<'p> {
    program: &'p Program,
    /// By name.
    entries: Vec<Entry<'p>>,
    names: Names,
    /// Where the sources can be read.
    repository: Option<Repository>,
    /// What package.json calls the application.
    title: String,
}

pub struct Cookbook {
    /// Relative to the cookbook's folder.
    pub pages: Vec<Output>,
    /// The pages that tell where something stands, each with the place.
    pub sources: Vec<(String, SourcePath, Span)>,
}

pub fn cookbook(files: &dyn Files, options: &Options, program: &Program) -> Cookbook {
    let package = package(files, options);
    let guests = options.guests();
    let routes: Vec<&String> = program.app.routes.keys().collect();
    let entries: Vec<Entry<'_>> =
        routes.par_iter().filter_map(|route| Entry::of(program, route, guests)).collect();
    let site = Site {
        program,
        names: Names::of(&entries),
        entries,
        repository: Repository::of(&package),
        title: package["name"].as_str().unwrap_or("API").to_owned(),
    };
    let mut made: Vec<(Output, SourcePath, Span)> =
        site.entries.par_iter().map(|entry| route::page(&site, entry)).collect();
    let types: Vec<_> = site.names.types().collect();
    made.par_extend(types.par_iter().filter_map(|name| types::page(&site, name)));
    let source =
        |(page, file, span): &(Output, SourcePath, Span)| (page.path.clone(), file.clone(), *span);
    let sources = made.iter().map(source).collect();
    let mut pages: Vec<Output> = made.into_iter().map(|(page, ..)| page).collect();
    pages.push(index::page(&site));
    pages.push(index::sidebar(&site));
    pages.sort_by(|a, b| a.path.cmp(&b.path));
    Cookbook { pages, sources }
}

/// A page of something that stands on another line now. None where it does not tell that once.
pub fn retell(
    files: &dyn Files,
    options: &Options,
    page: &str,
    file: &SourcePath,
    [from, to]: [usize; 2],
) -> Option<String> {
    let repository = Repository::of(&package(files, options));
    let [old, new] = [from, to].map(|line| page::source(repository.as_ref(), file, line));
    (page.matches(&old).count() == 1).then(|| page.replace(&old, &new))
}

fn package(files: &dyn Files, options: &Options) -> serde_json::Value {
    let package = files.read(&options.project.join("package.json")).unwrap_or_default();
    serde_json::from_slice(&package).unwrap_or_default()
}

#[cfg(test)]
mod tests;

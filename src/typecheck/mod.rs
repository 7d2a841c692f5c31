//! The type check of a project by its own `typescript`, annotations and all.
//!
//! ```ts
//! // What the developer wrote, and what TypeScript reads: every position is the same.
//! export @backend(perm=perms.RW_) async function rename(@int32 id: number) {}
//! export                          async function rename(       id: number) {}
//! ```
//!
//! What builds make for editors and clients is laid over the disk too, as this build would write
//! it: nothing has to be built before.

mod diagnostics;
mod request;
mod report;

use std::{borrow::Cow, time::Duration};

use self::{diagnostics::failed, request::Request};
use crate::{
    config::Options,
    files::Files,
    model::diagnostic::Diagnostic,
    pipeline::{Build, Program},
    typescript::{
        COMPILERS, Failure, PROJECTS,
        cache::{Cache, Inputs},
        manifest,
        node::{self, Run},
    },
};

/// What TypeScript finds wrong in the project. The build must be without errors.
pub fn check(
    files: &dyn Files,
    options: &Options,
    program: &Program,
    build: &Build,
) -> Vec<Diagnostic> {
    let request = Request::new(files, options, program, build);
    ask(files, options, &request).unwrap_or_else(|failure| vec![failed(&failure)])
}

fn ask(
    files: &dyn Files,
    options: &Options,
    request: &Request,
) -> Result<Vec<Diagnostic>, Failure> {
    let json = serde_json::to_string(request).map_err(|e| Failure::Broken(e.to_string()))?;
    let script = script();
    let manifest = manifest(files, options).ok_or(Failure::Missing)?;
    let text = |path: &str| request.text(path).map(Cow::Borrowed);
    let cache = Cache::open(
        "check.json",
        Inputs {
            files,
            options,
            script: &script,
            request: &json,
            manifest: &manifest,
            is_source: |name| SOURCES.iter().any(|end| name.ends_with(end)),
            text: &text,
        },
    );
    if let Some(response) = cache.find()
        && let Ok(found) = report::read(files, options, request, &response)
    {
        return Ok(found);
    }
    let run =
        Run { folder: &options.project, script: &script, request: &json, time_limit: TIME_LIMIT };
    let response = node::run(&run)?;
    let found = report::read(files, options, request, &response)?;
    cache.keep(response);
    Ok(found)
}

fn script() -> String {
    node::script(&[COMPILERS, PROJECTS, include_str!("copies.mjs"), include_str!("check.mjs")])
}

/// What a tsconfig may name.
const SOURCES: &[&str] = &[".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs", ".json"];
const TIME_LIMIT: Duration = Duration::from_mins(10);

//! Types that only TypeScript can decide (`typeof config`, `ReturnType<…>`, `z.infer<…>`,
//! conditional types): the project's own `typescript` is asked for them, all at once.
//!
//! ```ts
//! // Question, in the scope of src/users.ts:  z.infer<typeof schema>
//! // Answer, in types that the compiler reads: { name: string; owner: import("kontract:src/owner.ts").Owner }
//! ```
//!
//! A script (`*.mjs`) runs in Node, finds `typescript` 5, 6 or 7 from the project's folder, and
//! only reads files. What it says is remembered as long as nothing that it read has changed, and
//! is read as any source is: it cannot name what a source could not.

mod answers;
mod cache;
mod diagnostics;
mod node;
mod request;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

pub use self::{
    answers::Answers,
    diagnostics::{not_asked, refused},
};
use self::{node::Run, request::Request};
use crate::{
    config::Options,
    files::Files,
    model::{SourcePath, Span, app::Modules, types::TypeExpr},
    pipeline::print::types::Printer,
};

/// A type that is asked for. Where it is written decides what its names mean.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Question {
    pub file: SourcePath,
    /// As TypeScript.
    pub text: String,
    /// What the type is called where it holds itself and nothing else names it.
    pub name: String,
    /// What the type parameters in `text` stand for.
    pub bindings: Vec<(String, Question)>,
}

/// Why TypeScript's answer is of no use for one type.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusal {
    pub kind: RefusalKind,
    /// The type or part that is meant: `function`, `` `a${string}` ``.
    pub what: String,
    /// The way to it: `.author.validate`; empty for the type itself.
    pub path: String,
    /// TypeScript's own message.
    pub complaint: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RefusalKind {
    /// TypeScript finds an error in it.
    Unresolved,
    /// It holds what does not travel.
    Unsupported,
    /// Texts of a form that nothing checks: `` `a${string}` ``.
    Pattern,
    /// It depends on a type parameter that has no value here.
    Generic,
    Deep,
    Large,
}

/// Why nothing could be asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Failure {
    /// The project has no `typescript`.
    Missing,
    /// It has one of this version.
    TooOld(String),
    NoNode(String),
    TimedOut,
    /// The script failed; the last thing that it said.
    Broken(String),
    /// The sources are not on a disk.
    NoDisk,
}

/// Somebody who knows the project's types.
pub trait TypeScript {
    /// Answers all questions. Each comes with the place to which its answer is attributed.
    fn ask(&self, questions: &BTreeMap<Question, Span>) -> Result<Answers, Failure>;
}

/// The `typescript` that is installed where the project finds it.
pub struct Installed<'a> {
    pub files: &'a dyn Files,
    pub options: &'a Options,
    pub modules: &'a Modules,
    /// The sources as this build read them.
    pub texts: &'a BTreeMap<SourcePath, String>,
}

impl Question {
    pub fn new(file: &SourcePath, ty: &TypeExpr, name: &str) -> Self {
        let text = Printer { specifier: &str::to_owned }.ty(ty);
        Self { file: file.clone(), text, name: name.to_owned(), bindings: Vec::new() }
    }
}

impl TypeScript for Installed<'_> {
    fn ask(&self, questions: &BTreeMap<Question, Span>) -> Result<Answers, Failure> {
        if !self.files.on_disk() {
            return Err(Failure::NoDisk);
        }
        let manifest = self.manifest().ok_or(Failure::Missing)?;
        let request = Request::new(self, questions.keys());
        let json = serde_json::to_string(&request).map_err(|e| Failure::Broken(e.to_string()))?;
        let cache = cache::Cache::open(self, &json, &manifest);
        if let Some(response) = cache.find()
            && let Ok(answers) = answers::read(self, &request, questions, &response)
        {
            return Ok(answers);
        }
        let response = node::run(&Run { folder: &self.options.project, request: &json })?;
        let answers = answers::read(self, &request, questions, &response)?;
        cache.keep(response);
        Ok(answers)
    }
}

impl<'a> Installed<'a> {
    fn text(&self, file: &SourcePath) -> Option<&'a str> {
        self.texts.get(file).map(String::as_str)
    }

    /// `typescript/package.json` where Node finds it from the project's folder.
    fn manifest(&self) -> Option<PathBuf> {
        let found = |folder: &Path| folder.join("node_modules/typescript/package.json");
        self.options.project.ancestors().map(found).find(|path| self.files.is_file(path))
    }
}

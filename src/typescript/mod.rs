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
pub mod cache;
mod diagnostics;
pub mod node;
mod request;

use std::{
    borrow::Cow,
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

pub use self::{
    answers::{Answers, module_of},
    diagnostics::{is_unanswered, not_asked, refused},
};
use self::{
    cache::{Cache, Inputs},
    node::Run,
    request::Request,
};
use crate::{
    config::Options,
    files::Files,
    model::{
        SourcePath, Span,
        app::{Modules, Registry},
        contract::ModuleContract,
        types::TypeExpr,
    },
    pipeline::{Texts, names::Layout},
    source,
    text::types::Printer,
};
pub use request::slashes;

/// A type that is asked for. Where it is written decides what its names mean.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Question {
    pub file: SourcePath,
    /// As TypeScript.
    pub text: String,
    /// What the type parameters in `text` stand for.
    pub bindings: Vec<(String, Question)>,
}

/// How an answer fits where it goes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hint {
    /// What the type is called where it holds itself and nothing else names it.
    pub name: String,
    /// `name` is an alias of the file, and the question what it stands for.
    pub declared: bool,
    /// The place to which the answer is attributed.
    pub span: Span,
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
pub trait TypeScript: Sync {
    /// Answers all questions.
    fn ask(
        &self,
        program: &Program<'_>,
        questions: &BTreeMap<Question, Hint>,
    ) -> Result<Answers, Failure>;
}

/// What the questions are about.
pub struct Program<'a> {
    pub modules: &'a Modules,
    /// What the project's tables are: TypeScript learns it from generated declarations, which may
    /// not be written yet.
    pub registry: &'a (dyn Fn() -> Registry + Sync),
}

/// The `typescript` that is installed where the project finds it.
pub struct Installed<'a> {
    pub files: &'a dyn Files,
    pub options: &'a Options,
    pub layout: &'a Layout,
    /// The sources as this build read them.
    pub texts: &'a Texts,
}

impl Question {
    /// The type for messages, as it is written; None where that is long.
    pub fn words(&self) -> Option<String> {
        let short = self.text.len() <= MAX_WORDS && !self.text.contains('\n');
        short.then(|| format!("`{}`", self.text))
    }

    pub fn new(file: &SourcePath, ty: &TypeExpr) -> Self {
        let text = Printer { specifier: &str::to_owned }.ty(ty);
        Self { file: file.clone(), text, bindings: Vec::new() }
    }
}

impl TypeScript for Installed<'_> {
    fn ask(
        &self,
        program: &Program<'_>,
        questions: &BTreeMap<Question, Hint>,
    ) -> Result<Answers, Failure> {
        if !self.files.on_disk() {
            return Err(Failure::NoDisk);
        }
        let manifest = manifest(self.files, self.options).ok_or(Failure::Missing)?;
        let project = &Project { installed: self, modules: program.modules };
        let request = Request::new(project, program, questions);
        let json = serde_json::to_string(&request).map_err(|e| Failure::Broken(e.to_string()))?;
        let script = script();
        let text = |path: &str| project.text_at(path);
        let cache = Cache::open(
            "types.json",
            Inputs {
                files: self.files,
                options: self.options,
                script: &script,
                request: &json,
                manifest: &manifest,
                is_source: |_| false,
                text: &text,
            },
        );
        if let Some(response) = cache.find()
            && let Ok(answers) = answers::read(project, &request, questions, &response)
        {
            return Ok(answers);
        }
        let run = Run {
            folder: &self.options.project,
            script: &script,
            request: &json,
            time_limit: TIME_LIMIT,
        };
        let response = node::run(&run)?;
        let answers = answers::read(project, &request, questions, &response)?;
        cache.keep(response);
        Ok(answers)
    }
}

/// What questions are about.
struct Project<'a> {
    installed: &'a Installed<'a>,
    modules: &'a Modules,
}

impl Project<'_> {
    /// The path of a module as the script spells it.
    fn path(&self, file: &SourcePath) -> String {
        request::slashes(&self.installed.options.absolute(file))
    }

    /// What TypeScript is to read of a module: its text with the annotations blanked.
    fn text(&self, contract: &ModuleContract) -> Option<Cow<'_, str>> {
        let text = self.installed.text(&contract.file)?;
        if !contract.annotated {
            return Some(Cow::Borrowed(text));
        }
        source::parse_again(&contract.file, text).map(|parsed| Cow::Owned(parsed.text))
    }

    /// The same by absolute path; None for other files.
    fn text_at(&self, path: &str) -> Option<Cow<'_, str>> {
        let file = self.installed.options.source_path(Path::new(path));
        self.installed.text(&file).map(Cow::Borrowed)
    }
}

impl Installed<'_> {
    fn text(&self, file: &SourcePath) -> Option<&str> {
        self.texts.get(file).map(|text| &**text)
    }
}

/// `typescript/package.json` where Node finds it from the project's folder.
pub fn manifest(files: &dyn Files, options: &Options) -> Option<PathBuf> {
    let found = |folder: &Path| folder.join("node_modules/typescript/package.json");
    options.project.ancestors().map(found).find(|path| files.is_file(path))
}

/// What answers, as one script.
fn script() -> String {
    node::script(&[COMPILERS, PROJECTS, include_str!("expand.mjs"), include_str!("main.mjs")])
}

/// TypeScript's view of a project, in any version.
pub const COMPILERS: &str = include_str!("compilers.mjs");
/// The tsconfigs of a project.
pub const PROJECTS: &str = include_str!("projects.mjs");
const MAX_WORDS: usize = 60;
const TIME_LIMIT: Duration = Duration::from_mins(2);

#[cfg(test)]
mod tests;

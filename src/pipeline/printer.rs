//! A module with a plan, as JavaScript with its map.

use serde::{Deserialize, Serialize};
use swc_common::{GLOBALS, Globals};

use super::{
    lower, optimize, print,
    recall::{Recall, Subject, key},
};
use crate::{
    config::{Options, Passes},
    files::Files,
    hash::hex,
    model::{
        diagnostic::Diagnostic,
        output::{Hashes, Output},
    },
};

/// A module of `dist/server`, or client code.
#[derive(Default)]
pub struct Printed {
    pub outputs: Vec<Output>,
    /// Outputs that were printed before, and lie where they were written.
    pub standing: Hashes,
    /// Which of its middlewares stand in their chains.
    pub inlined: Vec<bool>,
    pub diagnostics: Vec<Diagnostic>,
}

impl Printed {
    pub fn of(outputs: Vec<Output>) -> Self {
        Self { outputs, ..Self::default() }
    }

    pub fn failed(diagnostic: Diagnostic) -> Self {
        Self { diagnostics: vec![diagnostic], ..Self::default() }
    }
}

/// Prints modules, or finds what was printed where it was written.
pub struct Printer<'a> {
    pub files: &'a dyn Files,
    pub options: &'a Options,
    pub recall: &'a dyn Recall,
}

/// What is kept of [`Printed`]: the hash of each output in the place of its text.
#[derive(Default, Serialize, Deserialize)]
struct Kept {
    outputs: Vec<(String, String)>,
    inlined: Vec<bool>,
    diagnostics: Vec<Diagnostic>,
}

impl Printer<'_> {
    pub fn print(
        &self,
        passes: Option<Passes>,
        plan: lower::server::Plan,
        path: &str,
        text: &str,
    ) -> Printed {
        let key = key((&plan, text, passes, path, &self.options.out));
        let known = self.recall.find(Subject::Module, path, &key);
        let known = known.and_then(|bytes| postcard::from_bytes(&bytes).ok());
        if let Some(printed) = known.and_then(|kept| self.restore(kept)) {
            return printed;
        }
        let printed = print_code(self.options, passes, plan, path, text);
        let hashed = printed.outputs.iter().map(|o| (o.path.clone(), hex(o.text.as_bytes())));
        let kept = Kept {
            outputs: hashed.collect(),
            inlined: printed.inlined.clone(),
            diagnostics: printed.diagnostics.clone(),
        };
        if let Ok(bytes) = postcard::to_allocvec(&kept) {
            self.recall.keep(Subject::Module, path, &key, bytes);
        }
        printed
    }

    /// None where an output is not as it was written.
    fn restore(&self, kept: Kept) -> Option<Printed> {
        let Kept { outputs, inlined, diagnostics } = kept;
        let stands = |(path, hash): &(String, String)| self.recall.stands(path, hash);
        let (standing, outputs): (Vec<_>, Vec<_>) = outputs.into_iter().partition(stands);
        let standing = standing.into_iter().collect();
        let folder = self.options.out_folder();
        let read = |(path, hash): (String, String)| {
            let bytes = self.files.read(&folder.join(&path)).ok()?;
            (hex(&bytes) == hash).then_some(())?;
            Some(Output { path, text: String::from_utf8(bytes).ok()? })
        };
        let outputs = outputs.into_iter().map(read).collect::<Option<_>>()?;
        Some(Printed { outputs, standing, inlined, diagnostics })
    }
}

fn print_code(
    options: &Options,
    passes: Option<Passes>,
    plan: lower::server::Plan,
    path: &str,
    text: &str,
) -> Printed {
    let file = plan.file.clone();
    GLOBALS.set(&Globals::new(), || {
        let Some(mut lowered) = lower::server::lower(plan, text) else {
            return Printed::default();
        };
        let inlined = std::mem::take(&mut lowered.inlined);
        let found = passes.and_then(|passes| optimize::optimize(&file, &mut lowered, passes));
        let source = print::source_url(&options.out, path, file.as_str());
        let outputs = print::server::print(lowered, &format!("{path}.js"), file.as_str(), &source);
        let diagnostics = found.into_iter().collect();
        Printed { outputs: outputs.into(), inlined, diagnostics, ..Printed::default() }
    })
}

//! Questions as the script takes them.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;
use serde::Serialize;

use super::{Installed, Question};
use crate::{
    model::{
        SourcePath,
        contract::{ModuleContract, TypeDeclarationKind},
        types::TypeExpr,
    },
    source,
};

#[derive(Serialize)]
pub struct Request {
    pub project: String,
    /// By absolute path.
    pub modules: BTreeMap<String, Module>,
    pub questions: Vec<Asked>,
}

#[derive(Serialize)]
pub struct Module {
    /// The source path.
    pub name: String,
    /// With the annotations blanked, where there are any; else the script reads the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Declarations that the compiler reads itself: they are answered by name.
    pub keep: Vec<String>,
    /// Names that a helper declaration must not have.
    pub taken: Vec<String>,
}

#[derive(Serialize)]
pub struct Asked {
    pub file: String,
    pub text: String,
    pub name: String,
    /// Indices of other questions by type parameter.
    pub bindings: Vec<(String, usize)>,
    /// It is a question itself, not only the value of a type parameter.
    pub asked: bool,
}

impl Request {
    pub fn new<'q>(
        project: &Installed<'_>,
        questions: impl Iterator<Item = &'q Question> + Clone,
    ) -> Self {
        let mut request = Self {
            project: slashes(&project.options.project),
            modules: BTreeMap::new(),
            questions: Vec::new(),
        };
        for contract in project.modules.values() {
            let path = slashes(&project.options.absolute(&contract.file));
            let home = questions.clone().any(|q| q.mentions(&contract.file));
            request.modules.insert(path, module(project, contract, home));
        }
        let mut known = FxHashMap::default();
        for question in questions {
            let index = request.add(project, question, &mut known);
            request.questions[index].asked = true;
        }
        request
    }

    fn add<'q>(
        &mut self,
        project: &Installed<'_>,
        question: &'q Question,
        known: &mut FxHashMap<(&'q SourcePath, &'q str, Vec<usize>), usize>,
    ) -> usize {
        let bindings: Vec<(String, usize)> = question
            .bindings
            .iter()
            .map(|(name, bound)| (name.clone(), self.add(project, bound, known)))
            .collect();
        let values = bindings.iter().map(|(_, index)| *index).collect();
        *known.entry((&question.file, &question.text, values)).or_insert_with(|| {
            self.questions.push(Asked {
                file: slashes(&project.options.absolute(&question.file)),
                text: question.text.clone(),
                name: question.name.clone(),
                bindings,
                asked: false,
            });
            self.questions.len() - 1
        })
    }
}

impl Question {
    fn mentions(&self, file: &SourcePath) -> bool {
        self.file == *file || self.bindings.iter().any(|(_, bound)| bound.mentions(file))
    }
}

fn module(project: &Installed<'_>, contract: &ModuleContract, home: bool) -> Module {
    let keep = contract.types.iter().filter(|declaration| {
        let kinds = contract.types.iter().filter(|d| d.name == declaration.name);
        kinds.into_iter().all(|d| match &d.kind {
            TypeDeclarationKind::Interface { .. } | TypeDeclarationKind::Class { .. } => true,
            TypeDeclarationKind::Alias(ty) => {
                matches!(ty, TypeExpr::Object(_) | TypeExpr::Union(_))
            }
            TypeDeclarationKind::Enum { .. } | TypeDeclarationKind::Namespace(_) => false,
        })
    });
    let mut keep: Vec<String> = keep.map(|d| d.name.clone()).collect();
    keep.sort();
    keep.dedup();
    let mut taken = Vec::new();
    if home {
        taken.extend(contract.types.iter().map(|t| t.name.clone()));
        taken.extend(contract.constants.iter().map(|c| c.name.clone()));
        taken.extend(contract.values.iter().map(|v| v.name.clone()));
        taken.extend(contract.functions.iter().map(|f| f.name.clone()));
        let imported = contract.imports.iter().flat_map(|i| &i.names);
        taken.extend(imported.map(|name| name.local.clone()));
        taken.sort();
        taken.dedup();
    }
    Module {
        name: contract.file.as_str().to_owned(),
        text: blanked(project, contract),
        keep,
        taken,
    }
}

/// What TypeScript can read of a file with annotations.
pub fn blanked(project: &Installed<'_>, contract: &ModuleContract) -> Option<String> {
    if !contract.annotated {
        return None;
    }
    let text = project.text(&contract.file)?;
    source::parse_again(&contract.file, text).map(|parsed| parsed.text)
}

/// As the script and TypeScript spell paths.
pub fn slashes(path: &std::path::Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}

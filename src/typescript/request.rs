//! Questions as the script takes them.

use std::{borrow::Cow, collections::BTreeMap};

use rustc_hash::FxHashMap;
use serde::Serialize;

use super::{Hint, Installed, Program, Project, Question};
use crate::model::{
    SourcePath,
    contract::{ModuleContract, TypeDeclaration, TypeDeclarationKind},
    types::TypeExpr,
};
use crate::pipeline::lower;

#[derive(Serialize)]
pub struct Request {
    pub project: String,
    /// By absolute path.
    pub modules: BTreeMap<String, Module>,
    /// Declarations of `env` and the tables, by absolute path: read as if they were there.
    pub ambient: BTreeMap<String, String>,
    pub questions: Vec<Asked>,
}

#[derive(Serialize)]
pub struct Module {
    /// The source path.
    pub name: String,
    /// With the annotations blanked, where there are any; else the script reads the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Exported declarations that the compiler reads itself: they are answered by name.
    pub keep: Vec<String>,
    /// All of those, exported or not, for questions of the module itself.
    pub own: Vec<String>,
    /// Names that a helper declaration must not have.
    pub taken: Vec<String>,
}

#[derive(Serialize)]
pub struct Asked {
    pub file: String,
    pub text: String,
    pub name: String,
    /// `name` is an alias of the file that stands for this type.
    pub declared: bool,
    /// Indices of other questions by type parameter.
    pub bindings: Vec<(String, usize)>,
    /// It is a question itself, not only the value of a type parameter.
    pub wanted: bool,
}

impl Request {
    pub fn new(
        project: &Project<'_>,
        program: &Program<'_>,
        questions: &BTreeMap<Question, Hint>,
    ) -> Self {
        let mut request = Self {
            project: slashes(&project.installed.options.project),
            modules: BTreeMap::new(),
            ambient: ambient(project, program),
            questions: Vec::new(),
        };
        for contract in project.modules.values() {
            let path = project.path(&contract.file);
            let home = questions.keys().any(|q| q.mentions(&contract.file));
            request.modules.insert(path, module(project, contract, home));
        }
        let mut known = FxHashMap::default();
        for (question, hint) in questions {
            let index = request.add(project, question, &mut known);
            let asked = &mut request.questions[index];
            asked.wanted = true;
            asked.name.clone_from(&hint.name);
            asked.declared = hint.declared;
        }
        request
    }

    fn add<'q>(
        &mut self,
        project: &Project<'_>,
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
                file: project.path(&question.file),
                text: question.text.clone(),
                name: String::new(),
                declared: false,
                bindings,
                wanted: false,
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

fn module(project: &Project<'_>, contract: &ModuleContract, home: bool) -> Module {
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
        text: contract.annotated.then(|| project.text(contract).map(Cow::into_owned)).flatten(),
        own: if home { names(contract, |_| true) } else { Vec::new() },
        keep: names(contract, |name| {
            contract.exported_names(name).any(|export| export.name == name)
        }),
        taken,
    }
}

/// What the build will write for editors, where the sources use what it declares.
fn ambient(project: &Project<'_>, program: &Program<'_>) -> BTreeMap<String, String> {
    let used = project.modules.values().any(|c| !c.context.is_empty() || !c.tables.is_empty());
    if !used {
        return BTreeMap::new();
    }
    let Installed { layout, options, .. } = project.installed;
    let folder = options.project.join(layout.types_folder());
    lower::registry::types(&(program.registry)(), project.modules, layout)
        .into_iter()
        .map(|output| (slashes(&folder.join(output.path)), output.text))
        .collect()
}

/// Declarations that the compiler can read.
fn names(contract: &ModuleContract, wanted: impl Fn(&str) -> bool) -> Vec<String> {
    let readable = |declaration: &&TypeDeclaration| {
        let mut same = contract.types.iter().filter(|d| d.name == declaration.name);
        same.all(|d| match &d.kind {
            TypeDeclarationKind::Interface { .. } | TypeDeclarationKind::Class { .. } => true,
            TypeDeclarationKind::Alias(ty) => {
                matches!(ty, TypeExpr::Object(_) | TypeExpr::Union(_))
            }
            TypeDeclarationKind::Enum { .. } | TypeDeclarationKind::Namespace(_) => false,
        })
    };
    let names = contract.types.iter().filter(readable).map(|d| d.name.clone());
    let mut names: Vec<String> = names.filter(|name| wanted(name)).collect();
    names.sort();
    names.dedup();
    names
}

/// As the script and TypeScript spell paths.
pub fn slashes(path: &std::path::Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}

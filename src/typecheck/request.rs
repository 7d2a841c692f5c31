//! What TypeScript is to read, as the script takes it.

use std::{collections::BTreeMap, fmt::Write as _};

use rayon::prelude::*;
use rustc_hash::FxHashSet;
use serde::Serialize;
use swc_ecma_ast::{Expr, Ident};
use swc_ecma_visit::{Visit, VisitWith};

use crate::{
    config::Options,
    files::Files,
    model::{
        SourcePath,
        app::{Registry, RegistryRow, TypesFrom, TypesModule},
        contract::{ImportKind, ModuleContract},
    },
    pipeline::{Build, Program, names::Layout, threads},
    source::{self, Parsed},
    text::{header, values::string},
    typescript::slashes,
};

#[derive(Serialize)]
pub struct Request {
    project: String,
    /// What is read in place of the disk, by absolute path.
    overlay: BTreeMap<String, String>,
    /// Sources that are no TypeScript to others, or that use what builds declare: tsconfigs may
    /// leave them out.
    sources: Vec<String>,
    /// Declarations of builds, and the sources that need them.
    ambient: BTreeMap<String, Vec<String>>,
    /// How many bytes of an overlay's text are the file's.
    #[serde(skip)]
    lengths: BTreeMap<String, usize>,
}

impl Request {
    pub fn new(files: &dyn Files, options: &Options, program: &Program, build: &Build) -> Self {
        let layout = Layout::new(options);
        let types = slashes(&options.project.join(layout.types_folder()));
        let mut request = Self {
            project: slashes(&options.project),
            overlay: BTreeMap::new(),
            sources: Vec::new(),
            ambient: BTreeMap::new(),
            lengths: BTreeMap::new(),
        };
        let path = |file: &SourcePath| slashes(&options.absolute(file));
        for (file, text, length) in blanked(options, program) {
            request.lengths.insert(path(&file), length);
            request.overlay.insert(path(&file), text);
        }
        let [storage, api] = ["types", "api"].map(|name| format!("{types}/{name}.d.ts"));
        for contract in program.modules.values().filter(|c| is_typescript(&c.file)) {
            let path = path(&contract.file);
            let free = uses_context(contract) || request.mentions_perms(&path);
            if contract.annotated || free {
                request.sources.push(path.clone());
            }
            if imports_api(contract) {
                request.ambient.entry(api.clone()).or_default().push(path.clone());
            }
            if free {
                request.ambient.entry(storage.clone()).or_default().push(path);
            }
        }
        let types_text = declarations(program, build, &layout);
        let outputs = build.outputs.iter().filter(|output| output.path.ends_with(".d.ts"));
        let out = slashes(&options.out_folder());
        let generated = types_text
            .into_iter()
            .map(|(path, text)| (format!("{types}/{path}"), text))
            .chain(outputs.map(|output| (format!("{out}/{}", output.path), output.text.clone())));
        for (path, text) in generated {
            if files.read(path.as_ref()).is_ok_and(|bytes| bytes == text.as_bytes()) {
                continue;
            }
            request.overlay.insert(path, text);
        }
        request
    }

    /// Outside of annotations.
    fn mentions_perms(&self, path: &str) -> bool {
        let text = self.text(path).zip(self.end(path));
        text.is_some_and(|(text, end)| text[..end].contains("perms"))
    }

    /// The text that was read in place of a file.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.overlay.get(path).map(String::as_str)
    }

    /// Where the file ends in that text: behind it stands what only the check adds.
    pub fn end(&self, path: &str) -> Option<usize> {
        self.lengths.get(path).copied()
    }
}

fn is_typescript(file: &SourcePath) -> bool {
    [".ts", ".tsx", ".mts", ".cts"].iter().any(|end| file.as_str().ends_with(end))
}

/// `import { api } from 'kontract'`
fn imports_api(contract: &ModuleContract) -> bool {
    let kontract = contract.imports.iter().filter(|import| import.specifier == "kontract");
    kontract
        .flat_map(|import| &import.names)
        .any(|name| name.name == ImportKind::Named("api".to_owned()))
}

fn uses_context(contract: &ModuleContract) -> bool {
    !contract.context.is_empty() || !contract.tables.is_empty()
}

/// The annotated sources as TypeScript reads them, and how long they are without what is added.
fn blanked(options: &Options, program: &Program) -> Vec<(SourcePath, String, usize)> {
    let annotated: Vec<&SourcePath> =
        program.modules.values().filter(|c| c.annotated).map(|c| &c.file).collect();
    let blank = |file: &SourcePath| {
        let text = program.texts.get(file)?;
        let parsed = source::parse_again(file, text)?;
        Some((file.clone(), mentioned(text, parsed), text.len()))
    };
    let run = || annotated.par_iter().filter_map(|file| blank(file)).collect();
    // What annotations hold is walked over, and may be deep.
    threads::install(options, run).unwrap_or_default()
}

/// The blanked text, with the names that only annotations mention mentioned again at its end: so
/// they count as used. What TypeScript says of that end is dropped.
fn mentioned(original: &str, parsed: Parsed) -> String {
    let mut names = Names::default();
    for annotation in &parsed.annotations {
        names.add(annotation.root(original));
        for argument in annotation.arguments.iter().flatten() {
            argument.expr.visit_with(&mut names);
        }
    }
    let mut text = parsed.text;
    for name in &names.found {
        text.push_str("\n;");
        text.push_str(name);
    }
    text
}

#[derive(Default)]
struct Names {
    found: Vec<String>,
    known: FxHashSet<String>,
}

impl Names {
    fn add(&mut self, name: &str) {
        if self.known.insert(name.to_owned()) {
            self.found.push(name.to_owned());
        }
    }
}

impl Visit for Names {
    fn visit_expr(&mut self, node: &Expr) {
        if let Expr::Ident(Ident { sym, .. }) = node {
            self.add(sym);
        }
        node.visit_children_with(self);
    }
}

/// `.kontract`, but that sources with annotations are imported: here they are TypeScript.
fn declarations(program: &Program, build: &Build, layout: &Layout) -> BTreeMap<String, String> {
    let registry = &program.app.registry;
    let mut texts: BTreeMap<String, String> =
        build.types.iter().map(|output| (output.path.clone(), output.text.clone())).collect();
    for (file, module) in &registry.modules {
        let Some(contract) = program.modules.get(file) else { continue };
        let path = layout.types_output(file);
        let specifier = layout.source_specifier(&path, file);
        if let Some(text) = exported(registry, module, contract, &specifier) {
            texts.insert(format!("{path}.d.ts"), text);
        }
    }
    texts
}

/// None where a row's type cannot be imported.
fn exported(
    registry: &Registry,
    module: &TypesModule,
    contract: &ModuleContract,
    specifier: &str,
) -> Option<String> {
    let from = TypesFrom::Printed(contract.file.clone());
    let is_row = |local: &str| {
        registry.tables.values().any(|table| {
            matches!(&table.row, RegistryRow::Named { from: f, name } if *f == from && name == local)
        })
    };
    let specifier = string(specifier);
    let mut text = header(Some(contract.file.as_str()));
    for local in &module.types {
        let exported = contract.exported_names(local).next();
        match exported {
            Some(export) => {
                let name = &export.name;
                let _ = writeln!(text, "export type {{ {name} as {local} }} from {specifier};");
            }
            None if is_row(local) => return None,
            None => {}
        }
    }
    Some(text)
}

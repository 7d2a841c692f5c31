//! The last look at the client before it is written: string literals that stand only in server
//! code must not occur in it. Client files are made from contracts, so a find means that
//! something in the compiler went wrong, and the build fails.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use rustc_hash::FxHashSet;
use serde::Serialize;
use swc_ecma_ast::{ExportAll, ImportDecl, NamedExport, Str, TplElement, TsImportType};
use swc_ecma_visit::{Visit, VisitWith};

use crate::{
    model::{
        SourcePath,
        app::{App, Modules},
        contract::{ConstantValue, TypeDeclaration, TypeDeclarationKind},
        diagnostic::Diagnostic,
        output::Output,
        shape::{Literal, Shape},
        types::{Key, LiteralType, Member, MemberKind, TypeExpr},
    },
    pipeline::recall::{Recall, Subject, key, recalled},
    source,
};

/// What was checked, for `--leak-report`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// Client files that were searched.
    pub files: Vec<String>,
    /// For each server module, how many of its string literals were looked for.
    pub literals: BTreeMap<String, usize>,
    /// Literals found, with the client file; none in a build that succeeds.
    pub leaks: Vec<Leak>,
    /// Literals of these files that clients are not meant to have by any contract; no server module
    /// has them.
    #[serde(skip)]
    pub unexplained: BTreeSet<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Leak {
    pub module: String,
    pub file: String,
}

pub fn scan(
    app: &App,
    modules: &Modules,
    outputs: &[Output],
    hashes: &[String],
    recall: &dyn Recall,
) -> (Report, Vec<Diagnostic>) {
    let contract = contract_strings(app, modules);
    let mut wanted: BTreeMap<&str, &SourcePath> = BTreeMap::new();
    let mut report = Report::default();
    for (file, module) in modules {
        // A shared module that is sent to clients as code is no secret.
        if app.client.get(file).is_some_and(|m| m.code) {
            continue;
        }
        let own = module.strings.iter().filter(|s| !contract.contains(s.as_str()));
        let mut count = 0;
        for text in own {
            wanted.entry(text).or_insert(file);
            count += 1;
        }
        if count > 0 {
            report.literals.insert(file.to_string(), count);
        }
    }
    let mut diagnostics = Vec::new();
    // Client code may hold what a server module holds, too.
    let code: FxHashSet<String> = app
        .client
        .values()
        .filter(|module| module.code)
        .map(|module| format!("client/{}.js", module.output))
        .collect();
    let searched = outputs.iter().zip(hashes).filter(|(o, _)| {
        ["client/", "codec/"].iter().any(|side| o.path.starts_with(side))
            && !o.path.ends_with(".map")
            && !code.contains(&o.path)
    });
    let searched: Vec<(&Output, &String)> = searched.collect();
    let found: Vec<BTreeSet<String>> = searched
        .par_iter()
        .map(|(output, hash)| {
            let key = key((&output.path, hash));
            recalled(recall, Subject::Literals, &output.path, &key, || literals(output))
        })
        .collect();
    for ((output, _), literals) in searched.into_iter().zip(found) {
        report.files.push(output.path.clone());
        for literal in literals {
            if !contract.contains(&literal) {
                report.unexplained.insert(literal.clone());
            }
            if let Some(module) = wanted.get(literal.as_str()) {
                report.leaks.push(Leak { module: module.to_string(), file: output.path.clone() });
                diagnostics.push(leaked(module, &output.path));
            }
        }
    }
    (report, diagnostics)
}

#[cold]
fn leaked(module: &SourcePath, output: &str) -> Diagnostic {
    Diagnostic::error(
        "K080",
        module,
        None,
        format!("a string of this server module stands in the client file `{output}`"),
    )
    .help("nothing was written; this is a bug in kontract, please report it")
}

/// The strings that clients are meant to have: names, groups, types, constants.
fn contract_strings(app: &App, modules: &Modules) -> FxHashSet<String> {
    let mut strings = FxHashSet::default();
    for (name, route) in &app.routes {
        strings.insert(name.clone());
        let function = &modules[&route.module].functions[route.function];
        strings.extend(function.egroup.clone());
        strings.insert(function.name.clone());
    }
    for (file, module) in &app.client {
        let contract = &modules[file];
        strings.extend(module.exports.values().flatten().cloned());
        for declaration in contract.types.iter().filter(|t| module.types.contains(&t.name)) {
            if let TypeDeclarationKind::Enum { members, .. } = &declaration.kind {
                for member in members {
                    strings.insert(member.name.clone());
                    strings.extend(member.value.iter().flat_map(constant_strings));
                }
            }
            declaration_strings(declaration, &mut strings);
        }
        for constant in contract.constants.iter().filter(|c| module.constants.contains(&c.name)) {
            strings.extend(constant_strings(&constant.value));
            constant.ty.iter().for_each(|ty| type_strings(ty, &mut strings));
        }
        for value in contract.values.iter().filter(|v| module.exports.contains_key(&v.name)) {
            value.ty.iter().for_each(|ty| type_strings(ty, &mut strings));
        }
        for function in &contract.functions {
            strings.insert(function.name.clone());
            let own = function.overloads.is_empty().then_some(&function.signature);
            for signature in function.overloads.iter().chain(own) {
                signature.walk_types(&mut |ty| type_strings(ty, &mut strings));
            }
        }
        strings.extend(module.packages.keys().cloned());
        strings.insert("kontract/client".to_owned());
    }
    strings.extend(CODEC_WORDS.map(str::to_owned));
    for object in app.shapes.objects.values() {
        strings.insert(object.name.clone());
        for field in &object.fields {
            strings.insert(field.name.clone());
            field.default.iter().for_each(|value| json_strings(value, &mut strings));
            shape_strings(&field.slot.shape, &mut strings);
        }
        object.rest.iter().for_each(|rest| shape_strings(&rest.slot.shape, &mut strings));
    }
    for union in app.shapes.unions.values() {
        union.members.iter().for_each(|member| shape_strings(&member.shape, &mut strings));
    }
    strings
}

/// What codecs import, what they call a response, and what `typeof` says.
const CODEC_WORDS: [&str; 8] =
    ["kontract/codec", "result", "undefined", "object", "string", "number", "boolean", "bigint"];

/// The literals that codecs compare with.
fn shape_strings(shape: &Shape, strings: &mut FxHashSet<String>) {
    match shape {
        Shape::Literals(literals) => strings.extend(literals.iter().filter_map(|l| match l {
            Literal::String(text) => Some(text.clone()),
            _ => None,
        })),
        Shape::Array(slot) | Shape::Set(slot) => shape_strings(&slot.shape, strings),
        Shape::Map(entry) => {
            shape_strings(&entry.0.shape, strings);
            shape_strings(&entry.1.shape, strings);
        }
        _ => {}
    }
}

fn json_strings(value: &serde_json::Value, strings: &mut FxHashSet<String>) {
    match value {
        serde_json::Value::String(text) => drop(strings.insert(text.clone())),
        serde_json::Value::Array(items) => {
            items.iter().for_each(|item| json_strings(item, strings));
        }
        serde_json::Value::Object(fields) => {
            for (name, value) in fields {
                strings.insert(name.clone());
                json_strings(value, strings);
            }
        }
        _ => {}
    }
}

fn type_strings(ty: &TypeExpr, strings: &mut FxHashSet<String>) {
    ty.walk(&mut |ty| match ty {
        TypeExpr::Literal(LiteralType::String(text)) => {
            strings.insert(text.clone());
        }
        TypeExpr::Template { texts, .. } => strings.extend(texts.iter().cloned()),
        TypeExpr::Object(members) => member_names(members, strings),
        // What `import('…')` names is printed as it is written, or as a path among client files.
        TypeExpr::Import { specifier, .. } => drop(strings.insert(specifier.clone())),
        _ => {}
    });
}

fn declaration_strings(declaration: &TypeDeclaration, strings: &mut FxHashSet<String>) {
    declaration.walk_types(&mut |ty| type_strings(ty, strings));
    match &declaration.kind {
        TypeDeclarationKind::Interface { members, .. }
        | TypeDeclarationKind::Class { members, .. } => member_names(members, strings),
        TypeDeclarationKind::Namespace(declarations) => {
            declarations.iter().for_each(|d| declaration_strings(d, strings));
        }
        TypeDeclarationKind::Alias(_) | TypeDeclarationKind::Enum { .. } => {}
    }
}

/// Names that are no identifiers are printed as strings.
fn member_names(members: &[Member], strings: &mut FxHashSet<String>) {
    for member in members {
        if let MemberKind::Property { key, .. }
        | MemberKind::Method { key, .. }
        | MemberKind::Getter { key, .. }
        | MemberKind::Setter { key, .. } = &member.kind
            && let Key::Name(name) = key
        {
            strings.insert(name.clone());
        }
    }
}

fn constant_strings(value: &ConstantValue) -> Vec<String> {
    match value {
        ConstantValue::String(text) => vec![text.clone()],
        ConstantValue::Array(items) => items.iter().flat_map(constant_strings).collect(),
        ConstantValue::Object(fields) => {
            let name = |key: &Key| match key {
                Key::Name(name) => Some(name.clone()),
                _ => None,
            };
            fields
                .iter()
                .flat_map(|(key, v)| name(key).into_iter().chain(constant_strings(v)))
                .collect()
        }
        _ => Vec::new(),
    }
}

/// The string literals of a generated file, in code and in types.
fn literals(output: &Output) -> BTreeSet<String> {
    let mut found = Literals::default();
    let path = SourcePath::new(&output.path);
    if let (Some(parsed), _) = source::parse(&path, &output.text) {
        parsed.module.visit_with(&mut found);
    }
    found.0
}

#[derive(Default)]
struct Literals(BTreeSet<String>);

impl Literals {
    fn source(&mut self, specifier: &Str) {
        if !specifier.value.as_str().is_some_and(|s| s.starts_with("./") || s.starts_with("../")) {
            specifier.visit_with(self);
        }
    }
}

impl Visit for Literals {
    // Where a file lies among the client files was decided by the compiler.
    fn visit_import_decl(&mut self, import: &ImportDecl) {
        import.specifiers.visit_with(self);
        self.source(&import.src);
    }

    fn visit_named_export(&mut self, export: &NamedExport) {
        export.specifiers.visit_with(self);
        export.src.iter().for_each(|source| self.source(source));
    }

    fn visit_export_all(&mut self, export: &ExportAll) {
        self.source(&export.src);
    }

    fn visit_ts_import_type(&mut self, import: &TsImportType) {
        self.source(&import.arg);
        import.type_args.visit_with(self);
    }

    fn visit_str(&mut self, literal: &Str) {
        self.0.extend(literal.value.as_str().map(str::to_owned));
    }

    fn visit_tpl_element(&mut self, element: &TplElement) {
        self.0.extend(element.cooked.as_ref().and_then(|c| c.as_str()).map(str::to_owned));
    }
}

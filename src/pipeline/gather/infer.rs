//! Puts real types in the place of `model::symbolic` ones: rows of tables, results of functions
//! of other files.
//!
//! Input: `__kontract_result<'findUser'>` in `src/api.ts`, where `findUser` is imported from
//! `src/lib.ts` and returns `await env.storage.users.get(id)`
//! Output: `Promise<import('./model').User | null>`, or `User` where the file knows the name
//!
//! Types travel between files as `import('kontract:src/model.ts').User`, which means the same
//! everywhere, and get their names in the file that they end up in.

mod names;
mod parts;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use self::names::global;
use super::{
    diagnostics::result_without_type,
    registry::generated,
    resolve::{Resolution, Resolutions},
    rows::{self, fields_of},
    symbols::{Symbol, Symbols},
    tables::{self, Row, union_of},
};
use crate::model::{
    SourcePath, Span,
    app::Modules,
    contract::{ConstantValue, Insert, TypeDeclarationKind},
    diagnostic::Diagnostic,
    symbolic,
    types::{Key, LiteralType, MemberKind, TypeExpr},
};

/// Resolves what the bodies of functions left open in signatures and in what is written into
/// tables.
pub fn infer(
    modules: &mut Modules,
    resolutions: &mut Resolutions,
    is_client: &dyn Fn(&SourcePath) -> bool,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let inserts = inserts(modules, resolutions, is_client);
    for (file, found) in inserts {
        if let Some(contract) = modules.get_mut(&file) {
            Arc::make_mut(contract).inserts = found;
        }
    }
    let mut results: Vec<(SourcePath, usize, Option<TypeExpr>)> = Vec::new();
    let mut specifiers: Vec<(SourcePath, String, SourcePath)> = Vec::new();
    {
        let symbols = Symbols { modules, resolutions, packages: None };
        let mut inference = Inference::new(symbols, is_client);
        for (file, contract) in symbols.modules {
            for (index, function) in contract.functions.iter().enumerate() {
                let Some(ty) = &function.signature.result else { continue };
                if !symbolic::has_symbolic(ty) && !has_unfinished(ty) {
                    continue;
                }
                let resolved = inference
                    .resolve(file, ty)
                    .filter(|ty| !has_unknown(ty))
                    .and_then(|ty| inference.localize(file, &ty, &mut specifiers));
                if resolved.is_none() {
                    diagnostics.push(result_without_type(file, function.span, &function.name));
                }
                results.push((file.clone(), index, resolved));
            }
        }
    }
    for (file, specifier, target) in specifiers {
        resolutions.insert(&file, specifier, Resolution::Module(target));
    }
    for (file, index, ty) in results {
        if let Some(function) =
            modules.get_mut(&file).and_then(|c| Arc::make_mut(c).functions.get_mut(index))
        {
            // The error has been reported; nothing more is to be said of the type.
            let ty = ty.unwrap_or_else(|| TypeExpr::Keyword("void".to_owned()));
            function.signature.result = Some(ty);
        }
    }
}

/// What is written into tables, with types that mean the same everywhere.
fn inserts(
    modules: &Modules,
    resolutions: &Resolutions,
    is_client: &dyn Fn(&SourcePath) -> bool,
) -> Vec<(SourcePath, Vec<Insert>)> {
    let symbols = Symbols { modules, resolutions, packages: None };
    let mut inference = Inference::new(symbols, is_client);
    let described: BTreeSet<String> = inference.rows.keys().cloned().collect();
    let with_inserts = modules.iter().filter(|(_, c)| !c.inserts.is_empty());
    with_inserts
        .map(|(file, contract)| {
            let found = contract
                .inserts
                .iter()
                // A type says what these tables hold.
                .filter(|insert| !described.contains(&insert.table))
                .map(|insert| Insert { ty: inference.written(file, &insert.ty), ..insert.clone() });
            (file.clone(), found.collect())
        })
        .collect()
}

struct Inference<'a> {
    symbols: Symbols<'a>,
    rows: BTreeMap<String, Row<'a>>,
    /// Functions whose results are being told: `(file, name)`.
    open: Vec<(SourcePath, String)>,
    known: BTreeMap<(SourcePath, String), Option<TypeExpr>>,
    depth: usize,
}

impl<'a> Inference<'a> {
    fn new(symbols: Symbols<'a>, is_client: &dyn Fn(&SourcePath) -> bool) -> Self {
        let rows = tables::rows(symbols, is_client, &mut Vec::new());
        Self { symbols, rows, open: Vec::new(), known: BTreeMap::new(), depth: 0 }
    }

    /// `ty` with names of `file`; None where a part of it cannot be told. What is put in means the
    /// same everywhere.
    fn resolve(&mut self, file: &SourcePath, ty: &TypeExpr) -> Option<TypeExpr> {
        if self.depth > MAX_DEPTH {
            return None;
        }
        self.depth += 1;
        let mut resolved = ty.clone();
        let mut failed = false;
        resolved.replace(&mut |part| {
            if failed {
                return None;
            }
            let (name, arguments) = symbolic::parts(part)?;
            let found = self.symbolic(file, name, arguments);
            failed |= found.is_none();
            found
        });
        self.depth -= 1;
        let merged = merged(resolved);
        (!failed && !has_unfinished(&merged)).then_some(merged)
    }

    fn symbolic(
        &mut self,
        file: &SourcePath,
        name: &str,
        arguments: &[TypeExpr],
    ) -> Option<TypeExpr> {
        let first = arguments.first();
        match name {
            symbolic::ROW => self.row(symbolic::literal(first)?),
            symbolic::RESULT => self.function(file, symbolic::literal(first)?),
            symbolic::VALUE => self.value(file, symbolic::literal(first)?),
            symbolic::GIVEN => {
                self.resolve_first(file, first)?;
                self.resolve_first(file, arguments.get(1))
            }
            symbolic::AWAITED => Some(awaited(self.resolve(file, first?)?)),
            symbolic::PRESENT => {
                let of = self.resolve_first(file, first)?;
                self.present(file, of)
            }
            symbolic::ITEM => {
                let of = self.resolve_first(file, first)?;
                self.item(file, &of, MAX_DEPTH)
            }
            symbolic::MEMBER => {
                let of = self.resolve_first(file, first)?;
                self.member(file, &of, symbolic::literal(arguments.get(1))?)
            }
            symbolic::SUM => {
                let left = self.resolve(file, first?)?;
                let right = self.resolve(file, arguments.get(1)?)?;
                let is_text = |ty: &TypeExpr| rows::is_text(self.symbols, file, ty, 16);
                let is_number = |ty: &TypeExpr| *ty == keyword("number");
                if is_text(&left) || is_text(&right) {
                    Some(keyword("string"))
                } else {
                    (is_number(&left) && is_number(&right)).then(|| keyword("number"))
                }
            }
            _ => None,
        }
    }

    fn resolve_first(&mut self, file: &SourcePath, ty: Option<&TypeExpr>) -> Option<TypeExpr> {
        self.resolve(file, ty?)
    }

    fn row(&mut self, table: &str) -> Option<TypeExpr> {
        if let Some(row) = self.rows.get(table) {
            return Some(global(row.file, &row.declaration.name));
        }
        let described = tables::inferred(self.symbols, table);
        // Of a row that nothing describes, everything would go out.
        (!described.order.is_empty()).then(|| TypeExpr::Object(generated(&described)))
    }

    /// What calling the function gives, in terms that mean the same everywhere.
    fn function(&mut self, file: &SourcePath, path: &str) -> Option<TypeExpr> {
        let (first, rest) =
            path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
        let (module, name) = match (self.symbols.local(file, first)?, rest) {
            (Symbol::Declared { module, name }, None) => (module, name),
            (Symbol::Declared { module, name }, Some(rest)) => (module, format!("{name}.{rest}")),
            (Symbol::Namespace(module), Some(rest)) => {
                let (first, rest) =
                    rest.split_once('.').map_or((rest, None), |(first, rest)| (first, Some(rest)));
                match self.symbols.export(&module, first)? {
                    Symbol::Declared { module, name } => {
                        (module, rest.map_or(name.clone(), |rest| format!("{name}.{rest}")))
                    }
                    _ => return None,
                }
            }
            _ => return None,
        };
        let key = (module, name);
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        if self.open.contains(&key) {
            return None;
        }
        self.open.push(key.clone());
        let ty = self.function_here(&key.0, &key.1).filter(|ty| ty.size() <= MAX_SIZE);
        self.open.pop();
        // Within a cycle the answer may be another one from outside it.
        if self.open.is_empty() || ty.is_some() {
            self.known.insert(key, ty.clone());
        }
        ty
    }

    fn function_here(&mut self, module: &SourcePath, name: &str) -> Option<TypeExpr> {
        let result = self.symbols.module(module)?.results.get(name)?;
        let mut generic = false;
        result.ty.walk(&mut |part| {
            if let TypeExpr::Reference { name, .. } = part {
                generic |= result.type_parameters.contains(name);
            }
        });
        if generic {
            return None;
        }
        let ty = match &result.ty {
            TypeExpr::Predicate { asserts, .. } => {
                keyword(if *asserts { "void" } else { "boolean" })
            }
            ty => self.resolve(module, ty)?,
        };
        self.globalize(module, &ty)
    }

    /// An enum member, or a constant.
    fn value(&self, file: &SourcePath, path: &str) -> Option<TypeExpr> {
        let (owner, member) = path.rsplit_once('.').unwrap_or((path, ""));
        if !member.is_empty()
            && let Some((module, declaration)) = rows::declared(self.symbols, file, owner)
            && let TypeDeclarationKind::Enum { members, .. } = &declaration.kind
        {
            let is_member = members.iter().any(|m| m.name == member);
            return is_member.then(|| global(&module, &declaration.name));
        }
        let mut parts = path.split('.');
        let symbol = self.symbols.local(file, parts.next()?)?;
        let symbol = match symbol {
            Symbol::Namespace(module) => self.symbols.export(&module, parts.next()?)?,
            symbol => symbol,
        };
        let Symbol::Declared { module, name } = symbol else { return None };
        let constant = self.symbols.module(&module)?.constant(&name)?;
        if let Some(ty) = &constant.ty {
            let ty = parts.fold(ty.clone(), |object, part| TypeExpr::Indexed {
                object: Box::new(object),
                index: Box::new(TypeExpr::Literal(LiteralType::String(part.to_owned()))),
            });
            return self.globalize(&module, &ty);
        }
        if !constant.given.is_empty() {
            return None;
        }
        let mut value = &constant.value;
        for part in parts {
            let ConstantValue::Object(fields) = value else { return None };
            value = fields.iter().find_map(|(key, value)| match key {
                Key::Name(name) if name == part => Some(value),
                _ => None,
            })?;
        }
        constant_type(value)
    }

    /// What is written into a table; unknown is what cannot be told, field by field.
    fn written(&mut self, file: &SourcePath, ty: &TypeExpr) -> TypeExpr {
        match ty {
            TypeExpr::Object(members) => TypeExpr::Object(
                members
                    .iter()
                    .cloned()
                    .map(|mut member| {
                        if let MemberKind::Property { ty, .. } = &mut member.kind {
                            *ty = self.written_part(file, ty);
                        }
                        member
                    })
                    .collect(),
            ),
            ty => match self.resolve(file, ty) {
                Some(TypeExpr::Object(members)) => TypeExpr::Object(members),
                Some(ty) => self.fields(file, &ty).unwrap_or_else(|| keyword("unknown")),
                None => keyword("unknown"),
            },
        }
    }

    fn written_part(&mut self, file: &SourcePath, ty: &TypeExpr) -> TypeExpr {
        let found = self.resolve(file, ty).and_then(|ty| self.globalize(file, &ty));
        found.filter(|ty| self.is_importable(ty)).unwrap_or_else(|| keyword("unknown"))
    }

    /// A value with a type of its own: the fields of that type.
    fn fields(&self, file: &SourcePath, ty: &TypeExpr) -> Option<TypeExpr> {
        let (module, declaration) = self.declaration(file, ty)?;
        let fields = fields_of(self.symbols, &module, declaration)?;
        let members = fields.into_iter().map(|field| {
            let ty = self
                .globalize(&field.home, &field.ty)
                .filter(|ty| self.is_importable(ty))
                .unwrap_or_else(|| keyword("unknown"));
            crate::model::types::Member {
                kind: MemberKind::Property {
                    key: Key::Name(field.name),
                    optional: field.optional,
                    readonly: false,
                    ty,
                    storage: crate::model::types::FieldStorage::default(),
                },
                docs: None,
                span: Span::default(),
            }
        });
        Some(TypeExpr::Object(members.collect()))
    }
}

/// A name of the compiler's own is left in it.
fn has_unfinished(ty: &TypeExpr) -> bool {
    let mut found = false;
    ty.walk(&mut |part| {
        if let TypeExpr::Reference { name, .. } = part {
            found |= name.starts_with("__kontract");
        }
    });
    found
}

/// Promises of promises, and unions of unions, that came together.
fn merged(mut ty: TypeExpr) -> TypeExpr {
    ty.replace(&mut |part| match part {
        TypeExpr::Union(types) => Some(union_of(types.iter().cloned().map(merged))),
        TypeExpr::Reference { name, arguments, span } if name == "Promise" => {
            let arguments = arguments.iter().cloned().map(|ty| awaited(merged(ty))).collect();
            Some(TypeExpr::Reference { name: name.clone(), arguments, span: *span })
        }
        _ => None,
    });
    ty
}

/// Nobody said that everything may go out.
fn has_unknown(ty: &TypeExpr) -> bool {
    let mut found = false;
    ty.walk(&mut |part| {
        found |= matches!(part, TypeExpr::Keyword(name) if matches!(name.as_str(), "unknown" | "any" | "never"));
    });
    found
}

fn awaited(ty: TypeExpr) -> TypeExpr {
    match ty {
        TypeExpr::Reference { name, mut arguments, .. }
            if matches!(name.as_str(), "Promise" | "PromiseLike") && arguments.len() == 1 =>
        {
            awaited(arguments.remove(0))
        }
        TypeExpr::Union(types) => union_of(types.into_iter().map(awaited)),
        ty => ty,
    }
}

fn is_nothing(ty: &TypeExpr) -> bool {
    matches!(ty, TypeExpr::Keyword(name) if matches!(name.as_str(), "null" | "undefined" | "void"))
}

fn constant_type(value: &ConstantValue) -> Option<TypeExpr> {
    Some(keyword(match value {
        ConstantValue::Undefined => "undefined",
        ConstantValue::Null => "null",
        ConstantValue::Boolean(_) => "boolean",
        ConstantValue::Number(_) => "number",
        ConstantValue::BigInt(_) => "bigint",
        ConstantValue::String(_) => "string",
        ConstantValue::Array(items) => {
            let types: Option<Vec<TypeExpr>> = items.iter().map(constant_type).collect();
            let types = types.filter(|types| !types.is_empty())?;
            return Some(TypeExpr::Array(Box::new(union_of(types))));
        }
        ConstantValue::Object(_) => return None,
    }))
}

fn keyword(name: &str) -> TypeExpr {
    TypeExpr::Keyword(name.to_owned())
}

/// Chains of functions that are longer have to say their types.
const MAX_DEPTH: usize = 64;

/// Larger results have to be declared.
const MAX_SIZE: usize = 4000;

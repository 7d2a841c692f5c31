//! The fields of a row type, through aliases, parents, generics and intersections.
//!
//! Input: `interface User extends Base<string> { name: string }`, `interface Base<K> { id: K }`
//! Output: `id: string`, `name: string`: inherited fields stand first.

use super::symbols::{Symbol, Symbols};
use crate::model::{
    SourcePath, Span,
    contract::{TypeDeclaration, TypeDeclarationKind},
    types::{FieldStorage, Key, LiteralType, Member, MemberKind, TypeExpr, TypeParameter},
};

#[derive(Clone, Debug)]
pub struct RowField {
    pub name: String,
    /// Where the field is written.
    pub file: SourcePath,
    pub span: Span,
    pub ty: TypeExpr,
    /// Where the names in `ty` are known.
    pub home: SourcePath,
    pub optional: bool,
    pub storage: FieldStorage,
}

/// None: the type is no object, or its fields cannot be told.
pub fn fields_of(
    symbols: Symbols<'_>,
    file: &SourcePath,
    declaration: &TypeDeclaration,
) -> Option<Vec<RowField>> {
    Rows { symbols }.declaration(file, declaration, &[], MAX_DEPTH)
}

/// The declaration that a type's name stands for in a file.
pub fn declared<'a>(
    symbols: Symbols<'a>,
    file: &SourcePath,
    name: &str,
) -> Option<(SourcePath, &'a TypeDeclaration)> {
    let mut parts = name.split('.');
    let mut symbol = symbols.local(file, parts.next()?)?;
    loop {
        match symbol {
            Symbol::Declared { module, name } => {
                let mut declaration = symbols.module(&module)?.type_named(&name)?;
                for part in parts {
                    let TypeDeclarationKind::Namespace(inner) = &declaration.kind else {
                        return None;
                    };
                    declaration = inner.iter().find(|d| d.name == part)?;
                }
                return Some((module, declaration));
            }
            Symbol::Namespace(module) => symbol = symbols.export(&module, parts.next()?)?,
            Symbol::Package { .. } => return None,
        }
    }
}

/// Every value of the type is a string, as far as can be told.
pub fn is_text(symbols: Symbols<'_>, home: &SourcePath, ty: &TypeExpr, depth: usize) -> bool {
    if depth == 0 {
        return false;
    }
    match ty {
        TypeExpr::Keyword(name) => name == "string",
        TypeExpr::Literal(LiteralType::String(_)) | TypeExpr::Template { .. } => true,
        TypeExpr::Union(types) => types.iter().all(|t| is_text(symbols, home, t, depth - 1)),
        TypeExpr::Intersection(types) => types.iter().any(|t| is_text(symbols, home, t, depth - 1)),
        TypeExpr::Reference { name, arguments, .. } => match declared(symbols, home, name) {
            Some((file, declaration)) => match &declaration.kind {
                TypeDeclarationKind::Alias(ty) => {
                    let bound = bind(&declaration.type_parameters, arguments);
                    let ty = substituted(ty, &bound);
                    is_text(symbols, &file, &ty, depth - 1)
                        // An argument is known where it is written.
                        || is_text(symbols, home, &ty, depth - 1)
                }
                TypeDeclarationKind::Enum { members, .. } => members.iter().all(|m| {
                    matches!(m.value, Some(crate::model::contract::ConstantValue::String(_)))
                }),
                _ => false,
            },
            None if name == "Secret" => {
                arguments.first().is_some_and(|t| is_text(symbols, home, t, depth - 1))
            }
            None => matches!(
                symbols.local(home, name.split('.').next().unwrap_or(name)),
                Some(Symbol::Package { .. })
            ),
        },
        TypeExpr::Indexed { .. }
        | TypeExpr::Conditional { .. }
        | TypeExpr::Query { .. }
        | TypeExpr::Import { .. } => true,
        TypeExpr::Operator { operator, .. } => operator == "keyof",
        _ => false,
    }
}

type Bound = [(String, TypeExpr)];

struct Rows<'a> {
    symbols: Symbols<'a>,
}

impl Rows<'_> {
    fn declaration(
        &self,
        file: &SourcePath,
        declaration: &TypeDeclaration,
        bound: &Bound,
        depth: usize,
    ) -> Option<Vec<RowField>> {
        match &declaration.kind {
            TypeDeclarationKind::Alias(ty) => self.ty(file, ty, bound, depth),
            TypeDeclarationKind::Interface { extends, members } => {
                self.object(file, extends.iter(), members, bound, depth)
            }
            TypeDeclarationKind::Class { extends, members } => {
                self.object(file, extends.iter(), members, bound, depth)
            }
            TypeDeclarationKind::Enum { .. } | TypeDeclarationKind::Namespace(_) => None,
        }
    }

    fn object<'t>(
        &self,
        file: &SourcePath,
        extends: impl Iterator<Item = &'t TypeExpr>,
        members: &[Member],
        bound: &Bound,
        depth: usize,
    ) -> Option<Vec<RowField>> {
        let mut fields = Vec::new();
        for parent in extends {
            merge(&mut fields, self.ty(file, parent, bound, depth)?);
        }
        merge(&mut fields, Self::members(file, members, bound));
        Some(fields)
    }

    fn members(file: &SourcePath, members: &[Member], bound: &Bound) -> Vec<RowField> {
        let fields = members.iter().filter_map(|member| {
            let MemberKind::Property { key, optional, ty, storage, .. } = &member.kind else {
                return None;
            };
            let name = match key {
                Key::Name(name) | Key::Number(name) => name.clone(),
                Key::Computed(_) => return None,
            };
            Some(RowField {
                name,
                file: file.clone(),
                span: member.span,
                ty: substituted(ty, bound),
                home: file.clone(),
                optional: *optional,
                storage: *storage,
            })
        });
        fields.collect()
    }

    fn ty(
        &self,
        file: &SourcePath,
        ty: &TypeExpr,
        bound: &Bound,
        depth: usize,
    ) -> Option<Vec<RowField>> {
        let depth = depth.checked_sub(1)?;
        match ty {
            TypeExpr::Object(members) => Some(Self::members(file, members, bound)),
            TypeExpr::Intersection(types) => {
                let mut fields = Vec::new();
                for ty in types {
                    merge(&mut fields, self.ty(file, ty, bound, depth)?);
                }
                Some(fields)
            }
            TypeExpr::Reference { name, arguments, .. } => {
                let arguments: Vec<TypeExpr> =
                    arguments.iter().map(|t| substituted(t, bound)).collect();
                if arguments.iter().map(TypeExpr::size).sum::<usize>() > MAX_SIZE {
                    return None;
                }
                match declared(self.symbols, file, name) {
                    Some((module, declaration)) => {
                        let inner = bind(&declaration.type_parameters, &arguments);
                        let mut fields = self.declaration(&module, declaration, &inner, depth)?;
                        // What was an argument is known where the argument is written.
                        for field in &mut fields {
                            if inner.iter().any(|(_, ty)| *ty == field.ty) {
                                field.home = file.clone();
                            }
                        }
                        Some(fields)
                    }
                    None => self.utility(file, name, &arguments, depth),
                }
            }
            _ => None,
        }
    }

    /// `Partial<T>`, `Pick<T, 'a'>` and the like.
    fn utility(
        &self,
        file: &SourcePath,
        name: &str,
        arguments: &[TypeExpr],
        depth: usize,
    ) -> Option<Vec<RowField>> {
        let mut fields = self.ty(file, arguments.first()?, &[], depth)?;
        match (name, arguments.get(1)) {
            ("Readonly", None) => {}
            ("Partial", None) => fields.iter_mut().for_each(|f| f.optional = true),
            ("Required", None) => fields.iter_mut().for_each(|f| f.optional = false),
            ("Pick", Some(keys)) => {
                let keys = literals(keys)?;
                fields.retain(|f| keys.contains(&f.name.as_str()));
            }
            ("Omit", Some(keys)) => {
                let keys = literals(keys)?;
                fields.retain(|f| !keys.contains(&f.name.as_str()));
            }
            _ => return None,
        }
        Some(fields)
    }
}

/// A later field of the same name takes the place of the earlier one.
fn merge(fields: &mut Vec<RowField>, more: Vec<RowField>) {
    for field in more {
        match fields.iter_mut().find(|f| f.name == field.name) {
            Some(earlier) => {
                let storage =
                    if field.storage.is_annotated() { field.storage } else { earlier.storage };
                *earlier = RowField { storage, ..field };
            }
            None => fields.push(field),
        }
    }
}

fn literals(ty: &TypeExpr) -> Option<Vec<&str>> {
    match ty {
        TypeExpr::Literal(LiteralType::String(text)) => Some(vec![text]),
        TypeExpr::Union(types) => {
            let parts: Option<Vec<Vec<&str>>> = types.iter().map(literals).collect();
            Some(parts?.concat())
        }
        _ => None,
    }
}

fn bind(parameters: &[TypeParameter], arguments: &[TypeExpr]) -> Vec<(String, TypeExpr)> {
    parameters
        .iter()
        .enumerate()
        .filter_map(|(i, p)| {
            arguments.get(i).cloned().or_else(|| p.default.clone()).map(|ty| (p.name.clone(), ty))
        })
        .collect()
}

fn substituted(ty: &TypeExpr, bound: &Bound) -> TypeExpr {
    let mut ty = ty.clone();
    if !bound.is_empty() {
        ty.replace(&mut |part| match part {
            TypeExpr::Reference { name, arguments, .. } if arguments.is_empty() => {
                bound.iter().find(|(parameter, _)| parameter == name).map(|(_, ty)| ty.clone())
            }
            _ => None,
        });
    }
    ty
}

/// Deeper types are recursive.
const MAX_DEPTH: usize = 32;

/// Arguments that grow with each step.
const MAX_SIZE: usize = 1000;

//! Parts of types: elements, members, what is left without null.

use super::{
    super::{
        rows::{self, fields_of},
        tables::union_of,
    },
    Inference, is_nothing, keyword,
};
use crate::model::{
    SourcePath,
    contract::{TypeDeclaration, TypeDeclarationKind},
    types::{Key, MODULE_SPECIFIER, MemberKind, TypeExpr},
};

impl<'a> Inference<'a> {
    pub fn present(&self, file: &SourcePath, ty: TypeExpr) -> Option<TypeExpr> {
        let parts = match ty {
            TypeExpr::Union(parts) => parts,
            ty => vec![ty],
        };
        let mut left = Vec::new();
        for part in parts {
            if is_nothing(&part) {
                continue;
            }
            match self.alias(file, &part) {
                Some(TypeExpr::Union(inner)) if inner.iter().any(is_nothing) => {
                    left.extend(inner.into_iter().filter(|ty| !is_nothing(ty)));
                }
                _ => left.push(part),
            }
        }
        (!left.is_empty()).then(|| union_of(left))
    }

    /// What an alias stands for, in terms that mean the same everywhere.
    fn alias(&self, file: &SourcePath, ty: &TypeExpr) -> Option<TypeExpr> {
        let (module, declaration) = self.declaration(file, ty)?;
        match &declaration.kind {
            TypeDeclarationKind::Alias(ty) if declaration.type_parameters.is_empty() => {
                self.globalize(&module, ty)
            }
            _ => None,
        }
    }

    pub fn declaration(
        &self,
        file: &SourcePath,
        ty: &TypeExpr,
    ) -> Option<(SourcePath, &'a TypeDeclaration)> {
        match ty {
            TypeExpr::Reference { name, arguments, .. } if arguments.is_empty() => {
                rows::declared(self.symbols, file, name)
            }
            TypeExpr::Import { specifier, qualifier: Some(name), arguments, .. }
                if arguments.is_empty() =>
            {
                let module = SourcePath::new(specifier.strip_prefix(MODULE_SPECIFIER)?);
                let declaration = self.symbols.module(&module)?.type_named(name)?;
                Some((module, declaration))
            }
            _ => None,
        }
    }

    pub fn item(&self, file: &SourcePath, ty: &TypeExpr, depth: usize) -> Option<TypeExpr> {
        let depth = depth.checked_sub(1)?;
        match ty {
            TypeExpr::Array(item) => Some((**item).clone()),
            TypeExpr::Operator { operator, operand } if operator == "readonly" => {
                self.item(file, operand, depth)
            }
            TypeExpr::Tuple(elements) if elements.iter().all(|e| !e.rest && !e.optional) => {
                Some(union_of(elements.iter().map(|e| e.ty.clone())))
            }
            TypeExpr::Reference { name, arguments, .. }
                if crate::model::symbolic::ITERABLES.contains(&name.as_str())
                    && arguments.len() == 1 =>
            {
                arguments.first().cloned()
            }
            ty => self.item(file, &self.alias(file, ty)?, depth),
        }
    }

    pub fn member(&self, file: &SourcePath, ty: &TypeExpr, name: &str) -> Option<TypeExpr> {
        match ty {
            TypeExpr::Union(types) => {
                let members: Option<Vec<TypeExpr>> =
                    types.iter().map(|ty| self.member(file, ty, name)).collect();
                Some(union_of(members?))
            }
            TypeExpr::Array(_) | TypeExpr::Tuple(_) if name == "length" => Some(keyword("number")),
            TypeExpr::Keyword(kind) if kind == "string" && name == "length" => {
                Some(keyword("number"))
            }
            TypeExpr::Object(members) => members.iter().find_map(|m| match &m.kind {
                MemberKind::Property { key: Key::Name(key), ty, optional, .. } if key == name => {
                    let ty = ty.clone();
                    Some(if *optional { union_of([ty, keyword("undefined")]) } else { ty })
                }
                _ => None,
            }),
            ty => {
                let (module, declaration) = self.declaration(file, ty)?;
                let fields = fields_of(self.symbols, &module, declaration)?;
                let field = fields.into_iter().find(|f| f.name == name)?;
                let ty = self.globalize(&field.home, &field.ty)?;
                Some(if field.optional { union_of([ty, keyword("undefined")]) } else { ty })
            }
        }
    }
}

//! `typeof ROLES`: the types of constants that the compiler knows.

use std::rc::Rc;

use super::{
    evaluate::Evaluator,
    head::{ElementHead, FieldHead, Head, Scope, Thunk, TupleHead, place, property, way},
    objects::empty,
};
use crate::{
    model::{
        contract::{Constant, ConstantValue},
        shape::{Literal, Place, Scalar},
        types::Key,
    },
    pipeline::gather::symbols::{Symbol, Symbols},
};

/// Its type is declared, or follows from its value.
fn is_told(constant: &Constant) -> bool {
    constant.ty.is_some() || constant.given.is_empty()
}

impl<'a> Evaluator<'a> {
    pub fn is_constant(&self, name: &str, scope: &Rc<Scope<'a>>) -> bool {
        let first = name.split('.').next().unwrap_or(name);
        match self.symbols.local(&scope.file, first) {
            Some(Symbol::Declared { module, name }) => {
                self.symbols.module(&module).is_some_and(|c| c.constant(&name).is_some_and(is_told))
            }
            _ => false,
        }
    }

    /// None where it is no constant.
    pub fn constant(
        &mut self,
        name: &str,
        scope: &Rc<Scope<'a>>,
        path: &Rc<str>,
        at: &Place,
    ) -> Option<Head<'a>> {
        let mut parts = name.split('.');
        let first = parts.next()?;
        let symbols: Symbols<'a> = self.symbols;
        let mut symbol = symbols.local(&scope.file, first)?;
        let (module, declared) = loop {
            match symbol {
                Symbol::Declared { module, name } => break (module, name),
                Symbol::Namespace(module) => symbol = symbols.export(&module, parts.next()?)?,
                Symbol::Package { .. } => return None,
            }
        };
        let constant = symbols.module(&module)?.constant(&declared).filter(|c| is_told(c))?;
        let here = place(&module, constant.span);
        let mut head = if let Some(ty) = &constant.ty {
            let thunk = Self::thunk(ty, &Scope::of_file(&module), Rc::clone(path), &here);
            self.head(&thunk)
        } else {
            let own: Rc<str> = Rc::from(format!("{}#typeof {declared}", symbols.label(&module)));
            self.value_head(&constant.value, constant.as_const, true, &own, &here)
        };
        for part in parts {
            let key = Head::Literal(Literal::String(part.to_owned()));
            let object = Thunk::known(head, path, at);
            let key = Thunk::known(key, path, at);
            head = self.indexed(&object, &key, path, at)?;
        }
        Some(head)
    }

    /// As TypeScript infers it: of a `const` itself the literal, within it the literal's type,
    /// unless it is `as const`.
    fn value_head(
        &mut self,
        value: &ConstantValue,
        as_const: bool,
        outermost: bool,
        path: &Rc<str>,
        at: &Place,
    ) -> Head<'a> {
        let exact = as_const || outermost;
        match value {
            ConstantValue::Undefined => Head::Undefined,
            ConstantValue::Null => Head::Null,
            ConstantValue::Boolean(value) if exact => Head::Literal(Literal::Boolean(*value)),
            ConstantValue::Boolean(_) => Head::Boolean,
            ConstantValue::Number(value) if exact => Head::Literal(Literal::Number(*value)),
            ConstantValue::Number(_) => Head::Number(Scalar::Float64),
            ConstantValue::BigInt(text) if exact => {
                Head::Literal(Literal::BigInt { bigint: text.clone() })
            }
            ConstantValue::BigInt(_) => Head::BigInt(Scalar::Int64),
            ConstantValue::String(text) if exact => Head::Literal(Literal::String(text.clone())),
            ConstantValue::String(_) => Head::String,
            ConstantValue::Array(items) if as_const => {
                let elements = items.iter().enumerate().map(|(i, item)| {
                    let path = way(path, &format!(".{i}"));
                    let head = self.value_head(item, true, false, &path, at);
                    ElementHead { label: None, optional: false, ty: Thunk::known(head, &path, at) }
                });
                Head::Tuple(Rc::new(TupleHead {
                    way: Rc::clone(path),
                    place: at.clone(),
                    elements: elements.collect(),
                    rest: None,
                }))
            }
            ConstantValue::Array(items) => {
                let path = way(path, "[]");
                let heads: Vec<Head<'a>> =
                    items.iter().map(|i| self.value_head(i, false, false, &path, at)).collect();
                let item = self.union(heads, &path, at);
                Head::Array(Rc::new(Thunk::known(item, &path, at)))
            }
            ConstantValue::Object(fields) => {
                let mut object = empty(path, at);
                for (key, value) in fields {
                    let (Key::Name(name) | Key::Number(name) | Key::Computed(name)) = key;
                    let path = property(path, name);
                    let head = self.value_head(value, as_const, false, &path, at);
                    object.fields.push(FieldHead {
                        name: name.clone(),
                        numeric: matches!(key, Key::Number(_)),
                        ty: Thunk::known(head, &path, at),
                        optional: false,
                        hidden: false,
                        default: None,
                        docs: None,
                        place: at.clone(),
                    });
                }
                Head::Object(Rc::new(object))
            }
        }
    }
}

//! Types that are computed from others: `keyof`, `T['a']`, mapped types, template literals.

use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::{
    evaluate::{Evaluator, MAX_MEMBERS},
    head::{
        ElementHead, FieldHead, Head, ObjectHead, Scope, Source, Thunk, TupleHead, property, way,
    },
    objects::{empty, put},
};
use crate::model::{
    shape::{Literal, Place, Scalar},
    types::{MappedType, TypeExpr},
};

impl<'a> Evaluator<'a> {
    /// `keyof T`; None where it is for TypeScript to say.
    pub fn keys(&mut self, operand: &Thunk<'a>) -> Option<Vec<Head<'a>>> {
        match self.head(operand).peeled() {
            Head::Object(object) => Some(object_keys(&object)),
            Head::Union(union) => {
                let mut common: Option<Vec<Head<'a>>> = None;
                for member in &union.members {
                    let Head::Object(object) = member.clone().peeled() else { return None };
                    let keys = object_keys(&object);
                    common = Some(match common {
                        None => keys,
                        Some(common) => {
                            let names: Vec<_> = keys.iter().filter_map(literal_name).collect();
                            let stays = |k: &Head<'a>| {
                                literal_name(k).is_some_and(|name| names.contains(&name))
                            };
                            common.into_iter().filter(stays).collect()
                        }
                    });
                }
                common
            }
            Head::Refused => Some(vec![Head::Refused]),
            _ => None,
        }
    }

    /// `T[K]`; None where it is for TypeScript to say.
    pub fn indexed(
        &mut self,
        object: &Thunk<'a>,
        index: &Thunk<'a>,
        path: &Rc<str>,
        at: &Place,
    ) -> Option<Head<'a>> {
        let object = self.head(object).peeled();
        let index = self.head(index).peeled();
        if matches!(object, Head::Refused) || matches!(index, Head::Refused) {
            return Some(Head::Refused);
        }
        let mut found = Vec::new();
        for object in object.members() {
            for key in index.members() {
                found.push(Self::at(&object.clone().peeled(), &key)?);
            }
        }
        if let [alone] = found.as_slice() {
            return Some(self.head(alone));
        }
        let heads = found.iter().map(|t| self.head(t)).collect();
        Some(self.union(heads, path, at))
    }

    fn at(object: &Head<'a>, key: &Head<'a>) -> Option<Thunk<'a>> {
        match object {
            Head::Object(object) => {
                let field = literal_name(key)
                    .and_then(|name| object.fields.iter().find(|f| f.name == name));
                match field {
                    Some(field) if field.optional => Some(field.ty.clone().or_undefined()),
                    Some(field) => Some(field.ty.clone()),
                    None => object.rest.clone(),
                }
            }
            Head::Array(item) => match key {
                Head::Number(_) | Head::Literal(Literal::Number(_)) => Some((**item).clone()),
                Head::Literal(Literal::String(name)) if name == "length" => {
                    Some(Thunk::known(Head::Number(Scalar::Float64), &item.way, &item.place))
                }
                _ => None,
            },
            Head::Tuple(tuple) => match key {
                Head::Number(_) => {
                    let mut all: Vec<Thunk<'a>> =
                        tuple
                            .elements
                            .iter()
                            .map(|e| {
                                if e.optional { e.ty.clone().or_undefined() } else { e.ty.clone() }
                            })
                            .collect();
                    all.extend(tuple.rest.clone());
                    Some(Thunk {
                        source: Source::Any(Rc::from(all)),
                        way: way(&tuple.way, "[]"),
                        place: tuple.place.clone(),
                    })
                }
                key => {
                    let position = literal_name(key)?.parse::<usize>().ok()?;
                    match tuple.elements.get(position) {
                        Some(e) if e.optional => Some(e.ty.clone().or_undefined()),
                        Some(e) => Some(e.ty.clone()),
                        None => tuple.rest.clone(),
                    }
                }
            },
            _ => None,
        }
    }

    /// `{ [K in keyof T]: … }`; None where it is for TypeScript to say.
    pub fn mapped(
        &mut self,
        mapped: &'a MappedType,
        scope: &Rc<Scope<'a>>,
        path: &Rc<str>,
        at: &Place,
    ) -> Option<Head<'a>> {
        let any = |name: &str| {
            let unknown = Head::Unknown(at.clone());
            Thunk::known(unknown, &property(path, name), at)
        };
        // A mapped type over `keyof T` keeps what T says of its fields.
        let mut source = None;
        if let TypeExpr::Operator { operator, operand } = &mapped.constraint
            && operator == "keyof"
        {
            let operand = Self::thunk(operand, scope, way(path, "<0>"), at);
            source = Some(self.head(&operand).peeled());
        }
        match &source {
            Some(Head::Array(item)) if mapped.name.is_none() => {
                let number = Thunk::known(Head::Number(Scalar::Float64), path, at);
                let inner = scope.with(&mapped.parameter, number);
                let item = match &mapped.ty {
                    Some(ty) => Self::thunk(ty, &inner, way(path, "[]"), at),
                    None => (**item).clone(),
                };
                return Some(Head::Array(Rc::new(item)));
            }
            Some(Head::Tuple(tuple)) if mapped.name.is_none() => {
                return Some(Self::mapped_tuple(mapped, tuple, scope, path, at));
            }
            Some(Head::Refused) => return Some(Head::Refused),
            Some(head @ (Head::String | Head::Number(_) | Head::Boolean | Head::Date)) => {
                return Some(head.clone());
            }
            _ => {}
        }
        let constraint = Self::thunk(&mapped.constraint, scope, way(path, "<0>"), at);
        let keys = self.head(&constraint);
        let mut object = empty(path, at);
        let own_fields: FxHashMap<&str, &FieldHead<'a>> = match &source {
            Some(Head::Object(object)) => {
                object.fields.iter().map(|f| (f.name.as_str(), f)).collect()
            }
            _ => FxHashMap::default(),
        };
        for key in keys.members() {
            let value = |name: &str, key: &Head<'a>| match &mapped.ty {
                Some(ty) => {
                    let inner = scope.with(&mapped.parameter, Thunk::known(key.clone(), path, at));
                    Self::thunk(ty, &inner, property(path, name), at)
                }
                None => any(name),
            };
            let name = match &key {
                Head::Refused => return Some(Head::Refused),
                Head::String | Head::Number(_) => {
                    object.rest = Some(Thunk { way: way(path, "[string]"), ..value("", &key) });
                    continue;
                }
                key => literal_name(key)?,
            };
            let own = own_fields.get(name.as_str()).copied();
            let names = match &mapped.name {
                None => vec![name.clone()],
                Some(ty) => {
                    let inner = scope.with(&mapped.parameter, Thunk::known(key.clone(), path, at));
                    let thunk = Self::thunk(ty, &inner, way(path, "<as>"), at);
                    let names: Option<Vec<String>> =
                        self.head(&thunk).members().iter().map(literal_name).collect();
                    names?
                }
            };
            let was_optional = own.is_some_and(|f| f.optional);
            let optional = match mapped.optional.as_str() {
                "" => was_optional,
                "-?" => false,
                _ => true,
            };
            for new in names {
                let mut ty = value(&new, &key);
                // `T[K]` of an optional field has undefined, which the field itself does not.
                if was_optional {
                    ty = match own.filter(|f| self.admits_undefined(&f.ty)) {
                        Some(_) if mapped.optional != "-?" => ty,
                        _ => ty.defined(),
                    };
                }
                let field = FieldHead {
                    name: new,
                    numeric: matches!(key, Head::Literal(Literal::Number(_))),
                    ty,
                    optional,
                    hidden: own.is_some_and(|f| f.hidden),
                    default: own.and_then(|f| f.default.clone()),
                    docs: own.and_then(|f| f.docs.clone()),
                    place: own.map_or_else(|| at.clone(), |f| f.place.clone()),
                };
                // Keys are there once; other names may come from several.
                match &mapped.name {
                    None => object.fields.push(field),
                    Some(_) => put(&mut object.fields, field),
                }
            }
        }
        Some(Head::Object(Rc::new(object)))
    }

    fn mapped_tuple(
        mapped: &'a MappedType,
        tuple: &TupleHead<'a>,
        scope: &Rc<Scope<'a>>,
        path: &Rc<str>,
        at: &Place,
    ) -> Head<'a> {
        let element = |index: usize, own: &ElementHead<'a>| {
            let key = Head::Literal(Literal::String(index.to_string()));
            let inner = scope.with(&mapped.parameter, Thunk::known(key, path, at));
            let segment = format!(".{index}");
            ElementHead {
                label: own.label.clone(),
                optional: match mapped.optional.as_str() {
                    "" => own.optional,
                    "-?" => false,
                    _ => true,
                },
                ty: match &mapped.ty {
                    Some(ty) if own.optional => {
                        Self::thunk(ty, &inner, way(path, &segment), at).defined()
                    }
                    Some(ty) => Self::thunk(ty, &inner, way(path, &segment), at),
                    None => own.ty.clone(),
                },
            }
        };
        let elements = tuple.elements.iter().enumerate().map(|(i, e)| element(i, e)).collect();
        let rest = tuple.rest.as_ref().map(|own| {
            let number = Thunk::known(Head::Number(Scalar::Float64), path, at);
            let inner = scope.with(&mapped.parameter, number);
            match &mapped.ty {
                Some(ty) => Self::thunk(ty, &inner, way(path, "[]"), at),
                None => own.clone(),
            }
        });
        let (way, place) = (Rc::clone(path), at.clone());
        Head::Tuple(Rc::new(TupleHead { way, place, elements, rest }))
    }

    pub fn admits_undefined(&mut self, thunk: &Thunk<'a>) -> bool {
        self.head(thunk).members().iter().any(|h| matches!(h, Head::Undefined))
    }

    /// Of literals only; None where there is anything else between the texts.
    pub fn template(
        &mut self,
        texts: &'a [String],
        types: &'a [TypeExpr],
        scope: &Rc<Scope<'a>>,
        path: &Rc<str>,
        at: &Place,
    ) -> Option<Head<'a>> {
        let mut results = vec![unescaped(texts.first().map_or("", String::as_str))?];
        for (ty, text) in types.iter().zip(texts.iter().skip(1)) {
            let thunk = Self::thunk(ty, scope, way(path, "<0>"), at);
            let mut parts = Vec::new();
            for member in self.head(&thunk).members() {
                parts.push(match &member {
                    Head::Boolean => return None,
                    Head::Literal(Literal::Boolean(value)) => value.to_string(),
                    Head::Null => "null".to_owned(),
                    Head::Undefined => "undefined".to_owned(),
                    Head::Refused => return Some(Head::Refused),
                    other => literal_name(other)?,
                });
            }
            if results.len() * parts.len() > MAX_MEMBERS {
                return None;
            }
            let text = unescaped(text)?;
            results = results
                .iter()
                .flat_map(|start| parts.iter().map(move |part| (start, part)))
                .map(|(start, part)| format!("{start}{part}{text}"))
                .collect();
        }
        let heads = results.into_iter().map(|t| Head::Literal(Literal::String(t))).collect();
        Some(self.union(heads, path, at))
    }
}

/// A template's raw text; None where it has escapes.
fn unescaped(raw: &str) -> Option<String> {
    (!raw.contains('\\')).then(|| raw.to_owned())
}

fn object_keys<'a>(object: &ObjectHead<'a>) -> Vec<Head<'a>> {
    let mut keys: Vec<Head<'a>> = object
        .fields
        .iter()
        .map(|field| {
            Head::Literal(match field.name.parse::<f64>() {
                Ok(number) if field.numeric => Literal::Number(number),
                _ => Literal::String(field.name.clone()),
            })
        })
        .collect();
    if object.rest.is_some() {
        keys.extend([Head::String, Head::Number(Scalar::Float64)]);
    }
    keys
}

/// The property that a literal names.
pub fn literal_name(head: &Head<'_>) -> Option<String> {
    match head {
        Head::Literal(Literal::String(text)) => Some(text.clone()),
        Head::Literal(Literal::Number(number)) => Some(format!("{number}")),
        Head::Literal(Literal::BigInt { bigint }) => Some(bigint.clone()),
        _ => None,
    }
}

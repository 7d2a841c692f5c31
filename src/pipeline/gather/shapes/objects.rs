//! Object types: interfaces with what they extend, classes, intersections.

use std::rc::Rc;

use super::{
    defaults,
    diagnostics::forbidden_key,
    evaluate::{Evaluator, FUNCTION, MAX_MEMBERS, foreign},
    head::{FieldHead, Head, ObjectHead, Scope, Source, Thunk, place, property, way},
};
use crate::model::{
    contract::{TypeDeclaration, TypeDeclarationKind},
    shape::{Literal, Place, Scalar},
    types::{FieldStorage, Key, Member, MemberKind, TypeExpr},
};

impl<'a> Evaluator<'a> {
    /// `{ a: string }`.
    pub fn object_type(
        &mut self,
        members: &'a [Member],
        scope: &Rc<Scope<'a>>,
        path: &Rc<str>,
        at: &Place,
    ) -> Head<'a> {
        let mut object = empty(path, at);
        match self.own_members(members, false, scope, &mut object) {
            Some(head) => head,
            None => Head::Object(Rc::new(object)),
        }
    }

    /// Interfaces and classes of one name, with what they extend.
    pub fn object_declaration(
        &mut self,
        declarations: &[&'a TypeDeclaration],
        scope: &Rc<Scope<'a>>,
        path: &Rc<str>,
        at: &Place,
    ) -> Head<'a> {
        let mut object = empty(path, at);
        object.docs = declarations.iter().find_map(|d| d.docs.clone());
        for declaration in declarations {
            let (parents, members, class): (Vec<&'a TypeExpr>, _, _) = match &declaration.kind {
                TypeDeclarationKind::Interface { extends, members } => {
                    (extends.iter().collect(), members, false)
                }
                TypeDeclarationKind::Class { extends, members } => {
                    (extends.iter().collect(), members, true)
                }
                _ => continue,
            };
            for (i, parent) in parents.into_iter().enumerate() {
                let thunk = Self::thunk(parent, scope, way(path, &format!("^{i}")), at);
                match self.head(&thunk).peeled() {
                    Head::Object(parent) => {
                        for field in &parent.fields {
                            put(&mut object.fields, field.clone());
                        }
                        if parent.rest.is_some() {
                            object.rest.clone_from(&parent.rest);
                        }
                    }
                    Head::Foreign(found) => return Head::Foreign(found),
                    Head::Refused => return Head::Refused,
                    _ => {
                        return foreign(
                            &format!(
                                "{} extends {}",
                                declaration.name,
                                super::names::words(parent).replace('`', "")
                            ),
                            "an interface that extends object types only",
                            at,
                        );
                    }
                }
            }
            if let Some(head) = self.own_members(members, class, scope, &mut object) {
                return head;
            }
        }
        Head::Object(Rc::new(object))
    }

    /// Adds to the object; something else where it is not just one.
    fn own_members(
        &mut self,
        members: &'a [Member],
        class: bool,
        scope: &Rc<Scope<'a>>,
        object: &mut ObjectHead<'a>,
    ) -> Option<Head<'a>> {
        for member in members {
            let at = place(&scope.file, member.span);
            let (key, optional, ty, storage) = match &member.kind {
                MemberKind::Property { key, optional, ty, storage, .. } => {
                    (key, *optional, Some(ty), *storage)
                }
                MemberKind::Getter { key, ty } => (key, false, Some(ty), FieldStorage::default()),
                MemberKind::Method { .. } if class => continue,
                MemberKind::Method { key, optional, .. } => {
                    (key, *optional, None, FieldStorage::default())
                }
                // What can only be set holds nothing to send.
                MemberKind::Setter { .. } => continue,
                MemberKind::Construct(_) | MemberKind::Call(_) => {
                    return Some(foreign("Function", FUNCTION, &at));
                }
                MemberKind::Index { parameter, ty, .. } => {
                    if !matches!(&parameter.ty, Some(TypeExpr::Keyword(k)) if k == "symbol") {
                        let path = way(&object.way, "[string]");
                        object.rest = Some(Self::thunk(ty, scope, path, &at));
                    }
                    continue;
                }
            };
            let (name, numeric) = match (key, ty) {
                (Key::Name(name), _) => (name, false),
                (Key::Number(name), _) => (name, true),
                // Symbols stay where they are; so do methods under them, but an object that needs
                // one is not just data.
                (Key::Computed(_), Some(_)) => continue,
                (Key::Computed(name), None) => (name, false),
            };
            if name == "__proto__" {
                let diagnostic = forbidden_key(&self.origin, &at);
                self.report(diagnostic, &at);
                return Some(Head::Refused);
            }
            let path = property(&object.way, name);
            let mut thunk = match ty {
                Some(ty) => Self::thunk(ty, scope, path, &at),
                None => Thunk::known(foreign("Function", FUNCTION, &at), &path, &at),
            };
            if let Some(scalar) = storage.scalar {
                thunk = thunk.scaled(scalar);
            }
            // In a package the tag is documentation, in whatever form.
            let docs = member.docs.as_deref().filter(|_| !self.symbols.is_package(&scope.file));
            let default = docs.and_then(defaults::tag);
            let default = default.and_then(|text| self.default_value(text, &at));
            put(
                &mut object.fields,
                FieldHead {
                    name: name.clone(),
                    numeric,
                    ty: thunk,
                    optional,
                    hidden: storage.is_hidden(),
                    default,
                    docs: member.docs.clone(),
                    place: at,
                },
            );
        }
        None
    }

    /// `A & B`: objects become one object, a primitive with a brand is the primitive, unions are
    /// multiplied out.
    pub fn intersection(&mut self, heads: &[Head<'a>], path: &Rc<str>, at: &Place) -> Head<'a> {
        let mut sums: Vec<Vec<Head<'a>>> = vec![Vec::new()];
        for head in heads {
            let members = head.members();
            if sums.len() * members.len().max(1) > MAX_MEMBERS {
                let diagnostic = super::diagnostics::too_large_type(
                    &self.origin,
                    "an intersection of unions comes to more than 10000 members",
                    at,
                );
                self.report(diagnostic, at);
                return Head::Refused;
            }
            sums = sums
                .iter()
                .flat_map(|sum| {
                    members.iter().map(|member| {
                        let mut sum = sum.clone();
                        sum.push(member.clone());
                        sum
                    })
                })
                .collect();
        }
        let several = sums.len() > 1;
        let varies: Vec<bool> = heads.iter().map(|h| h.members().len() > 1).collect();
        let mut members = Vec::new();
        for sum in sums {
            if several && self.contradicts_itself(&sum) {
                continue;
            }
            let path = if several {
                let labels = sum.iter().zip(&varies).filter(|(_, varies)| **varies);
                let labels: Vec<String> =
                    labels.filter_map(|(head, _)| super::names::head_label(head)).collect();
                way(path, &format!("|{}", labels.join("&")))
            } else {
                Rc::clone(path)
            };
            let mut parts = sum.into_iter();
            let first = parts.next().unwrap_or(Head::Never);
            members.push(parts.fold(first, |a, b| both(&a, &b, &path, at)));
        }
        self.union(members, path, at)
    }

    /// `{ kind: 'a' } & { kind: 'b' }` has no values: literals of one field that exclude each other.
    fn contradicts_itself(&mut self, sum: &[Head<'a>]) -> bool {
        let objects: Vec<&Rc<ObjectHead<'a>>> = sum
            .iter()
            .filter_map(|head| if let Head::Object(object) = head { Some(object) } else { None })
            .collect();
        objects.iter().enumerate().any(|(index, a)| {
            objects[..index].iter().filter(|b| a.way != b.way).any(|b| self.exclude(a, b))
        })
    }

    fn exclude(&mut self, a: &ObjectHead<'a>, b: &ObjectHead<'a>) -> bool {
        a.fields.iter().filter(|field| !field.optional).any(|field| {
            let other = b.fields.iter().find(|f| f.name == field.name && !f.optional);
            let Some(other) = other else { return false };
            match (literals(&self.head(&field.ty)), literals(&self.head(&other.ty))) {
                (Some(a), Some(b)) => !a.iter().any(|literal| b.contains(literal)),
                _ => false,
            }
        })
    }
}

/// None: it has other values too.
fn literals(head: &Head<'_>) -> Option<Vec<Literal>> {
    let members = head.members();
    let literal = |head: &Head<'_>| match head {
        Head::Literal(literal) => Some(literal.clone()),
        _ => None,
    };
    if members.is_empty() { None } else { members.iter().map(literal).collect() }
}

/// The type of what is in both.
fn both<'a>(a: &Head<'a>, b: &Head<'a>, path: &Rc<str>, at: &Place) -> Head<'a> {
    match (a, b) {
        (Head::Refused, _) | (_, Head::Refused) => Head::Refused,
        (Head::Unknown(_), other) | (other, Head::Unknown(_)) => other.clone(),
        (Head::Never, _) | (_, Head::Never) => Head::Never,
        (Head::Secret(a, written), b) | (b, Head::Secret(a, written)) => {
            Head::Secret(Rc::new(both(a, b, path, at)), written.clone())
        }
        (Head::Foreign(found), _) | (_, Head::Foreign(found)) => Head::Foreign(Rc::clone(found)),
        (Head::Object(a), Head::Object(b)) => objects(a, b, path, at),
        (Head::Undefined | Head::Null, Head::Object(_))
        | (Head::Object(_), Head::Undefined | Head::Null) => Head::Never,
        // A brand.
        (other, Head::Object(_)) | (Head::Object(_), other) => other.clone(),
        (Head::Number(a), Head::Number(b)) => {
            Head::Number(if *a == Scalar::Float64 { *b } else { *a })
        }
        (Head::BigInt(a), Head::BigInt(b)) => {
            Head::BigInt(if *a == Scalar::Int64 { *b } else { *a })
        }
        (Head::Literal(literal), other) | (other, Head::Literal(literal)) => {
            let fits = match (literal, other) {
                (Literal::String(_), Head::String)
                | (Literal::Number(_), Head::Number(_))
                | (Literal::Boolean(_), Head::Boolean)
                | (Literal::BigInt { .. }, Head::BigInt(_)) => true,
                (literal, Head::Literal(other)) => literal == other,
                _ => false,
            };
            if fits { Head::Literal(literal.clone()) } else { Head::Never }
        }
        (Head::Tuple(_), Head::Array(_)) => a.clone(),
        (Head::Array(_), Head::Tuple(_)) => b.clone(),
        (a, b) if std::mem::discriminant(a) == std::mem::discriminant(b) => a.clone(),
        _ => Head::Never,
    }
}

fn objects<'a>(
    a: &Rc<ObjectHead<'a>>,
    b: &Rc<ObjectHead<'a>>,
    path: &Rc<str>,
    at: &Place,
) -> Head<'a> {
    let is_empty = |object: &ObjectHead<'_>| object.fields.is_empty() && object.rest.is_none();
    if a.way == b.way || is_empty(b) {
        return Head::Object(Rc::clone(a));
    }
    if is_empty(a) {
        return Head::Object(Rc::clone(b));
    }
    let mut object = ObjectHead { way: Rc::clone(path), place: at.clone(), ..(**a).clone() };
    for field in &b.fields {
        match object.fields.iter_mut().find(|f| f.name == field.name) {
            Some(own) => {
                own.ty = all(&own.ty, &field.ty, &property(path, &field.name));
                own.optional &= field.optional;
                own.hidden |= field.hidden;
                own.default = own.default.take().or_else(|| field.default.clone());
                own.docs = own.docs.take().or_else(|| field.docs.clone());
            }
            None => object.fields.push(field.clone()),
        }
    }
    object.rest = match (&a.rest, &b.rest) {
        (Some(a), Some(b)) => Some(all(a, b, &way(path, "[string]"))),
        (rest, None) | (None, rest) => rest.clone(),
    };
    Head::Object(Rc::new(object))
}

fn all<'a>(a: &Thunk<'a>, b: &Thunk<'a>, path: &Rc<str>) -> Thunk<'a> {
    Thunk {
        source: Source::All(Rc::from([a.clone(), b.clone()])),
        way: Rc::clone(path),
        place: b.place.clone(),
    }
}

pub fn empty<'a>(path: &Rc<str>, at: &Place) -> ObjectHead<'a> {
    ObjectHead {
        way: Rc::clone(path),
        place: at.clone(),
        docs: None,
        fields: Vec::new(),
        rest: None,
    }
}

/// A field takes the place of an inherited one.
pub fn put<'a>(fields: &mut Vec<FieldHead<'a>>, field: FieldHead<'a>) {
    match fields.iter_mut().find(|f| f.name == field.name) {
        Some(own) => *own = field,
        None => fields.push(field),
    }
}

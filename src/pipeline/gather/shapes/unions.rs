//! Unions of forms: put together, filtered, and with the range of a number.

use std::rc::Rc;

use rustc_hash::FxHashSet;

use super::{
    diagnostics::{range_of_no_number, too_large_type},
    evaluate::{Evaluator, MAX_MEMBERS},
    head::{Head, UnionHead},
};
use crate::model::shape::{Literal, Place, Scalar};

impl<'a> Evaluator<'a> {
    /// Puts a union together: flat, without what is in it twice.
    pub fn union(&mut self, heads: Vec<Head<'a>>, path: &Rc<str>, at: &Place) -> Head<'a> {
        let mut members: Vec<Head<'a>> = Vec::new();
        let mut seen = FxHashSet::default();
        let mut own_way = None;
        let mut values = 0;
        for head in heads {
            let nullish = matches!(head, Head::Null | Head::Undefined | Head::Never);
            values += usize::from(!nullish);
            if let Head::Union(union) = &head {
                own_way = Some((Rc::clone(&union.way), union.place.clone()));
            }
            for member in head.members() {
                match member {
                    Head::Unknown(at) => return Head::Unknown(at),
                    Head::Refused => return Head::Refused,
                    member => {
                        if identity(&member).is_none_or(|id| seen.insert(id)) {
                            members.push(member);
                        }
                    }
                }
            }
            if members.len() > MAX_MEMBERS {
                let diagnostic =
                    too_large_type(&self.origin, "a union has more than 10000 members", at);
                self.report(diagnostic, at);
                return Head::Refused;
            }
        }
        match members.len() {
            0 => Head::Never,
            1 => members.remove(0),
            _ => {
                let (way, place) = own_way
                    .filter(|_| values == 1)
                    .unwrap_or_else(|| (Rc::clone(path), at.clone()));
                Head::Union(Rc::new(UnionHead { way, place, members }))
            }
        }
    }

    /// The members of a type for which `keep` holds.
    pub fn filtered(
        &mut self,
        head: &Head<'a>,
        path: &Rc<str>,
        keep: impl Fn(&Head<'a>) -> bool,
    ) -> Head<'a> {
        let Head::Union(union) = head else {
            return if keep(head) { head.clone() } else { Head::Never };
        };
        let members: Vec<Head<'a>> = union.members.iter().filter(|m| keep(m)).cloned().collect();
        let values = |members: &[Head<'a>]| {
            members.iter().filter(|m| !matches!(m, Head::Null | Head::Undefined)).count()
        };
        let same = values(&members) == values(&union.members);
        let path = if same { &union.way } else { path };
        self.union(members, path, &union.place)
    }

    /// The numbers of a type with a range; it must have some.
    pub fn scaled(&mut self, head: &Head<'a>, scalar: Scalar, at: &Place) -> Head<'a> {
        let mut found = false;
        let scaled = scaled(head, scalar, &mut found);
        if !found {
            let name = scalar.name().to_lowercase();
            let diagnostic = range_of_no_number(&self.origin, &name, at);
            self.report(diagnostic, at);
        }
        scaled
    }
}

fn scaled<'a>(head: &Head<'a>, scalar: Scalar, found: &mut bool) -> Head<'a> {
    let range = match head {
        Head::Number(_) => Head::Number(scalar),
        Head::BigInt(_) if matches!(scalar, Scalar::Int64 | Scalar::Uint64) => Head::BigInt(scalar),
        // What is in it is looked at in its turn.
        Head::Array(item) => Head::Array(Rc::new((**item).clone().scaled(scalar))),
        Head::Set(item) => Head::Set(Rc::new((**item).clone().scaled(scalar))),
        Head::Literal(Literal::Number(_)) | Head::Refused => head.clone(),
        Head::Secret(inner, at) => {
            return Head::Secret(Rc::new(scaled(inner, scalar, found)), at.clone());
        }
        Head::Union(union) => {
            let members = union.members.iter().map(|m| scaled(m, scalar, found)).collect();
            return Head::Union(Rc::new(UnionHead {
                way: Rc::clone(&union.way),
                place: union.place.clone(),
                members,
            }));
        }
        other => return other.clone(),
    };
    *found = true;
    range
}

/// What tells members of a union apart cheaply; None for those that are compared by their shape.
fn identity(head: &Head<'_>) -> Option<String> {
    Some(match head {
        Head::Undefined => "undefined".to_owned(),
        Head::Null => "null".to_owned(),
        Head::Boolean => "boolean".to_owned(),
        Head::String => "string".to_owned(),
        Head::Number(scalar) => format!("number {scalar:?}"),
        Head::BigInt(scalar) => format!("bigint {scalar:?}"),
        Head::Date => "Date".to_owned(),
        Head::Bytes => "Uint8Array".to_owned(),
        Head::Literal(literal) => format!("{literal:?}"),
        Head::Object(object) => format!("object {}", object.way),
        Head::Tuple(tuple) => format!("tuple {}", tuple.way),
        Head::Array(item) => format!("array {}", item.way),
        Head::Foreign(foreign) => format!("foreign {}", foreign.name),
        _ => return None,
    })
}

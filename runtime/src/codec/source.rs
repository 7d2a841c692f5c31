//! How encoders ask a [`Source`].

use std::sync::Arc;

use super::{
    fault::{Fault, Segment, Stop, Written},
    plan::Field,
};
use crate::value::{Kind, Source};

/// A property of a value, None where it is undefined. Of names that every object inherits only a
/// value's own properties count.
pub fn property<S: Source>(
    value: &S,
    name: &str,
    inherited: bool,
) -> Written<Option<S>, S::Thrown> {
    if inherited && !thrown(value.has_own(name))? {
        return Ok(None);
    }
    thrown(value.get(name)).map(defined)
}

/// Whether a value has the property of a field, be it undefined.
pub fn has<S: Source>(value: &S, field: &Field) -> Written<bool, S::Thrown> {
    thrown(if field.inherited { value.has_own(&field.name) } else { value.has(&field.name) })
}

/// An element of an array, None where it is undefined.
pub fn item<S: Source>(value: &S, index: usize) -> Written<Option<S>, S::Thrown> {
    thrown(value.item(index)).map(defined)
}

pub fn defined<S: Source>(value: S) -> Option<S> {
    (!value.is_undefined()).then_some(value)
}

/// Properties, each with what it holds where that is defined.
pub type Properties<S> = Vec<(Arc<str>, Option<S>)>;

/// The properties of an object beside the declared ones.
pub fn rest<S: Source>(
    value: &S,
    is_declared: impl Fn(&str) -> bool,
) -> Written<Properties<S>, S::Thrown> {
    let mut found = Vec::new();
    for (key, item) in thrown(value.properties(|key| !is_declared(key)))? {
        // Whether surrogates stand alone or a NUL stands there, the key is refused in the end.
        let key = key.unwrap_or_else(|| "\0".to_owned());
        if key == "__proto__" {
            let fault = Fault::new(super::expected::NOT_ALLOWED);
            return Err(fault.under(Segment::Name(key.into())).into());
        }
        found.push((key.into(), defined(item)));
    }
    Ok(found)
}

/// Merging an object with such a `constructor` would change what others inherit.
pub fn holds_prototype<S: Source>(value: &S) -> Written<bool, S::Thrown> {
    Ok(value.kind() == Kind::Object && thrown(value.has_own("prototype"))?)
}

/// What a getter threw ends all.
pub fn thrown<T, Thrown>(result: Result<T, Thrown>) -> Written<T, Thrown> {
    result.map_err(Stop::Thrown)
}

//! Which field of one version is which of another.

use std::collections::BTreeMap;

use crate::model::shape::{FieldShape, ObjectKind, ObjectShape};

/// The fields of now, by the names that they had. Fields are known by their names, but arguments
/// are passed by position: a parameter may be renamed.
pub fn counterparts<'o, 'n>(
    old: &'o ObjectShape,
    new: &'n ObjectShape,
) -> BTreeMap<&'o str, &'n FieldShape> {
    let old_names: Vec<&str> = old.fields.iter().map(|field| field.name.as_str()).collect();
    let new_names: Vec<&str> = new.fields.iter().map(|field| field.name.as_str()).collect();
    let arguments = old.kind == ObjectKind::Arguments && new.kind == ObjectKind::Arguments;
    if arguments && only_renamed(&old_names, &new_names) {
        return old_names.into_iter().zip(&new.fields).collect();
    }
    let by_name: BTreeMap<&str, &FieldShape> =
        new.fields.iter().map(|field| (field.name.as_str(), field)).collect();
    let pairs = old_names.into_iter().filter_map(|name| Some((name, *by_name.get(name)?)));
    pairs.collect()
}

/// Every parameter stands where it stood, those with new names too; there may be more behind them.
pub fn only_renamed(old: &[&str], new: &[&str]) -> bool {
    let fits = |(old_name, new_name): (&&str, &&str)| {
        old_name == new_name || (!old.contains(new_name) && !new.contains(old_name))
    };
    let more = new.get(old.len()..).is_some_and(|more| more.iter().all(|name| !old.contains(name)));
    more && old.iter().zip(new).all(fits)
}

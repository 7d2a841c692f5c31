//! What stands inside of the lists and objects that a field holds.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::description::Kind;

/// What lists and objects hold. Where several forms are possible, what all of them have in common.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Inside {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub items: Option<Box<Part>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, Part>,
}

#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Part {
    /// Empty: any JSON.
    pub kinds: BTreeSet<Kind>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inside: Option<Inside>,
}

impl Inside {
    /// Whether all that stands in `old` may stand here.
    pub fn admits(&self, old: &Self) -> bool {
        let items = match (&self.items, &old.items) {
            (Some(new), Some(old)) => new.admits(old),
            _ => true,
        };
        let fields = self.fields.iter().all(|(name, new)| match old.fields.get(name) {
            Some(old) => new.admits(old) && (new.optional || !old.optional),
            None => new.optional,
        });
        items && fields
    }

    /// The paths (of jsonpath) that `old` has and this has not: what stands there is read no more.
    pub fn lost(&self, old: &Self, path: &str, paths: &mut Vec<String>) {
        if let (Some(new), Some(old)) = (&self.items, &old.items) {
            new.lost(old, &format!("{path}[*]"), paths);
        }
        // Without fields any may be there.
        if self.fields.is_empty() {
            return;
        }
        for (name, old) in &old.fields {
            let path = format!("{path}.{}", serde_json::json!(name));
            match self.fields.get(name) {
                Some(new) => new.lost(old, &path, paths),
                None => paths.push(path),
            }
        }
    }

    /// What both of two forms have in common.
    pub fn merge(&mut self, other: Self) {
        self.items = match (self.items.take(), other.items) {
            (Some(mut mine), Some(theirs)) => {
                mine.merge(*theirs);
                Some(mine)
            }
            (mine, theirs) => mine.or(theirs),
        };
        for (name, part) in &mut self.fields {
            part.optional |= !other.fields.contains_key(name);
        }
        for (name, theirs) in other.fields {
            match self.fields.get_mut(&name) {
                Some(mine) => mine.merge(theirs),
                None => _ = self.fields.insert(name, Part { optional: true, ..theirs }),
            }
        }
    }
}

impl Part {
    fn admits(&self, old: &Self) -> bool {
        let kinds =
            self.kinds.is_empty() || (!old.kinds.is_empty() && old.kinds.is_subset(&self.kinds));
        kinds && admits(self.inside.as_ref(), old.inside.as_ref())
    }

    fn lost(&self, old: &Self, path: &str, paths: &mut Vec<String>) {
        if let (Some(new), Some(old)) = (&self.inside, &old.inside) {
            new.lost(old, path, paths);
        }
    }

    pub fn merge(&mut self, other: Self) {
        if self.kinds.is_empty() || other.kinds.is_empty() {
            self.kinds.clear();
        } else {
            self.kinds.extend(other.kinds);
        }
        self.optional |= other.optional;
        self.inside = match (self.inside.take(), other.inside) {
            (Some(mut mine), Some(theirs)) => {
                mine.merge(theirs);
                Some(mine)
            }
            (mine, theirs) => mine.or(theirs),
        };
    }
}

/// Whether all that is described by `old` may stand in `new`. What nothing is known of is believed.
pub fn admits(new: Option<&Inside>, old: Option<&Inside>) -> bool {
    match (new, old) {
        (Some(new), Some(old)) => new.admits(old),
        _ => true,
    }
}

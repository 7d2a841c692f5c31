//! JSON with line breaks, of parts that are printed beside each other.

use std::{collections::BTreeMap, fmt::Write as _};

use rayon::prelude::*;
use serde::Serialize;
use serde_json::Value;

/// A value as it stands in an object of this depth.
pub fn nested(value: &impl Serialize, depth: usize) -> String {
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    // No string in JSON has a line break in it.
    text.replace('\n', &format!("\n{}", INDENT.repeat(depth)))
}

/// An object whose members are printed already, each for the depth behind this one.
pub fn object<K: AsRef<str>>(
    members: impl IntoIterator<Item = (K, String)>,
    depth: usize,
) -> String {
    let indent = INDENT.repeat(depth);
    let mut text = "{".to_owned();
    for (name, member) in members {
        let comma = if text.len() > 1 { "," } else { "" };
        let _ = write!(text, "{comma}\n{indent}{INDENT}{}: {member}", Value::from(name.as_ref()));
    }
    if text.len() > 1 {
        let _ = write!(text, "\n{indent}");
    }
    text + "}"
}

/// A map, its values beside each other.
pub fn map<V: Serialize + Sync>(map: &BTreeMap<String, V>, depth: usize) -> String {
    let members: Vec<(&String, String)> =
        map.par_iter().map(|(name, value)| (name, nested(value, depth + 1))).collect();
    object(members, depth)
}

const INDENT: &str = "  ";

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn parts_come_to_what_the_whole_is() {
        let none = BTreeMap::<String, u8>::new();
        let some =
            BTreeMap::from([("a\n\"".to_owned(), vec!["b\n", "c"]), ("d".to_owned(), vec![])]);
        let whole = json!({ "none": none, "some": some, "deep": { "some": some } });
        let deep = object([("some", map(&some, 2))], 1);
        let parts = [("none", map(&none, 1)), ("some", map(&some, 1)), ("deep", deep)];
        assert_eq!(object(parts, 0), serde_json::to_string_pretty(&whole).unwrap_or_default());
    }
}

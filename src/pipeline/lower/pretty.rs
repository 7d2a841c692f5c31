//! JSON with line breaks, of parts that are printed beside each other and become one text at the end:
//! there are tens of megabytes of it in a large project.

use std::{collections::BTreeMap, io};

use rayon::prelude::*;
use serde::Serialize;
use serde_json::{
    Serializer,
    ser::{Formatter, PrettyFormatter},
};

/// A text in parts.
#[derive(Default)]
pub struct Parts(Vec<String>);

impl Parts {
    pub fn into_text(self, end: &str) -> String {
        let Self(parts) = self;
        let mut text =
            String::with_capacity(parts.iter().map(String::len).sum::<usize>() + end.len());
        parts.iter().for_each(|part| text.push_str(part));
        text + end
    }
}

impl From<String> for Parts {
    fn from(text: String) -> Self {
        Self(vec![text])
    }
}

/// A value as it stands in an object of this depth.
pub fn nested(value: &impl Serialize, depth: usize) -> String {
    let mut formatter = PrettyFormatter::with_indent(INDENT.as_bytes());
    for _ in 0..depth {
        let _ = formatter.begin_array(&mut io::sink());
    }
    let mut text = Vec::new();
    let printed = value.serialize(&mut Serializer::with_formatter(&mut text, formatter));
    printed.ok().and_then(|()| String::from_utf8(text).ok()).unwrap_or_default()
}

/// An object whose members are printed already, each for the depth behind this one.
pub fn object<K: AsRef<str>>(
    members: impl IntoIterator<Item = (K, impl Into<Parts>)>,
    depth: usize,
) -> Parts {
    let indent = INDENT.repeat(depth);
    let mut text = "{".to_owned();
    let mut parts = Vec::new();
    for (name, member) in members {
        if !parts.is_empty() {
            text.push(',');
        }
        text.push('\n');
        text.push_str(&indent);
        text.push_str(INDENT);
        text.push_str(&nested(&name.as_ref(), 0));
        text.push_str(": ");
        parts.push(std::mem::take(&mut text));
        parts.extend(member.into().0);
    }
    if !parts.is_empty() {
        text.push('\n');
        text.push_str(&indent);
    }
    text.push('}');
    parts.push(text);
    Parts(parts)
}

/// A map, its values beside each other.
pub fn map<V: Serialize + Sync>(map: &BTreeMap<String, V>, depth: usize) -> Parts {
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
        let whole = serde_json::to_string_pretty(&whole).unwrap_or_default();
        assert_eq!(object(parts, 0).into_text(""), whole);
    }
}

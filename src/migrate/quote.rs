//! Names and texts as SQL writes them, also within the `$$` of a function.

/// `"users"`
pub fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// `'it''s'`. A dollar is escaped, so that no text ends a function's body.
pub fn literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if text.contains(['\\', '$']) {
        format!("E'{}'", quoted.replace('\\', "\\\\").replace('$', "\\x24"))
    } else {
        format!("'{quoted}'")
    }
}

/// The text of an array of texts: `'{"a","b"}'`.
pub fn array(items: &[&str]) -> String {
    let items: Vec<String> = items
        .iter()
        .map(|item| format!("\"{}\"", item.replace('\\', "\\\\").replace('"', "\\\"")))
        .collect();
    literal(&format!("{{{}}}", items.join(",")))
}

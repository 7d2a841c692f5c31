//! A JSON file as a module, since engines differ in how they import JSON.
//!
//! Input: `{ "title": "x", "is-on": true }`
//! Output:
//! ```js
//! const json = { "title": "x", "is-on": true };
//! export default json;
//! const { title: __0 } = json;
//! export { __0 as title };
//! ```

use std::fmt::Write as _;

use serde_json::Value;

use crate::{
    diagnostic::position::json_error,
    model::{SourcePath, diagnostic::Diagnostic, output::Output},
    text::{
        header,
        values::{is_identifier, string},
    },
};

pub fn module(file: &SourcePath, output: &str, text: &str) -> Result<Output, Diagnostic> {
    let value: Value = serde_json::from_str(text).map_err(|error| invalid(file, text, &error))?;
    let mut code = header(Some(file.as_str()));
    if has_proto(&value) {
        // In an object literal it would be the prototype.
        let _ = writeln!(code, "const json = JSON.parse({});", string(text.trim()));
    } else {
        let text = text.replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029");
        let _ = writeln!(code, "const json = {};", text.trim());
    }
    code.push_str("export default json;\n");
    let keys = value.as_object().into_iter().flat_map(|object| object.keys());
    let names: Vec<&String> = keys.filter(|key| is_identifier(key) && *key != "default").collect();
    if !names.is_empty() {
        let list = |separator: &str, swap: bool| {
            let pairs = names.iter().enumerate().map(|(i, name)| {
                if swap {
                    format!("__{i}{separator}{name}")
                } else {
                    format!("{name}{separator}__{i}")
                }
            });
            pairs.collect::<Vec<_>>().join(", ")
        };
        let _ = writeln!(code, "const {{ {} }} = json;", list(": ", false));
        let _ = writeln!(code, "export {{ {} }};", list(" as ", true));
    }
    Ok(Output { path: format!("server/{output}.js"), text: code })
}

fn has_proto(value: &Value) -> bool {
    match value {
        Value::Object(object) => object.iter().any(|(k, v)| k == "__proto__" || has_proto(v)),
        Value::Array(items) => items.iter().any(has_proto),
        _ => false,
    }
}

#[cold]
fn invalid(file: &SourcePath, text: &str, error: &serde_json::Error) -> Diagnostic {
    let (span, message) = json_error(text, error);
    Diagnostic::error("K082", file, Some(span), "server code imports a file that is not JSON")
        .label(message)
        .help("correct it: JSON has no comments and no commas behind the last entry")
}

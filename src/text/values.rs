//! Constants, names and strings → JavaScript text.

use swc_ecma_ast::Ident;

use crate::model::{
    contract::{ConstantValue, EnumMember},
    types::Key,
};

/// An enum at run time: names to values and, of numbers, back.
pub fn enumeration(members: &[EnumMember]) -> String {
    let mut entries: Vec<(String, String)> = Vec::new();
    let mut set = |name: String, value: String| match entries.iter_mut().find(|(n, _)| *n == name) {
        Some(entry) => entry.1 = value,
        None => entries.push((name, value)),
    };
    for member in members {
        let Some(value) = &member.value else { continue };
        let text = constant(value, 0);
        set(key(&Key::Name(member.name.clone())), text.clone());
        if let ConstantValue::Number(n) = value {
            set(string(&number(*n)), string(&member.name));
        }
    }
    let entries: Vec<String> =
        entries.into_iter().map(|(name, value)| format!("  {name}: {value},\n")).collect();
    format!("{{\n{}}}", entries.concat())
}

/// A constant as JavaScript.
pub fn constant(value: &ConstantValue, indent: usize) -> String {
    match value {
        ConstantValue::Undefined => "undefined".to_owned(),
        ConstantValue::Null => "null".to_owned(),
        ConstantValue::Boolean(value) => value.to_string(),
        ConstantValue::Number(n) => number(*n),
        ConstantValue::BigInt(text) => format!("{text}n"),
        ConstantValue::String(text) => string(text),
        ConstantValue::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| constant(item, indent)).collect();
            format!("[{}]", items.join(", "))
        }
        ConstantValue::Object(fields) if fields.is_empty() => "{}".to_owned(),
        ConstantValue::Object(fields) => {
            let fields: Vec<String> = fields
                .iter()
                .map(|(name, value)| {
                    // `__proto__: x` would set the prototype.
                    let name = if *name == Key::Name("__proto__".to_owned()) {
                        "[\"__proto__\"]".to_owned()
                    } else {
                        key(name)
                    };
                    format!("{}{name}: {}", "  ".repeat(indent + 1), constant(value, indent + 1))
                })
                .collect();
            format!("{{\n{}\n{}}}", fields.join(",\n"), "  ".repeat(indent))
        }
    }
}

pub fn key(key: &Key) -> String {
    match key {
        Key::Name(name) if is_identifier(name) => name.clone(),
        Key::Name(name) => string(name),
        Key::Number(text) => text.clone(),
        Key::Computed(path) => format!("[{path}]"),
    }
}

/// Good for a property name, reserved words included.
pub fn is_identifier(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(Ident::is_valid_start) && chars.all(Ident::is_valid_continue)
}

/// A string literal that is right in JavaScript and TypeScript alike.
pub fn string(text: &str) -> String {
    let json = serde_json::Value::String(text.to_owned()).to_string();
    json.replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}

/// A number as JavaScript prints it.
pub fn number(n: f64) -> String {
    if n.is_nan() {
        "NaN".to_owned()
    } else if n.is_infinite() {
        if n > 0.0 { "Infinity".to_owned() } else { "-Infinity".to_owned() }
    } else if n == 0.0 && n.is_sign_negative() {
        "-0".to_owned()
    } else if n.abs() >= 1e21 || (n != 0.0 && n.abs() < 1e-6) {
        format!("{n:e}").replace('e', if n.abs() >= 1.0 { "e+" } else { "e" })
    } else {
        format!("{n}")
    }
}

//! Constants that should not go to clients.

use crate::model::contract::{Constant, ConstantValue};

/// A string that is called a secret, or is written like one.
pub fn looks_secret(constant: &Constant) -> bool {
    let name = constant.name.to_lowercase();
    let named = [
        "secret",
        "password",
        "passwd",
        "token",
        "apikey",
        "api_key",
        "private",
        "credential",
        "dsn",
    ]
    .iter()
    .any(|part| name.contains(part));
    strings(&constant.value).iter().any(|text| {
        let opaque = text.len() >= 8 && !text.contains(char::is_whitespace);
        (named && opaque)
            || text.starts_with("-----BEGIN")
            || ["sk-", "sk_live_", "ghp_", "AKIA", "xoxb-"]
                .iter()
                .any(|p| opaque && text.starts_with(p) && text.len() >= 16)
            || text.split_once("://").is_some_and(|(_, rest)| {
                rest.split('/').next().is_some_and(|host| {
                    host.split_once('@').is_some_and(|(user, _)| user.contains(':'))
                })
            })
    })
}

fn strings(value: &ConstantValue) -> Vec<&str> {
    match value {
        ConstantValue::String(text) => vec![text],
        ConstantValue::Array(items) => items.iter().flat_map(strings).collect(),
        ConstantValue::Object(fields) => fields.iter().flat_map(|(_, v)| strings(v)).collect(),
        _ => Vec::new(),
    }
}

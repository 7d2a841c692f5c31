//! How access is put into words.

use std::collections::BTreeSet;

use crate::model::{
    app::SOME_FIELDS,
    contract::{Filter, Located},
    perms,
};

pub fn filter(filter: &Filter) -> String {
    let text = |value: Option<&Located<String>>| value.map(|value| value.value.clone());
    let (prefixurl, egroup) = (text(filter.prefixurl.as_ref()), text(filter.egroup.as_ref()));
    let names =
        |names: &Vec<Located<String>>| names.iter().map(|name| name.value.clone()).collect();
    let endpoints = filter.endpoints.as_ref().map(names);
    criteria(prefixurl.as_deref(), egroup.as_deref(), endpoints)
}

/// `egroup "api-v1" and prefixurl "/api"`
pub fn criteria(
    prefixurl: Option<&str>,
    egroup: Option<&str>,
    endpoints: Option<Vec<String>>,
) -> String {
    let text = |name: &str, value: Option<&str>| value.map(|value| format!("{name} \"{value}\""));
    let endpoints = endpoints.map(|names| format!("endpoints {}", names.join(", ")));
    let parts = [text("prefixurl", prefixurl), text("egroup", egroup), endpoints];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() { "every route".to_owned() } else { parts.join(" and ") }
}

/// `reads`, `writes`, `removes from`, in this order.
pub fn verbs(mask: u8) -> Vec<&'static str> {
    let verbs =
        [(perms::READ, "reads"), (perms::WRITE, "writes"), (perms::REMOVE, "removes rows of")];
    verbs.into_iter().filter(|(bit, _)| mask & bit != 0).map(|(_, verb)| verb).collect()
}

/// `users.name, users.role`; of what is not written out `fields of users`.
pub fn fields<'a>(table: &str, fields: impl IntoIterator<Item = &'a String>) -> String {
    let fields: BTreeSet<&String> = fields.into_iter().collect();
    let named = fields.iter().filter(|field| **field != SOME_FIELDS);
    let mut parts: Vec<String> = named.map(|field| format!("{table}.{field}")).collect();
    match (parts.is_empty(), fields.iter().any(|field| *field == SOME_FIELDS)) {
        (true, _) => table.to_owned(),
        (false, true) => {
            parts.push(format!("other fields of {table}"));
            parts.join(", ")
        }
        (false, false) => parts.join(", "),
    }
}

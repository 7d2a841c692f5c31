//! The first page, with routes by their groups, and the sidebar.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    Site,
    markdown::{code, line, plain},
    names::link,
    page::Page,
    route,
};
use crate::{
    explain::{entry::Entry, types::TypeName},
    model::{output::Output, perms},
    text::comment::Comment,
};

pub fn page(site: &Site<'_>) -> Output {
    let mut page = Page::new("index", &site.title, None);
    page.block(&format!("# {}", plain(&site.title)));
    for (group, entries) in groups(site) {
        page.heading(&group.map_or_else(|| UNGROUPED.to_owned(), plain));
        let rows: Vec<[String; 4]> = entries
            .into_iter()
            .map(|entry| {
                let docs = entry.function.signature.docs.as_deref().unwrap_or_default();
                let comment = Comment::parse(docs);
                let deprecated = comment.deprecated.is_some().then(|| "*Deprecated.*".to_owned());
                let summary = line(comment.summary().unwrap_or_default(), &|_| None);
                let text: Vec<String> = deprecated.into_iter().chain([summary]).collect();
                [
                    route::to(site, "index", entry),
                    text.join(" ").trim().to_owned(),
                    code(&perms::letters(entry.route.perm)),
                    plain(&entry.callers()),
                ]
            })
            .collect();
        page.table(["Route", "", "Permission", "Callers"], &rows);
    }
    let types: Vec<String> = types(site)
        .into_iter()
        .filter_map(|name| {
            Some(format!("- [{}]({})", plain(&name.1), link("index", site.names.ty(name)?)))
        })
        .collect();
    if !types.is_empty() {
        page.heading("Types");
        page.block(&types.join("\n"));
    }
    page.finish()
}

/// For `sidebar: { '/api/': { base: '/api/', items: sidebar } }` in VitePress's configuration.
pub fn sidebar(site: &Site<'_>) -> Output {
    let item = |text: &str, path: &str| {
        // `Report.pdf` would be taken for a file.
        let end = if path.contains('.') { ".md" } else { "" };
        json!({ "text": html(text), "link": format!("{path}{end}") })
    };
    let mut items: Vec<Value> = groups(site)
        .into_iter()
        .map(|(group, entries)| {
            let routes: Vec<Value> = entries
                .iter()
                .filter_map(|entry| Some(item(entry.name, site.names.route(entry.name)?)))
                .collect();
            json!({ "text": html(group.unwrap_or(UNGROUPED)), "items": routes })
        })
        .collect();
    let types: Vec<Value> = types(site)
        .into_iter()
        .filter_map(|name| Some(item(&name.1, site.names.ty(name)?)))
        .collect();
    if !types.is_empty() {
        items.push(json!({ "text": "Types", "collapsed": true, "items": types }));
    }
    let mut text = serde_json::to_string_pretty(&items).unwrap_or_default();
    text.push('\n');
    Output { path: "sidebar.json".to_owned(), text }
}

/// By name.
fn types<'s>(site: &'s Site<'_>) -> Vec<&'s TypeName> {
    let mut types: Vec<&TypeName> = site.names.types().collect();
    types.sort_by_key(|(file, name)| (name, file));
    types
}

/// By `egroup`; those without one come last.
fn groups<'s>(site: &'s Site<'_>) -> Vec<(Option<&'s str>, Vec<&'s Entry<'s>>)> {
    let mut groups: BTreeMap<&str, Vec<&Entry<'_>>> = BTreeMap::new();
    let mut ungrouped = Vec::new();
    for entry in &site.entries {
        match entry.function.egroup.as_deref() {
            Some(group) => groups.entry(group).or_default().push(entry),
            None => ungrouped.push(entry),
        }
    }
    let mut groups: Vec<_> = groups.into_iter().map(|(group, all)| (Some(group), all)).collect();
    if !ungrouped.is_empty() {
        groups.push((None, ungrouped));
    }
    groups
}

/// The sidebar shows its texts as HTML.
fn html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

const UNGROUPED: &str = "Without a group";

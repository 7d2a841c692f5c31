//! What all pages have: a head, tables, links to types and sources.

use std::fmt::Write as _;

use serde_json::Value;

use super::{
    Site,
    markdown::{Links, code, entities, line, linked_code, plain},
    names::link,
    repository::Repository,
};
use crate::{
    explain::entry::as_written,
    model::{SourcePath, output::Output, types::TypeExpr},
    text::{comment::Comment, types::Printer},
};

/// A page under construction.
pub struct Page {
    /// Without `.md`.
    pub path: String,
    text: String,
}

impl Page {
    pub fn new(path: &str, title: &str, description: Option<&str>) -> Self {
        let mut text = format!("---\n# {HEADER}\ntitle: {}\n", scalar(title));
        if let Some(description) = description {
            let _ = writeln!(text, "description: {}", scalar(description));
        }
        text.push_str("editLink: false\n---\n");
        Self { path: path.to_owned(), text }
    }

    /// A block, with an empty line before it.
    pub fn block(&mut self, text: &str) {
        if !text.is_empty() {
            let _ = write!(self.text, "\n{text}\n");
        }
    }

    pub fn heading(&mut self, text: &str) {
        self.block(&format!("## {text}"));
    }

    /// Nothing where there are no rows.
    pub fn table<const N: usize>(&mut self, titles: [&str; N], rows: &[[String; N]]) {
        if rows.is_empty() {
            return;
        }
        let line = |cells: &[String]| format!("| {} |", cells.join(" | "));
        let mut lines =
            vec![line(&titles.map(str::to_owned)), line(&[const { "---" }; N].map(str::to_owned))];
        lines.extend(rows.iter().map(|row| line(row)));
        self.block(&lines.join("\n"));
    }

    /// What tags say that have no place of their own.
    pub fn notes(&mut self, comment: &Comment, links: Links<'_>) {
        let note = |(tag, text): &(String, String)| {
            format!("- **{}** {}", plain(tag), line(text, links)).trim_end().to_owned()
        };
        let notes: Vec<String> = comment.others.iter().map(note).collect();
        if !notes.is_empty() {
            self.heading("Notes");
            self.block(&notes.join("\n"));
        }
    }

    pub fn finish(self) -> Output {
        Output { path: format!("{}.md", self.path), text: self.text }
    }
}

impl Site<'_> {
    /// A type of `file` as code, with links to the pages of what it names.
    pub fn ty(&self, page: &str, file: &SourcePath, ty: &TypeExpr) -> String {
        let text = Printer { specifier: &as_written }.ty(ty);
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let (mut html, mut is_linked) = (String::new(), false);
        let mut rest = text.as_str();
        while !rest.is_empty() {
            let token = token(rest);
            rest = &rest[token.len()..];
            let is_key = rest.trim_start_matches('?').starts_with(':');
            let target = Some(token)
                .filter(|token| !is_key && token.starts_with(|c: char| c.is_alphabetic()))
                .and_then(|name| self.program.app.declaring(&self.program.modules, file, name))
                .and_then(|name| self.names.ty(&name));
            match target {
                Some(target) => {
                    is_linked = true;
                    let _ = write!(html, "[{}]({})", entities(token), link(page, target));
                }
                None => html.push_str(&entities(token)),
            }
        }
        if is_linked { linked_code(&html) } else { code(&text) }
    }

    pub fn source(&self, file: &SourcePath, line: usize) -> String {
        source(self.repository.as_ref(), file, line)
    }

    /// The page that `{@link name}` leads to.
    pub fn linked(&self, page: &str, name: &str) -> Option<String> {
        let target = self.names.find(name.trim_end_matches("()"))?;
        Some(link(page, target))
    }
}

/// `src/api/users.ts:12`, as a link where package.json says where sources can be read.
pub fn source(repository: Option<&Repository>, file: &SourcePath, line: usize) -> String {
    let place = code(&format!("{file}:{line}"));
    let url = repository.and_then(|repository| repository.line(file.as_str(), line));
    url.map_or(place.clone(), |url| format!("[{place}]({url})"))
}

/// A name with its dots, a text in quotes, or one sign.
fn token(text: &str) -> &str {
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '.');
    let first = text.chars().next().unwrap_or_default();
    let end = match first {
        '"' | '\'' | '`' => {
            let mut escaped = false;
            let close = text.char_indices().skip(1).find(|(_, c)| {
                let closes = *c == first && !escaped;
                escaped = *c == '\\' && !escaped;
                closes
            });
            close.map_or(text.len(), |(at, c)| at + c.len_utf8())
        }
        c if is_name(c) => text.find(|c| !is_name(c)).unwrap_or(text.len()),
        c => c.len_utf8(),
    };
    &text[..end]
}

/// A value of the head, without what ends the script that VitePress puts it into.
fn scalar(text: &str) -> String {
    let shown = text.chars().filter(|c| !matches!(c, '<' | '>' | '\u{fffe}' | '\u{ffff}'));
    let text: String = shown.map(|c| if c.is_control() { ' ' } else { c }).collect();
    Value::String(text).to_string()
}

const HEADER: &str = "Generated by `kontract cookbook`. Do not edit.";

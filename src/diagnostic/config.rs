//! Diagnostics about the configuration: K090–K097.

use std::{io, path::Path};

use super::suggestion::suggestion;
use crate::model::{SourcePath, Span, diagnostic::Diagnostic};

#[cold]
pub fn no_such_config(path: &Path) -> Diagnostic {
    Diagnostic::error(
        "K090",
        &SourcePath::new(""),
        None,
        format!("there is no configuration file `{}`", path.display()),
    )
    .help("`--config` takes the path of a kontract.toml; without it the nearest one is used")
}

#[cold]
pub fn no_such_folder(path: &Path) -> Diagnostic {
    Diagnostic::error(
        "K090",
        &SourcePath::new(""),
        None,
        format!("there is no folder `{}`", path.display()),
    )
    .help("give the folder of the project, or leave it out to build the current one")
}

#[cold]
pub fn unreadable(file: &SourcePath, error: &io::Error) -> Diagnostic {
    Diagnostic::error("K090", file, None, format!("the configuration cannot be read: {error}"))
        .help("make the file readable, or remove it to build with the defaults")
}

#[cold]
pub fn not_utf8(file: &SourcePath, offset: usize) -> Diagnostic {
    let offset = u32::try_from(offset).unwrap_or(u32::MAX);
    Diagnostic::error(
        "K090",
        file,
        Some(Span::new(offset, offset.saturating_add(1))),
        "the configuration is not UTF-8",
    )
    .label("this byte is not part of UTF-8 text")
    .help("save the file as UTF-8")
}

#[cold]
pub fn syntax(file: &SourcePath, span: Option<Span>, message: &str) -> Diagnostic {
    // The parser's messages have a second line with what it expected.
    let mut lines = message.lines();
    let message = lines.next().unwrap_or("invalid TOML").to_owned();
    let expected = lines.collect::<Vec<_>>().join(" ");
    Diagnostic::error("K091", file, span, message)
        .label(if expected.is_empty() { "here".to_owned() } else { expected })
        .help("kontract.toml is TOML: `[build]` opens a section, `out = \"dist\"` sets a key")
}

#[cold]
pub fn unknown_section(
    file: &SourcePath,
    span: Span,
    name: &str,
    home: Option<&str>,
    known: &[&str],
) -> Diagnostic {
    let diagnostic =
        Diagnostic::error("K092", file, Some(span), format!("there is no section `[{name}]`"));
    match (suggestion(name, known.iter().copied()), home) {
        (Some(section), _) => diagnostic
            .label(format!("did you mean `[{section}]`?"))
            .help(format!("the sections are {}", list(known))),
        (None, Some(section)) => diagnostic
            .label(format!("`{name}` is a key of `[{section}]`"))
            .help(format!("write it below a line `[{section}]`")),
        (None, None) => {
            diagnostic.label("unknown").help(format!("the sections are {}", list(known)))
        }
    }
}

#[cold]
pub fn unknown_key(
    file: &SourcePath,
    span: Span,
    section: &str,
    key: &str,
    home: Option<&str>,
    known: &[&str],
) -> Diagnostic {
    let diagnostic =
        Diagnostic::error("K092", file, Some(span), format!("`[{section}]` has no key `{key}`"));
    match (suggestion(key, known.iter().copied()), home) {
        (_, Some(home)) => diagnostic
            .label(format!("`{key}` is a key of `[{home}]`"))
            .help(format!("move it below a line `[{home}]`")),
        (Some(name), None) => diagnostic
            .label(format!("did you mean `{name}`?"))
            .help(format!("the keys of `[{section}]` are {}", list(known))),
        (None, None) if known.is_empty() => diagnostic
            .label("unknown")
            .help(format!("remove it: in this version `[{section}]` has no keys")),
        (None, None) => diagnostic
            .label("unknown")
            .help(format!("the keys of `[{section}]` are {}", list(known))),
    }
}

#[cold]
pub fn unknown_entry(
    file: &SourcePath,
    span: Span,
    table: &str,
    key: &str,
    known: &[&'static str],
) -> Diagnostic {
    let diagnostic =
        Diagnostic::error("K092", file, Some(span), format!("`{table}` has no key `{key}`"))
            .help(format!("its keys are {}", list(known)));
    match suggestion(key, known.iter().copied()) {
        Some(name) => diagnostic.label(format!("did you mean `{name}`?")),
        None => diagnostic.label("unknown"),
    }
}

#[cold]
pub fn not_a_section(file: &SourcePath, span: Span, name: &str) -> Diagnostic {
    Diagnostic::error("K093", file, Some(span), format!("`{name}` is a section, not a key"))
        .label("this is a key")
        .help(format!("write `[{name}]` on a line of its own and its keys below it"))
}

#[cold]
pub fn wrong_type(
    file: &SourcePath,
    span: Span,
    key: &str,
    expected: &str,
    found: &str,
) -> Diagnostic {
    let example = match expected {
        "a string" => "out = \"dist\"",
        "a whole number" => "port = 8787",
        // Of what it switches, so that nobody switches something else off.
        "true or false" => &format!("{} = false", key.rsplit(' ').next().unwrap_or(key)),
        "a table" => "limits = { deadline_ms = 5000 }",
        _ => "include = [\"src/**/*.ts\"]",
    };
    Diagnostic::error("K093", file, Some(span), format!("`{key}` must be {expected}"))
        .label(format!("this is of type {found}"))
        .help(format!("for example `{example}`"))
}

#[cold]
pub fn not_available(file: &SourcePath, span: Span, section: &str, key: &str) -> Diagnostic {
    Diagnostic::error(
        "K094",
        file,
        Some(span),
        format!("`[{section}] {key}` is not available in this version"),
    )
    .label("would have no effect")
    .help("remove it, or use a version of kontract that has it")
}

#[cold]
pub fn empty_include(file: &SourcePath) -> Diagnostic {
    Diagnostic::error("K095", file, None, "`[build] include` is empty: nothing would be built")
        .help("remove it for the default, `[\"src/**/*.{ts,tsx,mts}\"]`")
}

#[cold]
pub fn bad_pattern(file: &SourcePath, span: Option<Span>, reason: &str) -> Diagnostic {
    Diagnostic::error("K095", file, span, format!("this pattern is not valid: {reason}"))
        .label("in this pattern")
        .help("`*` stands for a part of a name, `**` for any folders, `{a,b}` for a or b")
}

#[cold]
pub fn bad_out(file: &SourcePath, span: Option<Span>, out: &str, reason: &str) -> Diagnostic {
    Diagnostic::error("K096", file, span, format!("`{out}` cannot be the output folder: {reason}"))
        .label("not possible")
        .help("name a folder of its own inside the project, such as `dist`")
}

#[cold]
pub fn bad_base(file: &SourcePath, span: Option<Span>, base: &str) -> Diagnostic {
    Diagnostic::error("K097", file, span, format!("`{base}` is not a path that routes can have"))
        .label("not a URL path")
        .help(
            "write a path such as `/api/v1`: letters, digits, `-`, `.`, `_` and `~`; `/auth`, \
             `/health` and `/ready` are the server's own",
        )
}

#[cold]
pub fn bad_value(file: &SourcePath, span: Span, key: &str, expected: &str) -> Diagnostic {
    Diagnostic::error("K097", file, Some(span), format!("`{key}` cannot have this value"))
        .label("not possible")
        .help(format!("write {expected}"))
}

fn list(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

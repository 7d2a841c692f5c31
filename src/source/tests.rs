//! The traps of reading annotations that TypeScript does not have.

use swc_ecma_ast::Expr;

use super::*;

struct Read {
    annotations: Vec<String>,
    codes: Vec<String>,
    text: String,
    parsed: bool,
}

/// Each annotation as `Name@span-text -> anchor token`.
fn read_as(file: &str, text: &str) -> Read {
    let (parsed, diagnostics) = parse(&SourcePath::new(file), text);
    let codes = diagnostics
        .iter()
        .map(|d| {
            let span = d.span.unwrap_or_default();
            format!("{} {} `{}`", d.code, d.message, &text[span.start as usize..span.end as usize])
        })
        .collect();
    let Some(parsed) = parsed else {
        return Read { annotations: Vec::new(), codes, text: String::new(), parsed: false };
    };
    assert_eq!(parsed.text.len(), text.len());
    let annotations = parsed
        .annotations
        .iter()
        .map(|annotation| {
            let Span { start, end } = annotation.span;
            let (start, end) = (start as usize, end as usize);
            let rest = &text[annotation.anchor as usize..];
            let token = scan::word_end(rest, 0).max(rest.len().min(1));
            let arguments = annotation
                .arguments
                .as_ref()
                .map_or(String::new(), |arguments| format!("/{}", arguments.len()));
            format!("{}{arguments} -> {}", &text[start..end], &rest[..token])
        })
        .collect();
    Read { annotations, codes, text: parsed.text, parsed: true }
}

#[track_caller]
fn finds(text: &str, expected: &[&str]) {
    let read = read_as("src/a.ts", text);
    assert!(read.codes.is_empty(), "{:?}", read.codes);
    assert_eq!(read.annotations, expected);
}

#[track_caller]
fn finds_tsx(text: &str, expected: &[&str]) {
    let read = read_as("src/a.tsx", text);
    assert!(read.codes.is_empty(), "{:?}", read.codes);
    assert_eq!(read.annotations, expected);
}

#[test]
fn a_file_without_annotations_is_plain() {
    let (parsed, diagnostics) = parse(&SourcePath::new("a.ts"), "export const a = '@b';\n");
    assert!(diagnostics.is_empty());
    assert!(parsed.is_some_and(|parsed| parsed.plain));
}

#[test]
fn backend_is_found_before_and_behind_export() {
    finds("@backend export function f() {}", &["@backend -> export"]);
    finds("export @backend() async function f() {}", &["@backend()/0 -> async"]);
    finds("export default @backend async function () {}", &["@backend -> async"]);
    finds("@ backend\nfunction f() {}", &["@ backend -> function"]);
}

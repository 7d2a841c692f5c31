use super::*;
use crate::{
    diagnostic::testing::{shown, snapshots},
    files::Memory,
};

/// The diagnostic points at the first `marked` in `text`.
fn pointed(file: &str, text: &str, marked: &str) -> Diagnostic {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let start = text.find(marked).expect("it is there");
    Diagnostic::error(
        "K021",
        &SourcePath::new(file),
        Some(span(start, marked.len())),
        "it is wrong",
    )
    .label("this part")
    .help("write something else")
}

fn span(start: usize, length: usize) -> Span {
    Span::new(u32::try_from(start).expect("short"), u32::try_from(start + length).expect("short"))
}

/// All three forms.
fn forms(files: &Memory, diagnostics: &[Diagnostic]) -> String {
    let mut renderer = Renderer::new(files, Path::new("/app"));
    let mut text = shown(files, "/app", diagnostics.to_vec());
    for diagnostic in diagnostics {
        let (json, github) =
            (renderer.json(diagnostic), renderer.github(diagnostic, "packages/app/"));
        text += &["\n", &json, "\n", &github, "\n"].concat();
    }
    text
}

fn one(text: &str, marked: &str) -> String {
    let files = Memory::unix([("/app/src/a.ts", text)]);
    forms(&files, &[pointed("src/a.ts", text, marked)])
}

#[test]
fn sources_of_all_kinds_are_pointed_into() {
    snapshots("render").bind(|| {
        insta::assert_snapshot!("plain", one("let a = 1;\nlet bad = 2;\nlet c = 3;\n", "bad"));
        insta::assert_snapshot!("crlf", one("let a = 1;\r\nlet bad = 2;\r\nlet c = 3;\r\n", "bad"));
        insta::assert_snapshot!("lone_cr", one("let a = 1;\rlet bad = 2;\rlet c = 3;\r", "bad"));
        insta::assert_snapshot!("byte_order_mark", one("\u{feff}let bad = 2;\n", "bad"));
        insta::assert_snapshot!("emoji", one("/* 😀👩‍👩‍👧 */ let 日本 = bad;\n", "bad"));
        insta::assert_snapshot!("tabs", one("\tif (a) {\n\t\tlet bad\t= 2;\n\t}\n", "bad\t="));
    });
}

#[test]
fn ends_of_lines_and_files_are_pointed_at() {
    let at_end = |text: &str| {
        let files = Memory::unix([("/app/src/a.ts", text)]);
        let end = span(text.len(), 0);
        let diagnostic =
            Diagnostic::error("K001", &SourcePath::new("src/a.ts"), Some(end), "`}` is missing")
                .label("here");
        forms(&files, &[diagnostic])
    };
    snapshots("render").bind(|| {
        insta::assert_snapshot!("end_without_newline", at_end("function f() {"));
        insta::assert_snapshot!("end_after_newline", at_end("function f() {\n"));
        insta::assert_snapshot!("end_after_crlf", at_end("function f() {\r\n"));
        insta::assert_snapshot!("empty_file", at_end(""));
        insta::assert_snapshot!("end_of_line", one("a = 1\nb = 2\n", "\n"));
        insta::assert_snapshot!("start_of_line", {
            let files = Memory::unix([("/app/src/a.ts", "one\ntwo\nthree\n")]);
            let mut diagnostic = pointed("src/a.ts", "one\ntwo\nthree\n", "two");
            diagnostic.span = Some(span(4, 0));
            forms(&files, &[diagnostic])
        });
    });
}

#[test]
fn spans_over_several_lines_are_bracketed_or_shortened() {
    let long = "  step();\n".repeat(30);
    snapshots("render").bind(|| {
        insta::assert_snapshot!(
            "several_lines",
            one("a(\n  b,\n  c,\n);\nd;\n", "a(\n  b,\n  c,\n)")
        );
        insta::assert_snapshot!(
            "many_lines",
            one(&format!("f(() => {{\n{long}}});\n"), &format!("f(() => {{\n{long}}})"))
        );
        insta::assert_snapshot!("ends_at_line_start", one("one\ntwo\nthree\n", "one\n"));
    });
}

#[test]
fn long_lines_are_cut_around_the_label() {
    let line = "é".repeat(5_000);
    snapshots("render").bind(|| {
        insta::assert_snapshot!("long_line", one(&format!("{line}bad{line}\n"), "bad"));
        insta::assert_snapshot!("long_span", one(&format!("x{line}y\n"), &line));
    });
}

#[test]
fn nothing_in_a_source_or_a_name_controls_the_terminal() {
    let text = "let a\u{1b}[31m = bad; // \u{202e}\u{0}\u{2028}x\u{7f}\n";
    let files = Memory::unix([("/app/src/\u{1b}[2J\n.ts", text)]);
    let mut diagnostic = pointed("src/\u{1b}[2J\n.ts", text, "bad");
    diagnostic.message = "\u{1b}[31mred\u{7}".to_owned();
    let all = forms(&files, &[diagnostic]);
    assert!(!all.contains('\u{1b}') && !all.contains('\u{202e}') && !all.contains('\u{7}'));
    snapshots("render").bind(|| insta::assert_snapshot!("control_characters", all));
}

#[test]
fn related_places_are_shown_in_this_file_and_in_others() {
    let (a, b) =
        ("export function get() {}\n\n\n\n\n\n\nfunction get() {}\n", "function get() {}\r\n");
    let files = Memory::unix([("/app/src/a.ts", a), ("/app/src/b.ts", b)]);
    let diagnostic = Diagnostic::error(
        "K050",
        &SourcePath::new("src/a.ts"),
        Some(span(a.rfind("get").expect("there"), 3)),
        "three routes are named `get`",
    )
    .label("this one is not the first")
    .help("rename one: `@backend({ name: 'other' })`")
    .related(&SourcePath::new("src/a.ts"), span(16, 3), "the first one")
    .related(&SourcePath::new("src/b.ts"), span(9, 3), "another one");
    snapshots("render").bind(|| insta::assert_snapshot!("related", forms(&files, &[diagnostic])));
}

#[test]
fn a_diagnostic_about_a_whole_file_names_it() {
    let files = Memory::unix([("/app/src/a.ts", "x")]);
    let file = SourcePath::new("src/a.ts");
    let all = [
        Diagnostic::warning("K100", &file, None, "it is odd").help("look at it"),
        Diagnostic::error("K098", &SourcePath::new(""), None, "there are no sources"),
        Diagnostic::error("K102", &file, None, "two of a kind").related(
            &SourcePath::new("src/gone.ts"),
            Span::default(),
            "the other file",
        ),
    ];
    snapshots("render").bind(|| insta::assert_snapshot!("whole_file", forms(&files, &all)));
}

#[test]
fn sources_that_are_gone_shorter_or_no_text_do_not_hide_the_message() {
    let files = Memory::unix([
        ("/app/src/short.ts", &b"x"[..]),
        ("/app/src/binary.ts", &b"let \xff\xfe = bad;"[..]),
    ]);
    let wrong = |file: &str, start| {
        Diagnostic::error("K021", &SourcePath::new(file), Some(span(start, 3)), "it is wrong")
            .label("here")
    };
    let all = [wrong("src/gone.ts", 4), wrong("src/short.ts", 999), wrong("src/binary.ts", 9)];
    snapshots("render").bind(|| insta::assert_snapshot!("unusable_sources", forms(&files, &all)));
}

#[test]
fn diagnostics_are_sorted_by_place_and_shown_once() {
    let at = |file: &str, start, code: &str| {
        Diagnostic::error(code, &SourcePath::new(file), Some(span(start, 1)), "x")
    };
    let whole = Diagnostic::warning("K100", &SourcePath::new("b.ts"), None, "x");
    let all = vec![
        at("b.ts", 9, "K021"),
        at("b.ts", 1, "K022"),
        at("a.ts", 5, "K023"),
        whole,
        at("b.ts", 9, "K021"),
        at("b.ts", 9, "K020"),
    ];
    let sorted = sort(all);
    let codes: Vec<&str> = sorted.iter().map(|diagnostic| diagnostic.code.as_str()).collect();
    assert_eq!(codes, ["K023", "K100", "K022", "K020", "K021"]);
    assert_eq!(count(&sorted), "4 errors, 1 warning");
    assert_eq!(count(&sorted[..1]), "1 error");
    assert_eq!(count(&[]), "");
}

#[test]
fn colour_and_width_are_as_asked() {
    let text = "let bad = 2;\n";
    let files = Memory::unix([("/app/src/a.ts", text)]);
    let mut diagnostic = pointed("src/a.ts", text, "bad");
    diagnostic.help = Some("many words ".repeat(30));
    let mut renderer = Renderer::new(&files, Path::new("/app"));
    let colored = renderer.human(&diagnostic, Style { color: true, width: 100 });
    assert!(colored.contains("\u{1b}["));
    let narrow = renderer.human(&diagnostic, Style { color: false, width: 40 });
    assert!(!narrow.contains('\u{1b}'));
    assert!(narrow.lines().all(|line| line.chars().count() <= 40), "{narrow}");
}

#[test]
fn any_span_in_any_text_can_be_shown() {
    let texts = [
        "",
        "\n",
        "\r",
        "a",
        "\r\n\r\n",
        "é😀\u{2028}\n\tx\r\ny",
        "\u{301}\u{200d}",
        "a\n\n\n\n\n\n\n\n\n\n\n\nb",
    ];
    for text in texts {
        let files = Memory::unix([("/app/a.ts", text)]);
        let mut renderer = Renderer::new(&files, Path::new("/app"));
        for start in 0..text.len() + 2 {
            for length in 0..text.len() + 3 - start.min(text.len()) {
                let diagnostic = Diagnostic::error(
                    "K001",
                    &SourcePath::new("a.ts"),
                    Some(span(start, length)),
                    "m",
                )
                .label("label")
                .related(&SourcePath::new("a.ts"), span(length, start), "other");
                let shown = renderer.human(&diagnostic, Style { color: false, width: 80 });
                assert!(
                    shown.contains("label") && shown.contains("other"),
                    "{text:?} {start} {length}: {shown}"
                );
                renderer.json(&diagnostic);
                renderer.github(&diagnostic, "");
            }
        }
    }
}

//! What can be wrong with a file before it is understood: K001–K019.

use crate::model::{SourcePath, Span, diagnostic::Diagnostic};

use super::names::AnnotationName;

/// K001. The parser's own message, at its exact place.
#[cold]
pub fn syntax(file: &SourcePath, span: Span, message: &str, help: Option<String>) -> Diagnostic {
    let diagnostic = Diagnostic::error("K001", file, Some(span), message).label("not valid here");
    match help {
        Some(help) => diagnostic.help(help),
        None => diagnostic,
    }
}

/// For a decorator that TypeScript does not allow where it stands.
#[cold]
pub fn help_for_decorator(name: &str) -> String {
    let nearest = AnnotationName::all()
        .map(AnnotationName::as_str)
        .map(|known| (strsim::damerau_levenshtein(known, name), known))
        .min();
    match nearest {
        Some((0, known)) => {
            format!("`{known}` is not Kontract's in this file: import it from 'kontract'")
        }
        Some((distance, known)) if distance <= 2.max(name.len() / 3) => {
            format!("did you mean `@{known}`?")
        }
        _ => "only Kontract's annotations may stand here, and decorators only on classes and \
              their members"
            .to_owned(),
    }
}

/// K002.
#[cold]
pub fn not_utf8(file: &SourcePath, at: usize, length: usize, byte: u8) -> Diagnostic {
    Diagnostic::error("K002", file, Some(place(at, length)), "the file is not UTF-8")
        .label(format!("byte 0x{byte:02X} is not valid here"))
        .help("save the file as UTF-8")
}

/// K002.
#[cold]
pub fn utf16(file: &SourcePath) -> Diagnostic {
    Diagnostic::error("K002", file, None, "the file is UTF-16, not UTF-8")
        .help("save the file as UTF-8")
}

/// K003.
#[cold]
pub fn binary(file: &SourcePath, at: usize) -> Diagnostic {
    // Its lines are not shown: a terminal should not get them.
    Diagnostic::error("K003", file, None, format!("the file is not text: byte {at} is NUL"))
        .help("exclude it with `[build] exclude` in kontract.toml")
}

/// K004.
#[cold]
pub fn too_large(file: &SourcePath, bytes: usize, limit: usize) -> Diagnostic {
    let message = format!(
        "the file is too large: {} MB, at most {} MB are read",
        bytes.div_ceil(1 << 20),
        limit >> 20
    );
    Diagnostic::error("K004", file, None, message).help(
        "move generated data to a JSON file, or exclude it with `[build] exclude` in kontract.toml",
    )
}

/// K005.
#[cold]
pub fn nested_too_deeply(file: &SourcePath, span: Span) -> Diagnostic {
    Diagnostic::error("K005", file, Some(span), "nested too deeply")
        .label("too many levels are open here")
        .help("name inner parts with `const` or `type`, or move generated data to a JSON file")
}

/// K005.
#[cold]
pub fn too_dense(file: &SourcePath) -> Diagnostic {
    Diagnostic::error("K005", file, None, "the file may be nested too deeply to be read safely")
        .help("split it, or move generated data to a JSON file")
}

/// K006.
#[cold]
pub fn unclosed_arguments(file: &SourcePath, name: Span, place: Span) -> Diagnostic {
    Diagnostic::error(
        "K006",
        file,
        Some(place),
        "the argument list of the annotation is not closed",
    )
    .label("this bracket does not match")
    .help("close every bracket: `@backend({ perm: perms.RW_ })`")
    .related(file, name, "the annotation begins here")
}

/// K007.
#[cold]
pub fn unsettled_annotation(file: &SourcePath, span: Span) -> Diagnostic {
    Diagnostic::error("K007", file, Some(span), "cannot tell whether this is an annotation")
        .label("code or text?")
        .help(
            "put it on a line of its own, or write the plain spelling: `backend({ … }, function)`",
        )
}

/// K008.
#[cold]
pub fn parser_failed(file: &SourcePath) -> Diagnostic {
    Diagnostic::error("K008", file, None, "the parser failed on this file")
        .help("check the file with `tsc`; if it is valid TypeScript, this is a bug of the compiler")
}

/// K009.
#[cold]
pub fn unreadable_arguments(file: &SourcePath, span: Span, message: &str) -> Diagnostic {
    Diagnostic::error("K009", file, Some(span), format!("in an annotation's arguments: {message}"))
        .label("here")
        .help("write one object, `({ perm: perms.RW_ })`, or keywords, `(perm=perms.RW_)`")
}

fn place(at: usize, length: usize) -> Span {
    let start = u32::try_from(at).unwrap_or(u32::MAX);
    Span::new(start, start.saturating_add(u32::try_from(length).unwrap_or(1)))
}

/// Added to the error that stopped the parser.
#[cold]
pub fn stopped(diagnostic: Diagnostic) -> Diagnostic {
    let help = match &diagnostic.help {
        Some(help) => format!("{help}; what follows was not read"),
        None => "what follows was not read".to_owned(),
    };
    diagnostic.help(help)
}

//! What the call graph has to say: K150–K159.

use crate::model::{SourcePath, Span, diagnostic::Diagnostic, perms};

/// An operation that a route's permission does not cover.
pub struct Uncovered<'a> {
    pub file: &'a SourcePath,
    pub span: Span,
    pub table: &'a str,
    pub operation: &'a str,
    pub needs: u8,
    /// The functions from the route to the operation.
    pub path: Vec<String>,
}

#[cold]
pub fn declared_narrower(
    file: &SourcePath,
    annotation: Span,
    route: &str,
    declared: u8,
    seen: u8,
    uncovered: &[Uncovered<'_>],
) -> Diagnostic {
    let what: Vec<String> =
        uncovered.iter().map(|u| format!("{} `{}`", doing(u.operation), u.table)).collect();
    let mut diagnostic = Diagnostic::error(
        "K150",
        file,
        Some(annotation),
        format!("`{route}` declares {}, but it {}", name(declared), what.join(" and ")),
    )
    .label(format!("does not cover {}", perms::letters(seen & !declared)))
    .help(format!(
        "declare {}, or leave `perm` out: it is then what the operations need",
        name(declared | seen)
    ));
    for u in uncovered {
        let letter = perms::letters(u.needs).replace('_', "");
        diagnostic = diagnostic.related(
            u.file,
            u.span,
            format!("needs {letter}, reached by {}", u.path.join(" → ")),
        );
    }
    diagnostic
}

#[cold]
pub fn permission_unknown(
    file: &SourcePath,
    annotation: Span,
    route: &str,
    seen: u8,
    first: (&SourcePath, Span, &str),
) -> Diagnostic {
    Diagnostic::warning(
        "K151",
        file,
        Some(annotation),
        format!("`{route}` declares no permission, and what it does cannot all be seen"),
    )
    .label(format!("taken as {}, which is what can be seen", name(seen)))
    .related(first.0, first.1, format!("not followed: {}", first.2))
    .help("write `perm` with what the function needs")
}

fn doing(operation: &str) -> &'static str {
    match operation {
        "set" | "update" | "push" => "writes to",
        "delete" | "pop" | "shift" => "removes from",
        _ => "reads",
    }
}

fn name(mask: u8) -> String {
    if mask == 0 { "no permission".to_owned() } else { format!("`perms.{}`", perms::letters(mask)) }
}

//! What there is to say of types that TypeScript was to resolve: K170–K179.

use super::{Failure, Refusal, RefusalKind};
use crate::model::{SourcePath, Span, diagnostic::Diagnostic};

/// It says that a type is not known because of what TypeScript said, or did not.
pub fn is_unanswered(diagnostic: &Diagnostic) -> bool {
    let number = diagnostic.code.strip_prefix('K').and_then(|code| code.parse().ok());
    number.is_some_and(|number: u16| CODES.contains(&number))
}

/// `what` (the type in words) could not be asked for.
#[cold]
pub fn not_asked(file: &SourcePath, span: Span, what: &str, failure: &Failure) -> Diagnostic {
    let (code, message, help) = match failure {
        Failure::Missing => (
            "K170",
            format!("only TypeScript can tell what {what} is, and it is not installed"),
            "run `npm install --save-dev typescript`, or write the type out".to_owned(),
        ),
        Failure::TooOld(version) => (
            "K170",
            format!("only TypeScript can tell what {what} is, and version {version} is too old"),
            "install TypeScript 5, 6 or 7, or write the type out".to_owned(),
        ),
        Failure::NoNode(error) => (
            "K171",
            format!(
                "only TypeScript can tell what {what} is, and Node.js cannot be started: {error}"
            ),
            "put `node` on the PATH, or write the type out".to_owned(),
        ),
        Failure::TimedOut => (
            "K172",
            format!("TypeScript did not say in time what {what} is"),
            "write the type out".to_owned(),
        ),
        Failure::Broken(error) => (
            "K172",
            format!("TypeScript was asked what {what} is, and failed: {error}"),
            "check that `npx tsc` runs here, or write the type out".to_owned(),
        ),
        Failure::NoDisk => (
            "K170",
            format!("only TypeScript can tell what {what} is, and it cannot see these files"),
            "write the type out".to_owned(),
        ),
    };
    Diagnostic::error(code, file, Some(span), message).label("computed by TypeScript").help(help)
}

/// TypeScript resolved `what`, and the result does not travel.
#[cold]
pub fn refused(file: &SourcePath, span: Span, what: &str, refusal: &Refusal) -> Diagnostic {
    let Refusal { kind, what: part, path, complaint } = refusal;
    let at = if path.is_empty() { String::new() } else { format!(" at `{path}`") };
    let (code, message, help) = match kind {
        RefusalKind::Unresolved => (
            "K174",
            match complaint {
                Some(complaint) => format!("TypeScript cannot resolve {what}: {complaint}"),
                None => {
                    format!("TypeScript cannot resolve {what}: nothing is known of `{part}`{at}")
                }
            },
            "check it with tsc: imports, installed packages and names".to_owned(),
        ),
        RefusalKind::Unsupported => (
            "K175",
            format!("{what} comes to a type that cannot travel: it holds {}{at}", holds(part)),
            "leave that out with `Omit`, or write out what should travel".to_owned(),
        ),
        RefusalKind::Pattern => (
            "K176",
            format!("{what} comes to a pattern of texts{at}, which nothing would check: {part}"),
            "use `string` and check it in the function, or list the texts".to_owned(),
        ),
        RefusalKind::Generic => (
            "K177",
            format!("{what} depends on a type parameter that is open here: {part}{at}"),
            "give the type parameter a type, or write the type out".to_owned(),
        ),
        RefusalKind::Deep | RefusalKind::Large => (
            "K178",
            format!("{what} comes to a type of more than {part}"),
            "name its parts as interfaces, or write out what should travel".to_owned(),
        ),
    };
    Diagnostic::error(code, file, Some(span), message).label("computed by TypeScript").help(help)
}

fn holds(what: &str) -> String {
    match what {
        "function" => "a function".to_owned(),
        "symbol" | "object" => format!("`{what}`"),
        other => other.to_owned(),
    }
}

const CODES: std::ops::RangeInclusive<u16> = 170..=179;

//! The one place that calls the parser.

use std::{
    cell::Cell,
    panic::{self, AssertUnwindSafe},
    sync::Once,
};

use rustc_hash::FxHashSet;
use swc_common::{
    BytePos, Spanned,
    comments::{Comments, SingleThreadedComments},
    input::StringInput,
};
use swc_ecma_ast::{EsVersion, Expr, Module};
use swc_ecma_parser::{
    EsSyntax, Lexer, Parser, Syntax, TsSyntax,
    error::{Error, SyntaxError},
};

use crate::model::{SourcePath, Span, diagnostic::Diagnostic};

use super::diagnostics;

/// How one parse ended. The tree is there unless the last error was fatal.
pub struct Outcome {
    pub module: Option<Module>,
    pub comments: SingleThreadedComments,
    pub errors: Vec<Error>,
    /// Where the parser gave up.
    pub fatal: Option<Span>,
}

/// The parser panicked.
pub struct Panicked;

/// The language of a file, by its extension.
pub fn syntax(file: &SourcePath) -> Syntax {
    let path = file.as_str();
    let is = |extension: &str| path.ends_with(extension);
    if is(".js") || is(".jsx") || is(".mjs") || is(".cjs") {
        return Syntax::Es(EsSyntax {
            jsx: true,
            decorators: true,
            decorators_before_export: true,
            auto_accessors: true,
            explicit_resource_management: true,
            import_attributes: true,
            ..EsSyntax::default()
        });
    }
    Syntax::Typescript(TsSyntax {
        tsx: is(".tsx"),
        decorators: true,
        dts: is(".d.ts") || is(".d.mts") || is(".d.cts"),
        ..TsSyntax::default()
    })
}

pub fn parse_module(syntax: Syntax, text: &str) -> Result<Outcome, Panicked> {
    let comments = SingleThreadedComments::default();
    let (module, errors, fatal) = quietly(|| {
        let input = StringInput::new(text, position(0), position(text.len()));
        let lexer = Lexer::new(syntax, EsVersion::EsNext, input, Some(&comments as &dyn Comments));
        let mut parser = Parser::new_from(lexer);
        let result = parser.parse_module();
        let mut errors = parser.take_errors();
        match result {
            Ok(module) => (Some(module), errors, None),
            Err(error) => {
                let fatal = super::span(error.span());
                errors.push(error);
                (None, errors, Some(fatal))
            }
        }
    })?;
    Ok(Outcome { module, comments, errors, fatal })
}

/// Parses `text[start..end]` as one expression, at its true positions.
pub fn parse_expression(
    syntax: Syntax,
    text: &str,
    start: usize,
    end: usize,
) -> Result<(Option<Box<Expr>>, Vec<Error>), Panicked> {
    quietly(|| {
        let input = StringInput::new(&text[start..end], position(start), position(end));
        let mut parser = Parser::new_from(Lexer::new(syntax, EsVersion::EsNext, input, None));
        let result = parser.parse_expr();
        let mut errors = parser.take_errors();
        match result {
            Ok(expression) => (Some(expression), errors),
            Err(error) => {
                errors.push(error);
                (None, errors)
            }
        }
    })
}

/// The parser's errors, each once, in source order.
pub fn diagnostics(file: &SourcePath, text: &str, errors: &[Error]) -> Vec<Diagnostic> {
    let mut found: Vec<Diagnostic> = Vec::new();
    let mut seen = FxHashSet::default();
    for error in errors {
        let diagnostic = bridge(file, text, error);
        if seen.insert((diagnostic.span, diagnostic.message.clone())) {
            found.push(diagnostic);
        }
    }
    found.sort_by_key(|diagnostic| diagnostic.span);
    found
}

fn bridge(file: &SourcePath, text: &str, error: &Error) -> Diagnostic {
    let span = clamp(text, super::span(error.span()));
    let message = error.kind().msg();
    match error.kind() {
        SyntaxError::WithLabel { inner, span: other, note } => {
            let span = clamp(text, super::span(inner.span()));
            diagnostics::syntax(file, span, &inner.kind().msg()).related(
                file,
                clamp(text, super::span(*other)),
                *note,
            )
        }
        _ => diagnostics::syntax(file, span, &message),
    }
}

/// Spans of the parser's errors may lie beyond the file's end.
fn clamp(text: &str, span: Span) -> Span {
    let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
    let start = span.start.min(length);
    Span::new(start, span.end.clamp(start, length))
}

fn position(offset: usize) -> BytePos {
    BytePos(u32::try_from(offset).map_or(u32::MAX, |offset| offset.saturating_add(1)))
}

/// Runs the parser; a panic of its own ends as an error, without a message on standard error.
fn quietly<T>(run: impl FnOnce() -> T) -> Result<T, Panicked> {
    INSTALLED.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !QUIET.get() {
                previous(info);
            }
        }));
    });
    let outer = QUIET.replace(true);
    let result = panic::catch_unwind(AssertUnwindSafe(run));
    QUIET.set(outer);
    result.map_err(|_| Panicked)
}

static INSTALLED: Once = Once::new();

thread_local! {
    /// This thread is inside the parser.
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

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

use super::{diagnostics, scan};

/// How one parse ended. The tree is there unless the last error was fatal.
pub struct Outcome {
    pub module: Option<Module>,
    pub comments: SingleThreadedComments,
    pub errors: Vec<Error>,
    /// Where the parser gave up.
    pub fatal: Option<Span>,
}

/// SWC panicked.
#[derive(Debug)]
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

/// The errors in a part of a text, read as a module of its own at its true position.
pub fn parse_text(syntax: Syntax, text: &str, start: usize) -> Result<Vec<Error>, Panicked> {
    quietly(|| {
        let input = StringInput::new(text, position(start), position(start + text.len()));
        let mut parser = Parser::new_from(Lexer::new(syntax, EsVersion::EsNext, input, None));
        let result = parser.parse_module();
        let mut errors = parser.take_errors();
        errors.extend(result.err());
        errors
    })
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
///
/// `stopped`: the last error ended the parse.
pub fn diagnostics(
    file: &SourcePath,
    text: &str,
    errors: &[Error],
    stopped: bool,
) -> Vec<Diagnostic> {
    let mut found: Vec<Diagnostic> = Vec::new();
    let mut seen = FxHashSet::default();
    for (index, error) in errors.iter().enumerate().rev() {
        let mut diagnostic = bridge(file, text, error);
        if stopped && index + 1 == errors.len() {
            diagnostic = diagnostics::stopped(diagnostic);
        }
        if seen.insert((diagnostic.span, diagnostic.message.clone())) {
            found.push(diagnostic);
        }
    }
    found.sort_by_key(|diagnostic| diagnostic.span);
    found
}

fn bridge(file: &SourcePath, text: &str, error: &Error) -> Diagnostic {
    if let SyntaxError::WithLabel { inner, span: other, note } = error.kind() {
        return bridge(file, text, inner).related(file, clamp(text, super::span(*other)), *note);
    }
    let span = clamp(text, super::span(error.span()));
    let mut message = error.kind().msg().into_owned();
    // The parser's messages are sentences with or without an end.
    if message.ends_with('.') {
        message.pop();
    }
    diagnostics::syntax(file, span, &message, help(text, span, error.kind()))
}

/// What to write instead, where that can be told from the error.
fn help(text: &str, span: Span, kind: &SyntaxError) -> Option<String> {
    if let Some(rest) = text[span.start as usize..].strip_prefix('@') {
        return Some(diagnostics::help_for_decorator(&rest[..scan::word_end(rest, 0)]));
    }
    Some(match kind {
        SyntaxError::Eof => UNCLOSED.to_owned(),
        SyntaxError::Expected(_, got) if got.contains("eof") => UNCLOSED.to_owned(),
        SyntaxError::Unexpected { got, .. } if got.contains("eof") => UNCLOSED.to_owned(),
        SyntaxError::Expected(token, _) => format!("write `{token}` before this"),
        SyntaxError::ExpectedSemi
        | SyntaxError::ExpectedSemiForExprStmt { .. }
        | SyntaxError::TS1005 => {
            "end the statement before this with `;` or a line break".to_owned()
        }
        SyntaxError::UnterminatedStrLit => {
            "close the string on its line, or use a template: `…`".to_owned()
        }
        SyntaxError::UnterminatedTpl => "close the template with `` ` ``".to_owned(),
        SyntaxError::UnterminatedBlockComment => "close the comment with `*/`".to_owned(),
        SyntaxError::UnterminatedRegExp => "close the regular expression with `/`".to_owned(),
        SyntaxError::JSXExpectedClosingTag { tag } => format!("write `</{tag}>` before this"),
        SyntaxError::JSXExpectedClosingTagForLtGt => "write `</>` before this".to_owned(),
        SyntaxError::UnterminatedJSXContents => "close the element with its end tag".to_owned(),
        SyntaxError::NullishCoalescingWithLogicalOp => {
            "put one of the operators and its operands in parentheses".to_owned()
        }
        SyntaxError::ConstDeclarationsRequireInitialization => {
            "give it a value: `const name = …`".to_owned()
        }
        SyntaxError::AwaitInFunction => "make the function `async`".to_owned(),
        SyntaxError::TS1185 => "resolve the merge conflict".to_owned(),
        _ => return None,
    })
}

/// Spans of the parser's errors may lie beyond the file's end or inside a character.
fn clamp(text: &str, span: Span) -> Span {
    let within = |at: u32| (at as usize).min(text.len());
    let start = text.floor_char_boundary(within(span.start));
    let end = text.ceil_char_boundary(within(span.end)).max(start);
    Span::new(u32::try_from(start).unwrap_or(u32::MAX), u32::try_from(end).unwrap_or(u32::MAX))
}

fn position(offset: usize) -> BytePos {
    BytePos(u32::try_from(offset).map_or(u32::MAX, |offset| offset.saturating_add(1)))
}

/// Runs code of SWC; a panic of its own ends as an error, without a message on standard error.
pub fn quietly<T>(run: impl FnOnce() -> T) -> Result<T, Panicked> {
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

const UNCLOSED: &str = "close the bracket, string or template that is still open";

static INSTALLED: Once = Once::new();

thread_local! {
    /// This thread is inside SWC.
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

//! From text to a syntax tree: decoding, the lift of Kontract's annotations, the parser.
//!
//! ```ts
//! // Input: what the developer wrote. No TypeScript parser reads all of this.
//! export @backend(perm=perms.RW_) async function rename(@int32 id: number) {}
//! interface User { @primkey id: string }
//!
//! // Output: a tree of the same text with the annotations blanked, every position unchanged …
//! export                          async function rename(       id: number) {}
//! interface User {          id: string }
//! // … and the three annotations beside it, each with its place and its arguments.
//! ```

pub mod diagnostics;
pub mod text;
pub mod nesting;
pub mod names;
mod scan;
mod swc;
mod dropped;
mod evidence;
mod lift;

use swc_common::comments::SingleThreadedComments;
use swc_ecma_ast::{ExprOrSpread, Module, ModuleItem};
use swc_ecma_parser::{EsSyntax, Syntax};

use crate::model::{SourcePath, Span, diagnostic::Diagnostic};

pub use names::{AnnotationName, ScalarKind, is_kontract};
pub use nesting::{STACK_BYTES, is_deeper};
pub use swc::quietly;
pub use text::{Text, decode};

/// A file's tree without Kontract's annotations, and the annotations.
pub struct Parsed {
    /// The tree of [`Parsed::text`]; `BytePos` is the byte offset plus one, see [`span`].
    pub module: Module,
    pub comments: SingleThreadedComments,
    /// In source order.
    pub annotations: Vec<Annotation>,
    /// The text that was parsed: as long as the input, with every annotation replaced by spaces
    /// byte for byte (line breaks stay). Columns in UTF-16 units must be counted in the input: an
    /// annotation may have held characters of several bytes.
    pub text: String,
    /// Nothing was lifted: `text` is the input.
    pub plain: bool,
}

/// One annotation as it stands in the file. Whether its place and its arguments make sense is
/// decided by who reads it.
#[derive(Clone, Debug)]
pub struct Annotation {
    pub name: AnnotationName,
    /// From `@` to the end of the argument list.
    pub span: Span,
    /// None without parentheses. Keyword arguments are assignments. Empty, too, where the
    /// arguments could not be parsed; a diagnostic says so.
    pub arguments: Option<Vec<ExprOrSpread>>,
    /// Where the first token after the annotation and its neighbours begins: comments, further
    /// annotations and the user's own decorators are skipped. The file's length at its end.
    pub anchor: u32,
}

impl Annotation {
    /// The name that its name begins with, in the text that it stands in: `k` of `@k.backend`.
    pub fn root<'a>(&self, text: &'a str) -> &'a str {
        let name = &text[self.span.start as usize + 1..self.span.end as usize];
        let start = scan::skip_trivia(name, 0);
        &name[start..scan::word_end(name, start)]
    }
}

/// Reads one file. The text must not begin with a byte order mark.
///
/// The tree is missing only where the parser could not recover; then there is at least one error.
/// Safe on any thread: where the stack at hand is too small for the file, a larger one is used.
/// What the tree is handed to must have [`STACK_BYTES`], as every later walk over it recurses.
pub fn parse(file: &SourcePath, text: &str) -> (Option<Parsed>, Vec<Diagnostic>) {
    lift::parse(file, text, false)
}

/// [`parse`] for a text that it has read without errors before: how long the parser may take for
/// it needs no second look.
pub fn parse_again(file: &SourcePath, text: &str) -> Option<Parsed> {
    lift::parse(file, text, true).0
}

/// Parses text of the compiler's own; its positions mean nothing.
pub fn generated(text: &str) -> Vec<ModuleItem> {
    let parsed = swc::parse_module(Syntax::Es(EsSyntax::default()), text);
    parsed.ok().and_then(|parsed| parsed.module).map_or_else(Vec::new, |module| module.body)
}

/// The place of a node in the file. Nodes without a place (`DUMMY_SP`) are at its beginning.
pub fn span(span: swc_common::Span) -> Span {
    Span::new(span.lo.0.saturating_sub(1), span.hi.0.saturating_sub(1))
}

#[cfg(test)]
mod tests;

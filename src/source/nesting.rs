//! Deep nesting must never overflow a stack, in the parser or behind it.
//!
//! The parser, every walk over the tree, the printer and even `Drop` recurse as deeply as the
//! source nests. So a file is parsed on a stack that suffices for the worst its bytes allow, and
//! a tree deeper than [`MAX_DEPTH`] is refused before anything else sees it. Both are decided by
//! counting: the parser goes one level deeper only on a bracket, an operator or a word before a
//! space, wherever these stand. The count needs no idea of what is a comment or a string, and
//! so cannot be misled; where it says that the tree might be too deep, the tree is measured.

use std::{
    cell::Cell,
    panic::{self, AssertUnwindSafe},
};

use memchr::memmem;
use swc_common::Spanned;
use swc_ecma_ast::{
    AssignTarget, Expr, JSXElement, JSXFragment, JSXMemberExpr, ModuleDecl, Pat,
    SimpleAssignTarget, Stmt, TsEntityName, TsNamespaceDecl, TsType,
};
use swc_ecma_visit::{Visit, VisitWith};

use crate::model::Span;

use super::scan::{Kind, Scan};

/// The stack that every thread needs that walks over a tree of this module, prints or drops it.
///
/// Measured with trees of one kind, in bytes of stack per level (build without optimization of
/// this crate, dependencies at level 1): printing at most 2 500, removing types 1 000, cloning and
/// dropping 250. [`MAX_DEPTH`] levels of the worst kind take 20 MB; the rest is for walks that were
/// not measured.
pub const STACK_BYTES: usize = 64 * 1024 * 1024;

/// Nested expressions, statements, types and patterns. `a + b + c` and `a.b().c()` nest, too: a
/// level for each operator, call and member. Written by hand, code stays below 100, and string
/// concatenations below a few thousand.
pub const MAX_DEPTH: usize = 8_000;

/// What a text's bytes allow.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Weight {
    /// Brackets that may nest.
    brackets: usize,
    /// Operators, and words before a space (`new new new A`).
    others: usize,
}

/// The parser would need more stack than can be had.
#[derive(Debug)]
pub struct OutOfStack;

impl Weight {
    pub fn of(text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut weight = Self { brackets: 0, others: 0 };
        // Short chunks, so that the compiler can count in vectors of bytes.
        for (index, chunk) in bytes.chunks(CHUNK).enumerate() {
            let behind = &bytes[(index * CHUNK + 1).min(bytes.len())..];
            let (mut brackets, mut others) = (0_u8, 0_u8);
            for byte in chunk {
                brackets += u8::from(is_bracket(*byte));
                others += u8::from(is_operator(*byte));
            }
            weight.brackets += usize::from(brackets);
            weight.others += usize::from(others);
            let mut words = 0_u8;
            for (byte, next) in chunk.iter().zip(behind) {
                words += u8::from(is_letter(*byte) & ends_word(*next));
            }
            weight.others += usize::from(words);
        }
        weight
    }

    /// Whether a tree of this text needs no measuring. (`typeof[typeof[` makes two levels of a
    /// bracket: twice [`MAX_DEPTH`] is what such a tree can reach, and well within
    /// [`STACK_BYTES`].)
    pub fn is_shallow(self) -> bool {
        self.brackets + self.others < MAX_DEPTH - ROOT_LEVELS
    }

    /// Runs the parser, and whatever else walks over a tree not yet measured, on a stack that
    /// suffices for this text.
    pub fn run<T>(self, run: impl FnOnce() -> T) -> Result<T, OutOfStack> {
        let needed = self.brackets * BRACKET_BYTES + self.others * OTHER_BYTES + ROOT_BYTES;
        if stacker::remaining_stack().is_some_and(|remaining| remaining >= needed) {
            return Ok(run());
        }
        if needed > MAX_STACK_BYTES {
            return Err(OutOfStack);
        }
        // Memory is taken from the system only as far as the stack is really used. Where not even
        // the addresses can be had, `stacker` panics before it calls.
        let called = Cell::new(false);
        let run = || {
            called.set(true);
            run()
        };
        panic::catch_unwind(AssertUnwindSafe(|| stacker::grow(needed, run))).map_err(|panic| {
            if called.get() {
                panic::resume_unwind(panic);
            }
            OutOfStack
        })
    }
}

/// Where a text nests so that the parser would need minutes for it. The parser tries several
/// readings where a `<` may open type arguments or a cast: its time grows with the square of how
/// many of them follow each other, and threefold with each that is nested in another's brackets,
/// most of all in default values: `a<([b = a<([b = …`.
///
/// A heuristic on tokens, unlike the rest of this module: it guards the time, not the memory.
pub fn too_slow(text: &str, jsx: bool, weight: Weight) -> Option<Span> {
    let angles = memchr::memchr_iter(b'<', text.as_bytes()).count();
    let suspicious = angles > MAX_ANGLES
        || weight.brackets > MAX_BRACKETS
        || (!weight.is_shallow()
            && memmem::find_iter(text.as_bytes(), b"else").nth(MAX_ELSES).is_some())
        || (angles > MAX_NESTED_DEFAULTS && nests_behind_angles(text.as_bytes()));
    if !suspicious {
        return None;
    }
    let mut scan = Scan::new(text, jsx, None);
    // Per open bracket, the outermost for the file itself.
    let mut levels = vec![Level::default()];
    let (mut angles, mut nested, mut defaults) = (0, 0, 0);
    let mut previous = (Kind::End, 0);
    loop {
        let operand = scan.after_operand();
        let token = scan.next();
        let first = text.as_bytes().get(token.start).copied().unwrap_or_default();
        let depth = scan.depth() + 1;
        while levels.len() > depth {
            let level = levels.pop().unwrap_or_default();
            angles -= level.angles;
            nested -= usize::from(level.nested);
            defaults -= usize::from(level.in_default);
        }
        let separated = match token.kind {
            Kind::End => return None,
            Kind::Operator => matches!(first, b',' | b';'),
            // A statement or member that begins without a separator before it.
            Kind::Word | Kind::Literal => {
                operand && scan.after_line_break() || previous == (Kind::Close, b'}')
            }
            _ => false,
        };
        while levels.len() < depth {
            let outer = levels.last().copied().unwrap_or_default();
            let level = Level {
                nested: outer.angles > 0,
                in_default: outer.default_angle,
                ..Level::default()
            };
            nested += usize::from(level.nested);
            defaults += usize::from(level.in_default);
            levels.push(level);
        }
        let word = if token.kind == Kind::Word { &text[token.start..token.end] } else { "" };
        if let Some(level) = levels.last_mut() {
            if separated {
                angles -= std::mem::take(&mut level.angles);
                (level.declaration, level.default, level.default_angle) = (false, false, false);
            }
            level.declaration |= matches!(word, "const" | "let" | "var" | "type" | "return");
            if token.kind == Kind::Operator && first == b'<' {
                level.angles += 1;
                angles += 1;
                level.default_angle |= level.default;
            }
            if token.kind == Kind::Operator && first == b'=' && token.end - token.start == 1 {
                level.default |= !level.declaration;
            }
            if word == "else" {
                level.elses += 1;
            } else if matches!(previous.1, b';' | b'}') {
                level.elses = 0;
            }
            if depth > MAX_BRACKETS
                || angles > MAX_ANGLES
                || nested > MAX_NESTED_ANGLES
                || defaults > MAX_NESTED_DEFAULTS
                || level.elses > MAX_ELSES
            {
                return Some(Span::new(
                    u32::try_from(token.start).unwrap_or(u32::MAX),
                    u32::try_from(token.end).unwrap_or(u32::MAX),
                ));
            }
        }
        previous = (token.kind, first);
    }
}

/// Whether more than [`MAX_NESTED_DEFAULTS`] brackets are open at once that a `<` stands before, in
/// code or text: what most files can be acquitted by without telling code from text.
fn nests_behind_angles(bytes: &[u8]) -> bool {
    let mut stack: Vec<(bool, bool)> = Vec::with_capacity(64);
    let (mut behind, mut nested, mut count) = (false, false, 0);
    for (at, byte) in bytes.iter().enumerate() {
        if !INTERESTING[usize::from(*byte)] {
            continue;
        }
        match byte {
            b'<' => behind = true,
            b';' => behind = false,
            b'\n' => behind &= !begins_statement(bytes, at),
            b'(' | b'[' | b'{' => {
                stack.push((behind, nested));
                nested = behind;
                count += usize::from(behind);
                behind = false;
                if count > MAX_NESTED_DEFAULTS {
                    return true;
                }
            }
            _ => {
                count -= usize::from(nested);
                (behind, nested) = stack.pop().unwrap_or_default();
            }
        }
    }
    false
}

/// Whether the line break at `at` ends a statement, going by the characters around it.
fn begins_statement(bytes: &[u8], at: usize) -> bool {
    let ends = bytes[..at].iter().rev().take(80).find(|byte| **byte > b' ');
    let begins = bytes[at..].iter().take(80).find(|byte| **byte > b' ');
    ends.is_some_and(|byte| {
        byte.is_ascii_alphanumeric()
            || matches!(byte, b'_' | b')' | b']' | b'}' | b'>' | b'\'' | b'"' | b'`')
    }) && begins
        .is_some_and(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'@' | b'}'))
}

const INTERESTING: [bool; 256] = {
    let mut table = [false; 256];
    let bytes = b"<;\n()[]{}";
    let mut at = 0;
    while at < bytes.len() {
        table[bytes[at] as usize] = true;
        at += 1;
    }
    table
};

#[derive(Clone, Copy, Default)]
#[allow(clippy::struct_excessive_bools)] // Independent facts, not states.
struct Level {
    /// `<` since the last separator, closed or not.
    angles: usize,
    /// The bracket was opened behind such a `<`.
    nested: bool,
    /// … and behind an `=` before that.
    in_default: bool,
    /// Since the last separator: a declaring word; an `=` without one; a `<` behind that.
    declaration: bool,
    default: bool,
    default_angle: bool,
    /// `else` in one chain.
    elses: usize,
}

/// The first place in the tree that is deeper than [`MAX_DEPTH`].
pub fn too_deep(node: &impl VisitWith<Depth>) -> Option<Span> {
    deeper_than(node, MAX_DEPTH)
}

pub fn is_deeper(node: &impl VisitWith<Depth>, limit: usize) -> bool {
    deeper_than(node, limit).is_some()
}

fn deeper_than(node: &impl VisitWith<Depth>, limit: usize) -> Option<Span> {
    let mut depth = Depth { limit, level: 0, found: None };
    node.visit_with(&mut depth);
    depth.found
}

pub struct Depth {
    limit: usize,
    level: usize,
    found: Option<Span>,
}

impl Depth {
    fn enter<N: Spanned + VisitWith<Self>>(&mut self, node: &N) {
        if self.level == self.limit {
            self.found.get_or_insert_with(|| super::span(node.span()));
        }
        if self.found.is_none() {
            self.level += 1;
            node.visit_children_with(self);
            self.level -= 1;
        }
    }
}

macro_rules! count {
    ($($method:ident: $node:ty),+ $(,)?) => {
        impl Visit for Depth {
            $(fn $method(&mut self, node: &$node) {
                self.enter(node);
            })+
        }
    };
}

count! {
    visit_expr: Expr,
    visit_stmt: Stmt,
    visit_pat: Pat,
    visit_ts_type: TsType,
    visit_module_decl: ModuleDecl,
    visit_assign_target: AssignTarget,
    visit_simple_assign_target: SimpleAssignTarget,
    visit_jsx_element: JSXElement,
    visit_jsx_fragment: JSXFragment,
    visit_jsx_member_expr: JSXMemberExpr,
    visit_ts_entity_name: TsEntityName,
    visit_ts_namespace_decl: TsNamespaceDecl,
}

fn is_bracket(byte: u8) -> bool {
    matches!(byte, b'(' | b'[' | b'{' | b'<' | b'>' | b'`')
}

fn is_operator(byte: u8) -> bool {
    matches!(
        byte,
        b'!' | b'%'
            | b'&'
            | b'*'
            | b'+'
            | b'-'
            | b'.'
            | b'/'
            | b':'
            | b'='
            | b'?'
            | b'@'
            | b'^'
            | b'|'
            | b'~'
    )
}

fn is_letter(byte: u8) -> bool {
    (byte | 0x20).wrapping_sub(b'a') < 26
}

/// Spaces of any kind, and what begins one beyond ASCII. Between two words without a bracket or
/// an operator nothing else can stand.
fn ends_word(byte: u8) -> bool {
    byte <= b' ' || byte >= 0x80
}

/// Bytes of the parser's stack, measured like those of [`STACK_BYTES`]: at most 4 600 per bracket
/// (3 700 in release builds) and 1 000 per operator or word.
const BRACKET_BYTES: usize = 8 * 1024;
const OTHER_BYTES: usize = 1536;
const ROOT_BYTES: usize = 512 * 1024;

/// Addresses, not memory. A source of 4 MB has to be nothing but brackets to need more.
const MAX_STACK_BYTES: usize = 8 << 30;

/// In the sources of tests/corpus, rich in types: at most 22 brackets, 32 `<`, 5 of them nested,
/// and chains of 8 `else`.
const MAX_BRACKETS: usize = 4_000;
const MAX_ANGLES: usize = 500;
const MAX_NESTED_ANGLES: usize = 16;
const MAX_NESTED_DEFAULTS: usize = 7;
const MAX_ELSES: usize = 5_000;

/// Levels that need neither bracket nor operator: a statement and its expression.
const ROOT_LEVELS: usize = 16;

const CHUNK: usize = 192;

#[cfg(test)]
mod tests;

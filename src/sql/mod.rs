//! The SQL of `exec`: whether a statement reads one table and nothing else, and what is run in its
//! place.
//!
//! Input: `SELECT data->>'name' n FROM users WHERE (data->>'age')::int > $1`
//! Output: `SELECT "data" ->> 'name' AS "n" FROM "users" WHERE ("data" ->> 'age')::INT > $1`
//!
//! The output is printed from the tree that was checked, so that it does not matter how PostgreSQL
//! would have read the input. What the printer of `sqlparser` cannot be relied on for is settled in
//! the tree before: names are in quotes, texts with quotes or backslashes are `E''`, operands are in
//! parentheses. No I/O; a statement that is not understood is refused.

mod allowed;
mod compare;
mod fault;
mod grammar;
mod position;
mod scope;
mod walk;

use std::{collections::BTreeMap, ops::Range};

use sqlparser::{
    ast::Statement as Tree,
    dialect::PostgreSqlDialect,
    parser::{Parser, ParserError},
    tokenizer::{Token, TokenWithSpan, Tokenizer},
};

pub use fault::{Fault, FaultKind};

use self::{position::Lines, walk::Walk};

/// A table as statements see it: the columns `id` and `data`.
pub struct Table<'a> {
    pub name: &'a str,
    /// The field that is the column `id`, and stands nowhere in `data`.
    pub key: &'a str,
    /// Whether the other fields, as far as they are known, hold numbers.
    pub numbers: BTreeMap<&'a str, bool>,
}

/// A statement that may be run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Statement {
    pub sql: String,
    /// How many parameters it has.
    pub parameters: usize,
    /// Its rows come in an order of its own.
    pub ordered: bool,
}

/// Reads a statement. `given`: of each parameter that it is called with whether that is a number,
/// where it can be told.
pub fn check(
    sql: &str,
    table: &Table<'_>,
    given: Option<&[bool]>,
) -> Result<Statement, Vec<Fault>> {
    if sql.len() > MAX_BYTES {
        return Err(vec![too_long(0..sql.len(), "16 KiB")]);
    }
    let lines = Lines::of(sql);
    // A chain of operators is a tree with as many levels.
    stacker::grow(STACK, || {
        let tree = parse(sql, &lines).map_err(|fault| vec![fault])?;
        canonical(sql, &lines, &tree, table, given)
    })
}

fn canonical(
    sql: &str,
    lines: &Lines<'_>,
    tree: &Tree,
    table: &Table<'_>,
    given: Option<&[bool]>,
) -> Result<Statement, Vec<Fault>> {
    let Ok(mut node) = serde_json::to_value(tree) else {
        return Err(vec![unreadable(0..sql.len(), "it cannot be understood")]);
    };
    let ordered = node.pointer("/Query/order_by").is_some_and(|order| !order.is_null());
    let mut walk = Walk::new(sql, lines, table, given);
    walk.statement(&mut node);
    let parameters = walk.finish()?;
    let faults = scope::check(&node, sql, lines, table.name);
    if !faults.is_empty() {
        return Err(faults);
    }
    match serde_json::from_value::<Tree>(node) {
        Ok(tree) => Ok(Statement { sql: tree.to_string(), parameters, ordered }),
        Err(_) => Err(vec![unreadable(0..sql.len(), "it cannot be understood")]),
    }
}

fn parse(sql: &str, lines: &Lines<'_>) -> Result<Tree, Fault> {
    let dialect = PostgreSqlDialect {};
    let tokens = Tokenizer::new(&dialect, sql).tokenize_with_location().map_err(|error| {
        let at = lines.offset(error.location.line, error.location.column);
        unreadable(at.filter(|at| *at < sql.len()).unwrap_or(0)..sql.len(), &error.message)
    })?;
    let words = tokens.iter().filter(|token| !matches!(token.token, Token::Whitespace(_)));
    if words.clone().count() > MAX_TOKENS {
        return Err(too_long(0..sql.len(), "2048 words and signs"));
    }
    check_end(sql, &tokens, lines)?;
    let parsed = Parser::new(&dialect).with_tokens_with_locations(tokens).parse_statements();
    let mut statements = parsed.map_err(|error| match error {
        ParserError::RecursionLimitExceeded => {
            unreadable(0..sql.len(), "it is nested more than 50 levels deep")
        }
        ParserError::TokenizerError(text) | ParserError::ParserError(text) => {
            located(sql, lines, &text)
        }
    })?;
    match (statements.pop(), statements.is_empty()) {
        (Some(statement), true) => Ok(statement),
        (None, _) => Err(not_one_select(0..sql.len(), "it is empty")),
        (Some(_), false) => Err(not_one_select(0..sql.len(), "these are several statements")),
    }
}

/// A `;` may only end the text.
fn check_end(sql: &str, tokens: &[TokenWithSpan], lines: &Lines<'_>) -> Result<(), Fault> {
    let mut tokens =
        tokens.iter().filter(|token| !matches!(token.token, Token::Whitespace(_) | Token::EOF));
    if !tokens.any(|token| token.token == Token::SemiColon) {
        return Ok(());
    }
    match tokens.next() {
        None => Ok(()),
        Some(next) => {
            let start = next.span.start;
            let at = lines.offset(start.line, start.column).unwrap_or(0);
            Err(not_one_select(at..sql.len(), "these are several statements"))
        }
    }
}

/// The parser says where in words: `… at Line: 1, Column: 45`.
fn located(sql: &str, lines: &Lines<'_>, text: &str) -> Fault {
    let (message, at) = text.rsplit_once(" at Line: ").map_or((text, None), |(message, place)| {
        let place = place.split_once(", Column: ");
        let number = |text: &str| text.trim().parse().ok();
        let at = place.and_then(|(line, column)| lines.offset(number(line)?, number(column)?));
        (message, at)
    });
    let at = at.unwrap_or(0).min(sql.len());
    let length = sql[at..].find(|c: char| c.is_whitespace() || ",();".contains(c));
    let end = length.filter(|length| *length > 0).map_or(sql.len(), |length| at + length);
    unreadable(at..end, &message.replace("Expected:", "expected").replace("found:", "found"))
}

#[cold]
fn unreadable(span: Range<usize>, reason: &str) -> Fault {
    let message = format!("the SQL cannot be read: {reason}");
    Fault::new(FaultKind::Unreadable, span, message, "here", "write one SELECT of PostgreSQL")
}

#[cold]
fn too_long(span: Range<usize>, limit: &str) -> Fault {
    let message = format!("the SQL is longer than {limit}");
    Fault::new(FaultKind::TooLong, span, message, "this text", "pass values as parameters")
}

#[cold]
fn not_one_select(span: Range<usize>, reason: &str) -> Fault {
    let message = format!("`exec` runs one SELECT: {reason}");
    let help = "write with `set`, `update` and `delete`; call `exec` once for each SELECT";
    Fault::new(FaultKind::NotOneSelect, span, message, "not one SELECT", help)
}

const MAX_BYTES: usize = 16 << 10;
const MAX_TOKENS: usize = 2048;
/// Measured without optimization: 12 KB a level, in trees of [`MAX_TOKENS`] levels.
const STACK: usize = 64 << 20;

#[cfg(test)]
mod tests;

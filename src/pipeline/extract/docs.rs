//! Doc comments.

use swc_common::{
    BytePos,
    comments::{Comment, CommentKind, Comments, SingleThreadedComments},
};

use crate::model::types::Docs;

/// The doc comment that leads the token at `position`: the last run of `///` lines, or the last
/// `/** … */`.
pub fn docs(comments: &SingleThreadedComments, position: BytePos) -> Option<Docs> {
    if !comments.has_leading(position) {
        return None;
    }
    text_of(&comments.get_leading(position)?)
}

/// The doc comment between the token before `position` and the one there, all in one line, as in
/// `{ /** The key. */ id: string; /** The name. */ name: string }`: to the parser it trails the
/// token before. A comment that ends its line belongs to what stands before it.
pub fn docs_in_line(
    comments: &SingleThreadedComments,
    text: &str,
    position: BytePos,
) -> Option<Docs> {
    let before = |to: usize| text.get(..to).map(|t| t.trim_end_matches([' ', '\t']));
    let comment = before((position.0 as usize).checked_sub(1)?)?;
    if !comment.ends_with("*/") {
        return None;
    }
    let start = comment.rfind("/*")?;
    if comment[start..].contains('\n') {
        return None;
    }
    let token = before(start)?;
    if !token.ends_with(['{', '(', ';', ',']) {
        return None;
    }
    let token = BytePos(u32::try_from(token.len()).ok()? + 1);
    text_of(&comments.get_trailing(token)?)
}

fn text_of(leading: &[Comment]) -> Option<Docs> {
    let last = leading.iter().rposition(is_doc)?;
    if leading[last].kind == CommentKind::Block {
        return non_empty(block_text(&leading[last].text));
    }
    let first = leading[..last]
        .iter()
        .rposition(|c| !is_doc(c) || c.kind == CommentKind::Block)
        .map_or(0, |i| i + 1);
    let lines: Vec<&str> = leading[first..=last]
        .iter()
        .map(|c| {
            let text = c.text[1..].trim_end();
            text.strip_prefix(' ').unwrap_or(text)
        })
        .collect();
    non_empty(lines.join("\n"))
}

fn is_doc(comment: &Comment) -> bool {
    match comment.kind {
        // `////` is a rule, not a doc comment.
        CommentKind::Line => comment.text.starts_with('/') && !comment.text.starts_with("//"),
        CommentKind::Block => comment.text.starts_with('*') && !comment.text.starts_with("**"),
    }
}

fn block_text(text: &str) -> String {
    let lines: Vec<&str> = text[1..]
        .lines()
        .map(|line| {
            let line = line.trim();
            let line = line.strip_prefix('*').unwrap_or(line);
            line.strip_prefix(' ').unwrap_or(line).trim_end()
        })
        .collect();
    lines.join("\n").trim().to_owned()
}

fn non_empty(text: String) -> Option<Docs> {
    (!text.trim().is_empty()).then_some(text)
}

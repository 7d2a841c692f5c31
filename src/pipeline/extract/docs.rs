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
    let leading = comments.get_leading(position)?;
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

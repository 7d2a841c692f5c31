//! Doc comments, as far as `OpenAPI` has a place for them.

use std::collections::BTreeMap;

/// A doc comment, taken apart.
#[derive(Default, Debug, PartialEq, Eq)]
pub struct Comment {
    /// All before the first tag.
    pub text: String,
    pub deprecated: bool,
    /// By the name of the parameter.
    pub parameters: BTreeMap<String, String>,
    pub returns: Option<String>,
}

/// Longer first lines are no summary.
const MAX_SUMMARY: usize = 120;

impl Comment {
    pub fn parse(docs: &str) -> Self {
        let mut comment = Self::default();
        let mut blocks: Vec<Vec<&str>> = vec![Vec::new()];
        let mut fenced = false;
        for line in docs.lines() {
            fenced ^= line.trim_start().starts_with("```");
            if line.trim_start().starts_with('@') && !fenced {
                blocks.push(Vec::new());
            }
            if let Some(block) = blocks.last_mut() {
                block.push(line);
            }
        }
        let mut blocks = blocks.into_iter().map(|lines| lines.join("\n").trim().to_owned());
        comment.text = blocks.next().unwrap_or_default();
        for block in blocks {
            let (tag, rest) = block.split_once(char::is_whitespace).unwrap_or((&block, ""));
            let rest = rest.trim();
            match tag {
                "@deprecated" => comment.deprecated = true,
                "@returns" | "@return" if !rest.is_empty() => {
                    comment.returns = Some(rest.to_owned());
                }
                "@param" => {
                    // `@param {string} name - text`
                    let rest = match rest.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
                        Some((_, rest)) => rest.trim_start(),
                        None => rest,
                    };
                    let (name, text) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
                    let text = text.trim().trim_start_matches('-').trim();
                    if !text.is_empty() {
                        comment.parameters.insert(name.to_owned(), text.to_owned());
                    }
                }
                _ => {}
            }
        }
        comment
    }

    /// The first sentence or line.
    pub fn summary(&self) -> Option<&str> {
        let line = self.text.lines().next()?.trim();
        let sentence = line.split_once(". ").map_or(line, |(first, _)| first);
        let summary = sentence.trim_end_matches('.').trim();
        (!summary.is_empty() && summary.chars().count() <= MAX_SUMMARY).then_some(summary)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_told_from_the_text() {
        let comment = Comment::parse(
            "Finds a user. By its id.\n\n@param id - which one,\n  exactly\n@param {number} max\n@returns the user\n@deprecated use `find`",
        );
        assert_eq!(comment.text, "Finds a user. By its id.");
        assert_eq!(comment.summary(), Some("Finds a user"));
        assert!(comment.deprecated);
        assert_eq!(comment.returns.as_deref(), Some("the user"));
        assert_eq!(comment.parameters["id"], "which one,\n  exactly");
        assert_eq!(comment.parameters.len(), 1);
    }

    #[test]
    fn code_is_no_tag() {
        let comment = Comment::parse("Like this:\n```ts\n@backend\n```");
        assert_eq!(comment.text, "Like this:\n```ts\n@backend\n```");
    }

    #[test]
    fn no_comment_has_no_summary() {
        assert_eq!(Comment::parse("").summary(), None);
        assert_eq!(Comment::parse("@deprecated").summary(), None);
    }
}

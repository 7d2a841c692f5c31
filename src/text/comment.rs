//! Doc comments, taken apart into their text and their tags (TSDoc and JSDoc).

use std::collections::BTreeMap;

/// A doc comment.
#[derive(Default, Debug, PartialEq, Eq)]
pub struct Comment {
    /// All before the first tag, and what `@remarks` says.
    pub text: String,
    /// What is said of it; empty where nothing is.
    pub deprecated: Option<String>,
    /// By the name of the parameter.
    pub parameters: BTreeMap<String, String>,
    pub returns: Option<String>,
    pub throws: Vec<String>,
    pub examples: Vec<String>,
    /// Other tags with what they say, such as `since` and `see`.
    pub others: Vec<(String, String)>,
}

/// Longer first lines are no summary.
const MAX_SUMMARY: usize = 120;

impl Comment {
    pub fn parse(docs: &str) -> Self {
        let mut comment = Self::default();
        let mut blocks = blocks(docs).into_iter();
        comment.text = blocks.next().unwrap_or_default();
        for block in blocks {
            let (tag, rest) = block.split_once(char::is_whitespace).unwrap_or((&block, ""));
            let rest = rest.trim();
            let text = || (!rest.is_empty()).then(|| rest.to_owned());
            match tag.trim_start_matches('@') {
                "deprecated" => comment.deprecated = Some(rest.to_owned()),
                "returns" | "return" => comment.returns = text().or(comment.returns),
                "param" | "arg" | "argument" => {
                    let (name, text) = parameter(rest);
                    if !text.is_empty() {
                        comment.parameters.insert(name.to_owned(), text.to_owned());
                    }
                }
                "throws" | "throw" | "exception" => comment.throws.extend(text()),
                "example" => comment.examples.extend(text()),
                "remarks" => {
                    let both = [comment.text.as_str(), rest].join("\n\n");
                    both.trim().clone_into(&mut comment.text);
                }
                tag => comment.others.push((tag.to_owned(), rest.to_owned())),
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

/// What stands before the first tag, and each tag with what follows it. In code there are no tags.
fn blocks(docs: &str) -> Vec<String> {
    let mut blocks: Vec<Vec<&str>> = vec![Vec::new()];
    let mut fence = None;
    for line in docs.lines() {
        let start = line.trim_start();
        let mark = ["```", "~~~"].into_iter().find(|mark| start.starts_with(mark));
        fence = match (fence, mark) {
            (None, mark) => mark,
            (Some(open), Some(mark)) if open == mark => None,
            (open, _) => open,
        };
        let tag = start.strip_prefix('@').is_some_and(|rest| rest.starts_with(char::is_alphabetic));
        if tag && fence.is_none() {
            blocks.push(vec![start]);
        } else if let Some(block) = blocks.last_mut() {
            block.push(line);
        }
    }
    blocks.into_iter().map(|lines| lines.join("\n").trim().to_owned()).collect()
}

/// `{string} name - text`, `[name=1] text`
fn parameter(rest: &str) -> (&str, &str) {
    let rest = match rest.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
        Some((_, rest)) => rest.trim_start(),
        None => rest,
    };
    let (name, text) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let name = name.trim_start_matches('[').trim_end_matches(']');
    let name = name.split_once('=').map_or(name, |(name, _)| name);
    (name, text.trim().trim_start_matches('-').trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_told_from_the_text() {
        let comment = Comment::parse(
            "Finds a user. By its id.\n\n@param id - which one,\n  exactly\n@param {number} max\n@param [page=1] where\n@returns the user\n@deprecated use `find`\n@throws {NotFoundError} where there is none\n@since 1.2",
        );
        assert_eq!(comment.text, "Finds a user. By its id.");
        assert_eq!(comment.summary(), Some("Finds a user"));
        assert_eq!(comment.deprecated.as_deref(), Some("use `find`"));
        assert_eq!(comment.returns.as_deref(), Some("the user"));
        assert_eq!(comment.parameters["id"], "which one,\n  exactly");
        assert_eq!(comment.parameters["page"], "where");
        assert_eq!(comment.parameters.len(), 2);
        assert_eq!(comment.throws, ["{NotFoundError} where there is none"]);
        assert_eq!(comment.others, [("since".to_owned(), "1.2".to_owned())]);
    }

    #[test]
    fn code_is_no_tag() {
        let comment = Comment::parse("Like this:\n```ts\n@backend\n~~~\n```\n@example\n@ home");
        assert_eq!(comment.text, "Like this:\n```ts\n@backend\n~~~\n```");
        assert_eq!(comment.examples, ["@ home"]);
    }

    #[test]
    fn tags_without_text_say_nothing() {
        let comment = Comment::parse("@deprecated\n@param\n@param id\n@returns\n@throws\n@example");
        let deprecated = Some(String::new());
        assert_eq!(comment, Comment { deprecated, ..Comment::default() });
        assert_eq!(Comment::parse("").summary(), None);
        assert_eq!(comment.summary(), None);
    }
}

//! Text of doc comments as Markdown that VitePress shows as it was written.
//!
//! Input: `Renames <b>one</b> {{ user }}, see [the notes](./notes.md).`
//! Output: `Renames \<b>one\</b> \{\{ user }}, see \[the notes](./notes.md).`
//!
//! Markdown stays Markdown. HTML becomes text, since a tag that is not closed, or a component that
//! nobody has registered, ends the build; so do links and images that lead into the site, whose
//! pages the author of a comment cannot know. What stands where is asked of a parser: in code
//! nothing is escaped.

use std::{fmt::Write as _, ops::Range};

use pulldown_cmark::{CodeBlockKind, Event, LinkType, OffsetIter, Options, Parser, Tag};

/// `links`: the link for `{@link name}`, where there is one.
pub type Links<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Paragraphs, lists, code: all that a doc comment holds.
pub fn blocks(text: &str, links: Links<'_>) -> String {
    let text = visible(text);
    let safe = settled(text.trim_matches('\n').to_owned(), links);
    if safe.contains("{{") || text.contains("{{") {
        return format!("<div v-pre>\n\n{safe}\n\n</div>");
    }
    safe
}

/// One line, as it stands in a cell of a table.
pub fn line(text: &str, links: Links<'_>) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    // Behind a word nothing can begin a list or a block of code.
    let text = format!("{GUARD}{}", visible(&words.join(" ")));
    let safe = settled(text.clone(), links);
    let safe = safe.strip_prefix(GUARD).unwrap_or(&safe).replace('|', "\\|");
    if text.contains("{{") { format!("<span v-pre>{safe}</span>") } else { safe }
}

/// Text that is no Markdown.
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in visible(text).chars() {
        match c {
            '{' | '<' | '&' | '|' => drop(write!(out, "&#{};", c as u32)),
            c if MARKS.contains(c) => out.extend(['\\', c]),
            '\n' => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// Code in a line, also in a cell of a table.
pub fn code(text: &str) -> String {
    let is_plain = !text.trim().is_empty() && !text.contains(['`', '|', '\n', '\\']);
    if is_plain && !text.contains("{{") && !text.contains("<!--") {
        return format!("`{}`", visible(text));
    }
    linked_code(&entities(text))
}

/// Code with links in it: `html` is HTML already.
pub fn linked_code(html: &str) -> String {
    format!("<code v-pre>{html}</code>")
}

/// Text as HTML that Markdown and Vue leave alone.
pub fn entities(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in visible(text).chars() {
        if c.is_ascii_alphanumeric() || !c.is_ascii() || " ,.;()?'=-+".contains(c) {
            out.push(c);
        } else {
            let _ = write!(out, "&#{};", c as u32);
        }
    }
    out
}

/// A block of code.
pub fn fence(language: &str, code: &str) -> String {
    let code = visible(code).replace(INCLUDE, HARMLESS_INCLUDE);
    let longest = code.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let mark = "`".repeat(longest.max(2) + 1);
    format!("{mark}{language}\n{}\n{mark}", code.trim_end())
}

/// What `@example` holds: Markdown where it has a fence, else code.
pub fn example(text: &str, links: Links<'_>) -> String {
    let fenced = text.lines().any(|line| {
        let line = line.trim_start();
        line.starts_with("```") || line.starts_with("~~~")
    });
    if fenced { blocks(text, links) } else { fence("ts", text) }
}

/// The text without what has a meaning that Markdown does not give it, as it is shown. Each round
/// shows the parser what the one before has uncovered: an escape may end a block of HTML, or make
/// an address of what was none.
fn settled(mut text: String, links: Links<'_>) -> String {
    // Where links of `{@link}` lead.
    let mut led_to = Vec::new();
    for _ in 0..ROUNDS {
        let mut next = text.clone();
        for at in escapes(&text, &led_to).into_iter().rev() {
            next.insert(at, '\\');
        }
        let next = shown(&next, links, &mut led_to);
        if next == text {
            return text;
        }
        text = next;
    }
    // Nobody writes this but to see what happens.
    entities(&text)
}

/// Where HTML, links and images begin that must not be any; ascending.
fn escapes(text: &str, led_to: &[String]) -> Vec<usize> {
    let mut found = Vec::new();
    let is_live = |url: &str| is_outside(url) || led_to.iter().any(|known| known == url);
    let parser = parser(text);
    let definitions = parser.reference_definitions().iter();
    found.extend(definitions.filter(|(_, d)| !is_live(&d.dest)).map(|(_, d)| d.span.start));
    for (event, range) in parser {
        match event {
            Event::Start(Tag::HtmlBlock) | Event::InlineHtml(_) => {
                found.extend(text[range.clone()].find('<').map(|at| range.start + at));
            }
            Event::Start(Tag::Link { dest_url, link_type, .. }) => {
                let leads_out = link_type == LinkType::Email || is_live(&dest_url);
                if !leads_out {
                    found.push(range.start);
                }
            }
            Event::Start(Tag::Image { dest_url, .. }) if !is_live(&dest_url) => {
                found.push(range.start + 1);
            }
            _ => {}
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// VitePress counts addresses of this machine as dead.
fn is_outside(url: &str) -> bool {
    let schemes = ["https://", "http://", "mailto:"];
    let lower = url.to_ascii_lowercase();
    schemes.iter().any(|scheme| lower.starts_with(scheme)) && !lower.contains(LOCALHOST)
}

/// The last pass: braces, emoji and the like in text, and the languages of code.
fn shown(text: &str, links: Links<'_>, led_to: &mut Vec<String>) -> String {
    let mut is_text = vec![false; text.len()];
    let mut edits: Vec<(Range<usize>, String)> = Vec::new();
    let mut end = None;
    let (mut depth, mut in_code) = (0_usize, false);
    for (event, range) in parser(text) {
        match event {
            Event::Start(tag) => {
                if let Tag::CodeBlock(kind) = &tag {
                    in_code = true;
                    if let CodeBlockKind::Fenced(_) = kind {
                        edits.push(language(text, &range));
                        end = (depth == 0).then(|| unclosed(text, &range)).flatten();
                    }
                }
                depth += 1;
            }
            Event::End(_) => {
                depth -= 1;
                in_code = false;
            }
            Event::Text(_) if !in_code => is_text[range].fill(true),
            _ => {}
        }
    }
    for (at, _) in text.match_indices(INCLUDE).filter(|(at, _)| !is_text[*at]) {
        edits.push((at..at + INCLUDE.len(), HARMLESS_INCLUDE.to_owned()));
    }
    edits.extend(text_edits(text, &is_text, links, led_to));
    edits.sort_by_key(|(range, _)| (range.start, range.end));
    let mut out = String::with_capacity(text.len() + 16);
    let mut copied = 0;
    for (range, replacement) in edits.into_iter().filter(|(range, _)| range.start <= range.end) {
        if range.start < copied {
            continue;
        }
        out.push_str(&text[copied..range.start]);
        out.push_str(&replacement);
        copied = range.end;
    }
    out.push_str(&text[copied..]);
    out.extend(end);
    out
}

fn text_edits(
    text: &str,
    is_text: &[bool],
    links: Links<'_>,
    led_to: &mut Vec<String>,
) -> Vec<(Range<usize>, String)> {
    let mut edits = Vec::new();
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        let backslashes = bytes[..at].iter().rev().take_while(|b| **b == b'\\').count();
        let escaped = backslashes % 2 == 1;
        if !is_text[at] || escaped || !text.is_char_boundary(at) {
            at += 1;
            continue;
        }
        if let Some((length, label, link)) = inline_tag(&text[at..], links) {
            let shown = link.as_ref().map(|link| format!("[{label}]({link})"));
            edits.push((at..at + length, shown.unwrap_or(label)));
            led_to.extend(link);
            at += length;
            continue;
        }
        let starts_line = text[..at].trim_end_matches([' ', '\t', '>']).ends_with('\n') || at == 0;
        let needs_escape = match rest[0] {
            b'{' | b'<' => true,
            b':' => {
                rest.starts_with(b"://localhost")
                    || is_shortcode(rest)
                    || (starts_line && rest.starts_with(b":::"))
            }
            b'@' => rest.starts_with(INCLUDE.as_bytes()),
            b'[' => rest.to_ascii_lowercase().starts_with(b"[[toc]]"),
            _ => false,
        };
        if needs_escape {
            let place = if rest.starts_with(b"://localhost") { at + 1 } else { at };
            edits.push((place..place, "\\".to_owned()));
        }
        at += 1;
    }
    edits
}

/// `{@link name | text}`: how long it is, what is read there, and where it leads.
fn inline_tag(text: &str, links: Links<'_>) -> Option<(usize, String, Option<String>)> {
    let rest = text.strip_prefix("{@link")?;
    let (inside, _) = rest.split_once('}')?;
    if inside.contains('\n') || inside.len() > MAX_LINK {
        return None;
    }
    let length = text.len() - rest.len() + inside.len() + 1;
    let inside = inside.trim_start_matches(|c: char| c.is_ascii_alphabetic()).trim();
    let (target, label) = match inside.split_once(['|', ' ']) {
        Some((target, label)) => (target.trim(), label.trim_start_matches('|').trim()),
        None => (inside, inside),
    };
    let label = plain(&unescaped(if label.is_empty() { target } else { label }));
    let plain_url = |c: char| c.is_ascii_alphanumeric() || "-._~:/?#@!$&'*+,;=%".contains(c);
    let url = is_outside(target) && target.chars().all(plain_url);
    let link = links(target).or_else(|| url.then(|| target.to_owned()));
    Some((length, label, link))
}

/// What earlier rounds have escaped, as it was written.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match chars.peek() {
            Some(next) if c == '\\' && next.is_ascii_punctuation() => out.extend(chars.next()),
            _ => out.push(c),
        }
    }
    out
}

/// `:tada:`
fn is_shortcode(bytes: &[u8]) -> bool {
    let name = bytes[1..]
        .iter()
        .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'+' | b'-'))
        .count();
    name > 0 && bytes.get(name + 1) == Some(&b':')
}

/// The info of a fence, replaced by a language that the highlighter is known to have.
fn language(text: &str, block: &Range<usize>) -> (Range<usize>, String) {
    let line = text[block.clone()].lines().next().unwrap_or_default();
    let mark = fence_mark(line).len();
    let info = line[mark..].trim();
    let name = info.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
    let name = name.to_ascii_lowercase();
    let known = if LANGUAGES.contains(&name.as_str()) { name } else { String::new() };
    (block.start + mark..block.start + line.len(), known)
}

/// The run of `` ` `` or `~` that opens a block of code: a fence is of one kind.
fn fence_mark(block: &str) -> &str {
    let rest = block.trim_start_matches(|c| matches!(c, '`' | '~') && block.starts_with(c));
    &block[..block.len() - rest.len()]
}

/// What closes a block of code that runs to the end of the text, where nothing does.
fn unclosed(text: &str, block: &Range<usize>) -> Option<String> {
    if !text[block.end..].trim().is_empty() {
        return None;
    }
    let inside = &text[block.clone()];
    let mark = fence_mark(inside);
    let closed = inside.trim_end().rsplit_once('\n').is_some_and(|(_, last)| {
        let last = last.trim();
        last.len() >= mark.len() && last.chars().all(|c| mark.starts_with(c))
    });
    (!closed).then(|| format!("\n{mark}"))
}

fn parser(text: &str) -> OffsetIter<'_> {
    Parser::new_ext(text, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH).into_offset_iter()
}

/// Without control characters, which no page shows.
fn visible(text: &str) -> String {
    text.chars().filter(|c| *c == '\n' || *c == '\t' || !c.is_control()).collect()
}

/// What Markdown gives a meaning within a line.
const MARKS: &str = "\\`*_[]>#~:@!$^}";
const GUARD: &str = "x ";
const ROUNDS: usize = 16;
const MAX_LINK: usize = 500;
const LOCALHOST: &str = "//localhost";
/// VitePress looks for it everywhere, in code too.
const INCLUDE: &str = "@include:";
const HARMLESS_INCLUDE: &str = "@\u{2060}include:";
const LANGUAGES: [&str; 31] = [
    "bash",
    "c",
    "css",
    "diff",
    "go",
    "graphql",
    "html",
    "http",
    "ini",
    "java",
    "javascript",
    "js",
    "json",
    "jsonc",
    "jsx",
    "md",
    "markdown",
    "php",
    "py",
    "python",
    "rs",
    "rust",
    "scss",
    "sh",
    "sql",
    "toml",
    "ts",
    "tsx",
    "typescript",
    "xml",
    "yaml",
];

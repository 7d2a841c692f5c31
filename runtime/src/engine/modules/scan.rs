//! Finds what a text loads at run time: `import("…")` and `require("…")` with a literal.
//!
//! What stands in a comment or a string is found too: that costs a module that nobody loads.

use memchr::memmem;

/// The literals that `callee` is called with in `text`.
pub fn literals<'a>(text: &'a str, callee: &str) -> Vec<&'a str> {
    memmem::find_iter(text.as_bytes(), callee)
        .filter(|&at| !text[..at].ends_with(is_name_part))
        .filter_map(|at| literal(&text[at + callee.len()..]))
        .collect()
}

fn literal(text: &str) -> Option<&str> {
    let text = text.trim_start().strip_prefix('(')?;
    let text = skip_comments(text);
    let quote = text.chars().next().filter(|quote| matches!(quote, '"' | '\'' | '`'))?;
    let (literal, rest) = text[1..].split_once(quote)?;
    let ends = matches!(skip_comments(rest).chars().next(), Some(')' | ','));
    (ends && !literal.contains(['\\', '\n', '$'])).then_some(literal)
}

/// Bundlers' hints stand there: `import(/* webpackChunkName: "x" */ "./x.js")`.
fn skip_comments(text: &str) -> &str {
    let mut text = text.trim_start();
    while let Some((_, rest)) = text.strip_prefix("/*").and_then(|text| text.split_once("*/")) {
        text = rest.trim_start();
    }
    text
}

fn is_name_part(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '$' | '.')
}

#[cfg(test)]
mod tests {
    use super::literals;

    #[test]
    fn finds_literals_and_nothing_that_is_computed() {
        let text = "
            const a = await import('./a.js');
            import(/* hint: 'no' */ \"b\", { with: { type: 'json' } });
            import(`c`); import(`./${d}.js`); import(e); import('f' + g);
            x.import('h'); reimport('i'); import ('j')
        ";
        assert_eq!(literals(text, "import"), ["./a.js", "b", "c", "j"]);
        assert_eq!(literals("var x=require('x'),y=__require('y')", "require"), ["x"]);
    }
}

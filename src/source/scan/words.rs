//! Words and regular expressions.

/// The end of the identifier at `from`; `from` itself where there is none.
pub fn word_end(text: &str, from: usize) -> usize {
    let bytes = text.as_bytes();
    let mut at = from;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'$' => at += 1,
            // A Unicode escape: `\u0061`, `\u{61}`.
            b'\\' if bytes.get(at + 1) == Some(&b'u') => {
                at += 2;
                if bytes.get(at) == Some(&b'{') {
                    at += bytes[at..]
                        .iter()
                        .take(10)
                        .position(|b| *b == b'}')
                        .map_or(1, |end| end + 1);
                }
            }
            0x80.. => match text[at..].chars().next() {
                Some(char) if char.is_alphanumeric() || matches!(char, '\u{200C}' | '\u{200D}') => {
                    at += char.len_utf8();
                }
                // Marks, joiners and the like continue a word; spaces end it.
                Some(char) if at > from && !char.is_whitespace() && char != '\u{FEFF}' => {
                    at += char.len_utf8();
                }
                _ => return at,
            },
            _ => return at,
        }
    }
    at
}

/// The end of the regular expression that begins at `start`, without flags; None if it is not
/// terminated on its line.
pub fn regular_expression(bytes: &[u8], start: usize) -> Option<usize> {
    let mut class = false;
    let mut at = start + 1;
    loop {
        match *bytes.get(at)? {
            b'\n' | b'\r' => return None,
            b'\\' => {
                if matches!(bytes.get(at + 1), Some(b'\n' | b'\r')) {
                    return None;
                }
                at += 1;
            }
            b'[' => class = true,
            b']' => class = false,
            b'/' if !class => return Some(at + 1),
            _ => {}
        }
        at += 1;
    }
}

/// Words behind which an expression begins.
pub fn expects_expression(word: &[u8]) -> bool {
    matches!(
        word,
        b"return"
            | b"typeof"
            | b"instanceof"
            | b"in"
            | b"of"
            | b"new"
            | b"delete"
            | b"void"
            | b"throw"
            | b"case"
            | b"do"
            | b"else"
            | b"await"
            | b"yield"
            | b"default"
            | b"extends"
            | b"export"
            | b"keyof"
            | b"satisfies"
    )
}

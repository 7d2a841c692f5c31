//! JSX, as far as it can be told without a parser.

use super::{Frame, Kind, Opened, Scan, Token, word_end};

impl Scan<'_> {
    /// Whether the `<` here begins an element rather than a list of type parameters.
    pub(super) fn element_follows(&self) -> bool {
        let rest = &self.text[self.pos + 1..];
        if rest.starts_with('>') {
            return true;
        }
        let end = word_end(rest, 0);
        if end == 0 || !rest.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == '$') {
            return false;
        }
        let (name, rest) = rest.split_at(end);
        let after = rest.trim_start();
        if name == "const" || after.starts_with([',', '=']) {
            return false;
        }
        if let Some(after) = after.strip_prefix("extends") {
            return after.trim_start().starts_with(['=', '>', '/']);
        }
        // `<T>(x: T) => T` is a type here, `<b>(text)</b>` an element.
        let Some(after) = after.strip_prefix('>') else { return true };
        !after.starts_with('(') || {
            let end = (0..=after.len().min(MAX_ELEMENT_BYTES))
                .rev()
                .find(|at| after.is_char_boundary(*at));
            after[..end.unwrap_or(0)].contains(&format!("</{name}"))
        }
    }

    pub(super) fn tag(&mut self, closing: bool) -> Token {
        self.line_break = false;
        self.trivia();
        let start = self.pos;
        let Some(&byte) = self.bytes.get(start) else {
            return Token { kind: Kind::End, start, end: start };
        };
        self.pos += 1;
        match byte {
            b'\'' | b'"' => {
                let rest = &self.bytes[self.pos..];
                self.pos += memchr::memchr(byte, rest).map_or(rest.len(), |at| at + 1);
                self.token(Kind::Literal, start, true)
            }
            b'{' => {
                self.pos = start;
                self.open(Frame::Container)
            }
            b'/' if self.bytes.get(self.pos) == Some(&b'>') => {
                self.pos += 1;
                self.stack.pop();
                self.token(Kind::Close, start, true)
            }
            b'>' => {
                self.stack.pop();
                if closing {
                    self.stack.pop();
                    return self.token(Kind::Close, start, true);
                }
                self.stack.push(Opened { at: start, frame: Frame::Children });
                self.token(Kind::Operator, start, false)
            }
            b'<' => {
                self.pos = start;
                self.open(Frame::Arguments)
            }
            0x80.. => {
                self.pos = start;
                self.word()
            }
            _ => self.token(Kind::Operator, start, false),
        }
    }

    pub(super) fn type_arguments(&mut self) -> Token {
        // In types a `<` never begins an element.
        self.before.operand = true;
        let token = self.code();
        match &self.bytes[token.start..token.end] {
            b"<" => self.stack.push(Opened { at: token.start, frame: Frame::Arguments }),
            b">" => {
                self.stack.pop();
            }
            _ => {}
        }
        token
    }

    pub(super) fn children(&mut self) -> Token {
        let start = self.pos;
        let rest = &self.bytes[start..];
        match memchr::memchr2(b'{', b'<', rest) {
            None => {
                self.pos = self.bytes.len();
                Token { kind: Kind::End, start, end: self.pos }
            }
            Some(0) if rest[0] == b'{' => self.open(Frame::Container),
            Some(0) => {
                let closing = rest[1..].trim_ascii_start().starts_with(b"/");
                let token = self.open(Frame::Tag { closing });
                if closing {
                    self.pos += 1 + rest[1..].len() - rest[1..].trim_ascii_start().len();
                }
                token
            }
            Some(length) => {
                self.pos += length;
                self.token(Kind::Literal, start, false)
            }
        }
    }
}

/// How far an element's end is looked for when `<T>(` could be either.
const MAX_ELEMENT_BYTES: usize = 16 * 1024;

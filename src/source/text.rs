//! From bytes to text.

use crate::model::{SourcePath, diagnostic::Diagnostic};

use super::diagnostics;

/// A file's text as every later stage counts in it: UTF-8 without a byte order mark.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Text(String);

impl Text {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn into_string(self) -> String {
        self.0
    }
}

impl std::ops::Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

/// Decodes a source file. Sizes are checked first, so that a large binary costs nothing.
pub fn decode(file: &SourcePath, bytes: &[u8]) -> Result<Text, Diagnostic> {
    if bytes.len() > MAX_BYTES {
        return Err(diagnostics::too_large(file, bytes.len(), MAX_BYTES));
    }
    if let [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] = bytes {
        return Err(diagnostics::utf16(file));
    }
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    if let Some(at) = memchr::memchr(0, &bytes[..bytes.len().min(BINARY_PROBE)]) {
        return Err(diagnostics::binary(file, at));
    }
    match str::from_utf8(bytes) {
        Ok(text) => Ok(Text(text.to_owned())),
        Err(error) => {
            let at = error.valid_up_to();
            let length = error.error_len().unwrap_or(bytes.len() - at);
            Err(diagnostics::not_utf8(file, at, length, bytes[at]))
        }
    }
}

/// Sources beyond this are generated data, which belongs into JSON.
pub const MAX_BYTES: usize = 16 * 1024 * 1024;

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// A file with a NUL here is no text. Further down it is a syntax error of its own.
const BINARY_PROBE: usize = 8 * 1024;

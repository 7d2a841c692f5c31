//! The lines that a manifest tells, where those of one source have moved.

use std::ops::Range;

use memchr::memmem;

use crate::model::{
    SourcePath,
    lines::{Lines, Teller},
};

/// None where a line stands there that nobody knows of.
pub fn retell(manifest: &str, file: &SourcePath, lines: &Lines) -> Option<String> {
    let name = serde_json::to_string(file.as_str()).ok()?;
    let name = name.strip_suffix('"')?;
    let mut edits: Vec<(Range<usize>, usize)> = Vec::new();
    for teller in lines.moved() {
        let (section, before, after) = match teller {
            Teller::Unseen => ("routes", format!("\n        {name}:"), ": "),
            Teller::Middleware => ("middleware", format!("{MODULE}{name}\"{LINE}"), ","),
            Teller::Statement => ("statements", format!("{AT}{name}:"), "\""),
            Teller::Page(_) => continue,
        };
        let section = section_of(manifest, section)?;
        for at in memmem::find_iter(&manifest.as_bytes()[section.clone()], &before) {
            let start = section.start + at + before.len();
            let digits = manifest[start..].bytes().take_while(u8::is_ascii_digit).count();
            let number = start..start + digits;
            // What is found may be of a file whose name begins with this one's.
            if manifest[number.end..].starts_with(after) {
                let line = manifest[number.clone()].parse().ok()?;
                edits.push((number, lines.now(teller, line)?));
            }
        }
    }
    edits.sort_by_key(|(range, _)| range.start);
    let mut text = String::with_capacity(manifest.len() + 8 * edits.len());
    let mut end = 0;
    for (range, line) in edits {
        text.push_str(&manifest[end..range.start]);
        text.push_str(&line.to_string());
        end = range.end;
    }
    text.push_str(&manifest[end..]);
    Some(text)
}

/// What the manifest has under a name. No string in JSON has a line break in it.
fn section_of(manifest: &str, name: &str) -> Option<Range<usize>> {
    let start = memmem::find(manifest.as_bytes(), format!("\n  \"{name}\": ").as_bytes())?;
    let length = memmem::find(&manifest.as_bytes()[start + 1..], b"\n  \"")?;
    Some(start..start + 1 + length)
}

const MODULE: &str = "\n      \"module\": ";
const LINE: &str = ",\n      \"line\": ";
const AT: &str = "\n      \"at\": ";

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lines_follow_their_source_and_no_other_one() {
        let manifest = |[first, second, third]: [usize; 3]| {
            let value = json!({
                "routes": {
                    "list": {
                        "doc": "\n        \"src/a.ts:3: no line",
                        "unseen": [format!("src/a.ts:{first}: a table"), "src/b.ts:3: a table"],
                    },
                },
                "middleware": [
                    { "module": "src/a.ts", "line": second, "filter": {} },
                    { "module": "src/b.ts", "line": 3, "filter": {} },
                ],
                "statements": {
                    "0": { "sql": "SELECT 'src/a.ts:3'", "at": format!("src/a.ts:{third}") },
                    "1": { "sql": "", "at": "src/a.ts:3:3" },
                    "2": { "sql": "", "at": format!("src/a.ts:{}", third + 1) },
                },
                "build": "",
            });
            serde_json::to_string_pretty(&value).unwrap()
        };
        let mut lines = Lines::default();
        for (teller, from, to) in [
            (Teller::Unseen, 3, 4),
            (Teller::Middleware, 3, 3),
            (Teller::Statement, 3, 4),
            (Teller::Statement, 4, 12),
        ] {
            lines.add(&teller, from, to).unwrap();
        }
        let told = retell(&manifest([3, 3, 3]), &SourcePath::new("src/a.ts"), &lines).unwrap();
        let expected = manifest([4, 3, 4]).replace("\"src/a.ts:5\"", "\"src/a.ts:12\"");
        assert_eq!(told, expected);
        assert!(lines.add(&Teller::Statement, 5, 12).is_none());
        assert!(retell(&manifest([7, 3, 3]), &SourcePath::new("src/a.ts"), &lines).is_none());
    }
}

//! Where a source goes: the paths of outputs.

use std::fmt::Write as _;

use crate::{config::Options, model::SourcePath};

/// The paths below `dist/server` and `dist/client`, from the source root.
pub struct Layout {
    /// `src/`, or empty for the project folder.
    root: String,
}

impl Layout {
    pub fn new(options: &Options) -> Self {
        let root = options.source_root();
        Self { root: if root.is_empty() { root } else { format!("{root}/") } }
    }

    /// Where the types for editors go, relative to the project: `src/.kontract`.
    pub fn types_folder(&self) -> String {
        format!("{}{TYPES}", self.root)
    }

    /// The declarations of a source that no other tool can read, below the types folder.
    pub fn types_output(&self, file: &SourcePath) -> String {
        format!("{MODULES}/{}", self.output(file, &[]))
    }

    /// The relative specifier from a file of the types folder (`types`, `modules/api/users`) to a
    /// source.
    pub fn source_specifier(&self, from: &str, file: &SourcePath) -> String {
        let from = format!("{}/{from}", self.types_folder());
        let path = file.as_str();
        let extension = match path {
            path if path.ends_with(".mts") => ".mjs",
            path if path.ends_with(".mjs") => ".mjs",
            _ => ".js",
        };
        let target = format!("{}{extension}", without_extension(path));
        relative(&from, &target)
    }

    pub fn is_middleware(&self, file: &SourcePath) -> bool {
        self.stem(file) == Some("middleware")
    }

    pub fn is_auth(&self, file: &SourcePath) -> bool {
        self.stem(file) == Some("auth")
    }

    /// The path below the source root without its extension; None outside the root.
    fn stem<'a>(&self, file: &'a SourcePath) -> Option<&'a str> {
        file.as_str().strip_prefix(&self.root).map(without_extension)
    }

    pub fn server_output(&self, file: &SourcePath) -> String {
        self.output(file, &["index", "__kontract", "__kontract_rows"])
    }

    pub fn client_output(&self, file: &SourcePath) -> String {
        self.output(file, &["index", "__kontract"])
    }

    pub fn json_output(&self, file: &SourcePath) -> String {
        match file.as_str().strip_prefix(&self.root) {
            Some(path) if !path.starts_with("../") => path.to_owned(),
            _ => outside(file.as_str()),
        }
    }

    /// Generated files have the names in `taken`; a source of such a name gets `_` before it, and
    /// one that has some `_` there already gets one more.
    fn output(&self, file: &SourcePath, taken: &[&str]) -> String {
        match self.stem(file) {
            Some(stem) if taken.iter().any(|name| is_underscored(stem, name)) => format!("_{stem}"),
            // `_outside/` is where files outside the root go.
            Some(stem) if is_underscored(stem.split('/').next().unwrap_or(stem), OUTSIDE) => {
                format!("_{stem}")
            }
            Some(stem) if !stem.starts_with("../") => stem.to_owned(),
            _ => outside(without_extension(file.as_str())),
        }
    }

    /// The relative specifier from one output to another.
    pub fn specifier(from: &str, to: &str) -> String {
        url(&relative(from, &format!("{to}.js")))
    }
}

/// The path from one file to another, starting with `./` or `../`.
pub fn relative(from: &str, to: &str) -> String {
    let folder: Vec<&str> = from.split('/').collect();
    let folder = &folder[..folder.len() - 1];
    let target: Vec<&str> = to.split('/').collect();
    let common = folder.iter().zip(&target[..target.len() - 1]).take_while(|(a, b)| a == b).count();
    let mut parts = vec![".."; folder.len() - common];
    if parts.is_empty() {
        parts.push(".");
    }
    parts.extend(&target[common..]);
    parts.join("/")
}

/// Whether `stem` is `name` behind any number of underscores.
fn is_underscored(stem: &str, name: &str) -> bool {
    stem.strip_suffix(name).is_some_and(|before| before.bytes().all(|b| b == b'_'))
}

const OUTSIDE: &str = "_outside";
const TYPES: &str = ".kontract";
const MODULES: &str = "modules";

/// Files outside the source root keep their own folder, so that they never meet those inside.
fn outside(path: &str) -> String {
    format!("{OUTSIDE}/{}", path.replace("../", "_up/"))
}

/// A path as a URL: what would end or change it is escaped.
pub fn url(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for c in path.chars() {
        if c.is_control()
            || matches!(
                c,
                '\u{2028}' | '\u{2029}' | ' ' | '"' | '#' | '%' | '?' | '\\' | '<' | '>' | '`'
            )
        {
            let mut bytes = [0; 4];
            for byte in c.encode_utf8(&mut bytes).bytes() {
                let _ = write!(out, "%{byte:02X}");
            }
        } else {
            out.push(c);
        }
    }
    out
}

fn without_extension(path: &str) -> &str {
    [".d.ts", ".tsx", ".mts", ".ts", ".jsx", ".mjs", ".js"]
        .iter()
        .find_map(|e| path.strip_suffix(e))
        .unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn specifiers_lead_from_one_output_to_another() {
        assert_eq!(Layout::specifier("api/users", "api/posts"), "./posts.js");
        assert_eq!(Layout::specifier("api/users", "types"), "../types.js");
        assert_eq!(Layout::specifier("index", "api/users"), "./api/users.js");
        assert_eq!(Layout::specifier("a/b/c", "a/d/e"), "../d/e.js");
    }
}

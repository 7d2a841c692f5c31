//! The glob patterns of the configuration, compiled once.

use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};

/// The patterns of one key. `src/api` means the file or folder of that name and all below it.
#[derive(Clone, Debug)]
pub struct Patterns {
    set: GlobSet,
    /// Of each glob in `set`, its place in the list the user wrote.
    written: Vec<usize>,
}

impl Patterns {
    /// Fails with the place of the faulty pattern and what is wrong with it.
    pub fn new(patterns: &[String]) -> Result<Self, (usize, String)> {
        let mut set = GlobSetBuilder::new();
        let mut written = Vec::new();
        for (index, pattern) in patterns.iter().enumerate() {
            let glob = |text: &str| compile(text).map_err(|error| (index, error));
            let pattern = normalize(pattern).map_err(|error| (index, error.to_owned()))?;
            // The folder of `src/old/**` matches too, so that a walk need not enter it.
            let folder = pattern.trim_end_matches("/*").trim_end_matches("/**");
            for pattern in [&pattern, &format!("{pattern}/**"), folder] {
                set.add(glob(pattern)?);
                written.push(index);
            }
        }
        let set = set.build().map_err(|error| (0, error.to_string()))?;
        Ok(Self { set, written })
    }

    /// `path` is relative to the project, with `/`.
    pub fn is_match(&self, path: &str) -> bool {
        self.set.is_match(path)
    }

    /// Which of the patterns match, by their place in the list.
    pub fn matches(&self, path: &str) -> impl Iterator<Item = usize> {
        self.set.matches(path).into_iter().map(|glob| self.written[glob])
    }
}

/// `./src/` → `src`.
pub fn normalize(pattern: &str) -> Result<String, &'static str> {
    if pattern.contains('\\') {
        return Err("separate folders with `/`");
    }
    if super::is_absolute(pattern) {
        return Err("patterns are relative to the folder of kontract.toml");
    }
    let parts: Vec<&str> =
        pattern.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    if parts.contains(&"..") {
        return Err("patterns stay inside the folder of kontract.toml");
    }
    if parts.is_empty() {
        return Err("the pattern is empty");
    }
    Ok(parts.join("/"))
}

/// The folders before the first part with a wildcard: `src/api/**/*.ts` → `src/api`. The last
/// part is a file or a pattern for files, and never counts.
pub fn static_prefix(pattern: &str) -> &str {
    let folders = pattern.rfind('/').map_or("", |end| &pattern[..end]);
    match folders.find(WILDCARDS) {
        Some(wildcard) => folders[..wildcard].rfind('/').map_or("", |end| &folders[..end]),
        None => folders,
    }
}

pub fn has_wildcard(pattern: &str) -> bool {
    pattern.contains(WILDCARDS)
}

fn compile(pattern: &str) -> Result<Glob, String> {
    GlobBuilder::new(pattern)
        .literal_separator(true)
        .backslash_escape(true)
        .empty_alternates(true)
        .build()
        .map_err(|error| error.kind().to_string())
}

const WILDCARDS: [char; 4] = ['*', '?', '[', '{'];

//! Finds the sources: the files that `[build] include` asks for.
//!
//! Input: a project folder.
//! Output: the names of its sources, sorted, each file once.
//!
//! Never sources: declaration files and tests, what `.gitignore` lists, names that start with a
//! dot (unless a pattern spells the dot), `node_modules`, and the output folder. Files that vanish
//! meanwhile count as never seen.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::{
    config::Options,
    diagnostic::discover as diagnostics,
    files::{Entry, Files, Kind},
    model::{SourcePath, diagnostic::Diagnostic},
    source,
};

/// The text of a source; None for a file that vanished since it was found.
pub fn read(
    files: &dyn Files,
    options: &Options,
    file: &SourcePath,
) -> Option<Result<String, Diagnostic>> {
    match files.read(&options.absolute(file)) {
        Ok(bytes) => Some(source::decode(file, &bytes).map(source::Text::into_string)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => Some(Err(diagnostics::unreadable_file(file, &error))),
    }
}

pub fn discover(files: &dyn Files, options: &Options) -> (Vec<SourcePath>, Vec<Diagnostic>) {
    let mut walk = Walk {
        files,
        options,
        dots: options.include.iter().any(|pattern| has_dot_name(pattern)),
        found: Vec::new(),
        linked_folders: BTreeSet::new(),
        diagnostics: Vec::new(),
    };
    let mut folders = vec![Folder {
        name: String::new(),
        path: options.project.clone(),
        real: options.project.clone(),
        linked: false,
        ignores: ignores_above(files, &options.project),
    }];
    while let Some(folder) = folders.pop() {
        walk.read(folder, &mut folders);
    }
    let Walk { found, mut diagnostics, .. } = walk;
    let sources = each_file_once(found);
    diagnostics.extend(same_outputs(&sources));
    diagnostics.extend(unmatched_includes(options, &sources));
    (sources, diagnostics)
}

struct Walk<'a> {
    files: &'a dyn Files,
    options: &'a Options,
    /// Names that start with a dot may be sources.
    dots: bool,
    found: Vec<Found>,
    /// Folders entered through symbolic links, by their real path: each only once, or links that
    /// cross could make the walk endless.
    linked_folders: BTreeSet<PathBuf>,
    diagnostics: Vec<Diagnostic>,
}

struct Folder {
    /// Relative to the project, with `/`; empty for the project itself.
    name: String,
    path: PathBuf,
    /// `path` without symbolic links.
    real: PathBuf,
    /// A symbolic link leads to it or to a folder above it.
    linked: bool,
    /// The `.gitignore` files that govern it, outermost first.
    ignores: Vec<Arc<Gitignore>>,
}

struct Found {
    name: String,
    real: PathBuf,
    linked: bool,
}

impl Walk<'_> {
    fn read(&mut self, mut folder: Folder, folders: &mut Vec<Folder>) {
        let entries = match self.files.list(&folder.path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return,
            Err(error) => {
                self.diagnostics.push(diagnostics::unreadable_folder(&folder.name, &error));
                return;
            }
        };
        if entries.iter().any(|entry| entry.name == GITIGNORE) {
            folder.ignores.extend(read_gitignore(self.files, &folder.path));
        }
        for entry in entries {
            self.visit(&folder, &entry, folders);
        }
    }

    fn visit(&mut self, folder: &Folder, entry: &Entry, folders: &mut Vec<Folder>) {
        let text = entry.name.to_string_lossy();
        let hidden = text.starts_with('.') && !self.dots;
        if hidden || NEVER_ENTERED.contains(&&*text) {
            return;
        }
        let name = if folder.name.is_empty() {
            text.to_string()
        } else {
            format!("{}/{text}", folder.name)
        };
        let path = folder.path.join(&entry.name);
        let linked = entry.kind == Kind::Link;
        let kind = if linked {
            match self.files.kind(&path) {
                Ok(kind) => kind,
                Err(error) => {
                    let source = self.options.is_source(&name);
                    if source && !self.ignored(folder, &name, &path, false) {
                        self.diagnostics.push(diagnostics::broken_link(&name, &error));
                    }
                    return;
                }
            }
        } else {
            entry.kind
        };
        match kind {
            Kind::Folder => {
                if !self.options.may_hold_sources(&name)
                    || self.options.is_excluded(&name)
                    || self.ignored(folder, &name, &path, true)
                {
                    return;
                }
                let Some(real) = self.real_folder(folder, entry, &name, &path) else { return };
                folders.push(Folder {
                    name,
                    path,
                    real,
                    linked: linked || folder.linked,
                    ignores: folder.ignores.clone(),
                });
            }
            Kind::File => {
                if !self.options.is_source(&name) || self.ignored(folder, &name, &path, false) {
                    return;
                }
                if entry.name.to_str().is_none() {
                    self.diagnostics.push(diagnostics::unusable_name(&name, "it is not Unicode"));
                    return;
                }
                if text.contains('\\') {
                    self.diagnostics
                        .push(diagnostics::unusable_name(&name, "`\\` separates folders"));
                    return;
                }
                let real = if linked {
                    self.files.canonicalize(&path).unwrap_or(path)
                } else {
                    folder.real.join(&entry.name)
                };
                self.found.push(Found { name, real, linked: linked || folder.linked });
            }
            Kind::Link | Kind::Other => {}
        }
    }

    /// None where the folder is a link that must not be followed.
    fn real_folder(
        &mut self,
        folder: &Folder,
        entry: &Entry,
        name: &str,
        path: &Path,
    ) -> Option<PathBuf> {
        if entry.kind != Kind::Link {
            return Some(folder.real.join(&entry.name));
        }
        let real = self.files.canonicalize(path).ok()?;
        if folder.real.starts_with(&real) || self.options.project.starts_with(&real) {
            self.diagnostics.push(diagnostics::link_loop(name));
            return None;
        }
        self.linked_folders.insert(real.clone()).then_some(real)
    }

    fn ignored(&self, folder: &Folder, name: &str, path: &Path, is_folder: bool) -> bool {
        !self.options.names(name) && is_ignored(&folder.ignores, path, is_folder)
    }
}

/// The innermost file that mentions a path decides.
fn is_ignored(ignores: &[Arc<Gitignore>], path: &Path, is_folder: bool) -> bool {
    let decided = ignores.iter().rev().map(|ignore| ignore.matched(path, is_folder));
    decided.into_iter().find(|found| !found.is_none()).is_some_and(|found| found.is_ignore())
}

/// The `.gitignore` files between the root of the git repository and the project. They do not
/// count where they ignore the project itself, or it could not be built at all.
fn ignores_above(files: &dyn Files, project: &Path) -> Vec<Arc<Gitignore>> {
    let is_root = |folder: &&Path| files.link_kind(&folder.join(".git")).is_ok();
    let Some(root) = project.ancestors().find(is_root) else { return Vec::new() };
    let mut above: Vec<&Path> =
        project.ancestors().skip(1).take_while(|folder| folder.starts_with(root)).collect();
    above.reverse();
    let mut ignores = Vec::new();
    for (depth, folder) in above.iter().enumerate() {
        ignores.extend(read_gitignore(files, folder));
        let below = above.get(depth + 1).copied().unwrap_or(project);
        if is_ignored(&ignores, below, true) {
            return Vec::new();
        }
    }
    ignores
}

/// Lines that git would not understand are passed over, as git does.
fn read_gitignore(files: &dyn Files, folder: &Path) -> Option<Arc<Gitignore>> {
    let bytes = files.read(&folder.join(GITIGNORE)).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let mut builder = GitignoreBuilder::new(folder);
    for line in text.trim_start_matches('\u{feff}').lines() {
        let _ = builder.add_line(None, line);
    }
    builder.build().ok().map(Arc::new)
}

/// A file that can be reached in several ways keeps its own name, or else its first one.
fn each_file_once(mut found: Vec<Found>) -> Vec<SourcePath> {
    found.sort_by(|left, right| (left.linked, &left.name).cmp(&(right.linked, &right.name)));
    let mut seen = BTreeSet::new();
    let mut names: Vec<String> = found
        .into_iter()
        .filter(|file| seen.insert(file.real.clone()))
        .map(|file| file.name)
        .collect();
    names.sort();
    names.into_iter().map(SourcePath::new).collect()
}

/// `User.ts` beside `user.ts`, `user.ts` beside `user.tsx`.
fn same_outputs(sources: &[SourcePath]) -> Vec<Diagnostic> {
    let mut first: BTreeMap<String, &SourcePath> = BTreeMap::new();
    let mut diagnostics = Vec::new();
    for file in sources {
        let name = file.as_str();
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_lowercase();
        match first.get(&stem) {
            Some(other) => diagnostics.push(diagnostics::same_output(file, other)),
            None => drop(first.insert(stem, file)),
        }
    }
    diagnostics
}

fn unmatched_includes(options: &Options, sources: &[SourcePath]) -> Vec<Diagnostic> {
    if sources.is_empty() {
        return vec![diagnostics::no_sources(&options.include)];
    }
    let matched: BTreeSet<usize> =
        sources.iter().flat_map(|file| options.matching_includes(file.as_str())).collect();
    let unmatched = options.include.iter().enumerate().filter(|(at, _)| !matched.contains(at));
    unmatched.map(|(_, pattern)| diagnostics::unmatched_include(pattern)).collect()
}

fn has_dot_name(pattern: &str) -> bool {
    pattern.split('/').any(|part| part.starts_with('.'))
}

const GITIGNORE: &str = ".gitignore";
const NEVER_ENTERED: [&str; 3] = ["node_modules", ".git", ".kontract"];

#[cfg(test)]
mod tests;

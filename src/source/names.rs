//! The annotations' names, and under which names a file knows them.

use memchr::memmem;
use rustc_hash::FxHashMap;

use super::scan::{Kind, Scan};

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum AnnotationName {
    Backend,
    MwFilter,
    Primkey,
    Perm,
    Index,
    Unique,
    Owned,
    Table,
    Scalar(ScalarKind),
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ScalarKind {
    Int8,
    Int16,
    Int32,
    Int64,
    Uint8,
    Uint16,
    Uint32,
    Uint64,
    Float32,
    Float64,
}

impl AnnotationName {
    /// As it is written after the `@`.
    pub fn as_str(self) -> &'static str {
        ALL.iter().find(|(_, name)| *name == self).map_or("", |(text, _)| text)
    }

    pub fn all() -> impl Iterator<Item = Self> {
        ALL.iter().map(|(_, name)| *name)
    }

    pub fn from_text(text: &str) -> Option<Self> {
        ALL.iter().find(|(known, _)| *known == text).map(|(_, name)| *name)
    }
}

/// Whether an import's specifier means this compiler's package.
pub fn is_kontract(specifier: &str) -> bool {
    specifier == "kontract" || specifier.starts_with("kontract/")
}

/// What a name after `@` means in one file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Names {
    /// `None`: the name belongs to the user.
    roots: FxHashMap<String, Option<Root>>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Root {
    Annotation(AnnotationName),
    /// `import * as k from 'kontract'`.
    Namespace,
}

/// One name an import statement brings into a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ImportedName<'a> {
    pub local: &'a str,
    /// `None` for a namespace or default import.
    pub imported: Option<&'a str>,
    pub namespace: bool,
    pub specifier: &'a str,
}

impl Names {
    /// What holds without any import: every annotation by its own name.
    pub fn plain() -> Self {
        let roots = ALL
            .iter()
            .map(|(text, name)| ((*text).to_owned(), Some(Root::Annotation(*name))))
            .collect();
        Self { roots }
    }

    pub fn import(&mut self, import: &ImportedName<'_>) {
        let ours = is_kontract(import.specifier);
        let root = match import.imported {
            Some(name) if ours => AnnotationName::from_text(name).map(Root::Annotation),
            None if ours && import.namespace => Some(Root::Namespace),
            _ => None,
        };
        if root.is_some() || self.roots.contains_key(import.local) {
            self.roots.insert(import.local.to_owned(), root);
        }
    }

    /// Whether `name` begins an annotation in this file, or would without a declaration of its own.
    pub fn is_root(&self, name: &str) -> bool {
        matches!(self.roots.get(name), Some(Some(_)))
    }

    /// `path` is what follows the `@`: `backend` or `k.backend`.
    pub fn resolve(&self, root: &str, member: Option<&str>) -> Option<AnnotationName> {
        match (self.roots.get(root).copied().flatten()?, member) {
            (Root::Annotation(name), None) => Some(name),
            (Root::Namespace, Some(member)) => AnnotationName::from_text(member),
            _ => None,
        }
    }

    /// Reads the import statements of a text without parsing it: a guess that the tree confirms
    /// or corrects. A commented-out import misleads it, which costs a second parse.
    pub fn guess(text: &str) -> Self {
        let mut names = Self::plain();
        read_imports(text, |import| names.import(import));
        names
    }

    /// Every name that may begin an annotation in this text: what [`Names::guess`] and the tree
    /// agree on is among them.
    pub fn possible(text: &str) -> Self {
        let mut names = Self::plain();
        if memmem::find(text.as_bytes(), b"kontract").is_some() {
            read_imports(text, |import| {
                if is_kontract(import.specifier) {
                    names.import(import);
                }
            });
        }
        names
    }
}

fn read_imports(text: &str, mut found: impl FnMut(&ImportedName<'_>)) {
    for at in memmem::find_iter(text.as_bytes(), b"import") {
        let before = text[..at].chars().next_back();
        if before.is_none_or(|c| !(c.is_alphanumeric() || matches!(c, '_' | '$' | '.' | '#'))) {
            let _ = read_import(text, at + "import".len(), &mut found);
        }
    }
}

/// Reads the declaration behind `import`; None where there is none.
fn read_import(text: &str, from: usize, found: &mut impl FnMut(&ImportedName<'_>)) -> Option<()> {
    // A window, so that a text full of `import/*` takes linear time.
    let window = &text[..text.floor_char_boundary(from + MAX_IMPORT_BYTES)];
    let mut scan = Scan::at(window, from);
    let mut names: Vec<(&str, Option<&str>, bool)> = Vec::new();
    // The words since the last separator: `type`, a name, `as`, a name.
    let mut words: Vec<&str> = Vec::new();
    let (mut braces, mut equals) = (false, false);
    for _ in 0..MAX_IMPORT_TOKENS {
        let token = scan.next();
        let part = &text[token.start..token.end];
        match (token.kind, part) {
            (Kind::Word, "from") if !braces && (!words.is_empty() || !names.is_empty()) => {
                finish_name(&mut words, braces, &mut names);
            }
            (Kind::Word, _) => words.push(part),
            (Kind::Operator, "*") if !braces => words.push(part),
            (Kind::Operator, ",") => finish_name(&mut words, braces, &mut names),
            (Kind::Operator, "=") if !braces => {
                names.push((words.pop()?, None, true));
                words.clear();
                equals = true;
            }
            (Kind::Open, "{") => {
                words.clear();
                braces = true;
            }
            (Kind::Close, "}") => {
                finish_name(&mut words, braces, &mut names);
                braces = false;
            }
            (Kind::Open, "(") if equals => {}
            (Kind::Literal, _) if braces => words.push(part.get(1..part.len() - 1)?),
            (Kind::Literal, _) => {
                let specifier = part.get(1..part.len() - 1)?;
                for (local, imported, namespace) in names {
                    found(&ImportedName { local, imported, namespace, specifier });
                }
                return Some(());
            }
            _ => return None,
        }
    }
    None
}

fn finish_name<'a>(
    words: &mut Vec<&'a str>,
    braces: bool,
    names: &mut Vec<(&'a str, Option<&'a str>, bool)>,
) {
    match words.as_slice() {
        [.., "*", "as", local] => names.push((local, None, true)),
        [name, "as", local] | [_, name, "as", local] if braces => {
            names.push((local, Some(name), false));
        }
        [.., name] if braces => names.push((name, Some(name), false)),
        [.., name] => names.push((name, None, false)),
        [] => {}
    }
    words.clear();
}

/// Longer import declarations are generated; their names matter to the tree only.
const MAX_IMPORT_TOKENS: usize = 4096;
const MAX_IMPORT_BYTES: usize = 32 * 1024;

const ALL: [(&str, AnnotationName); 18] = [
    ("backend", AnnotationName::Backend),
    ("mwfilter", AnnotationName::MwFilter),
    ("primkey", AnnotationName::Primkey),
    ("perm", AnnotationName::Perm),
    ("index", AnnotationName::Index),
    ("unique", AnnotationName::Unique),
    ("owned", AnnotationName::Owned),
    ("table", AnnotationName::Table),
    ("int8", AnnotationName::Scalar(ScalarKind::Int8)),
    ("int16", AnnotationName::Scalar(ScalarKind::Int16)),
    ("int32", AnnotationName::Scalar(ScalarKind::Int32)),
    ("int64", AnnotationName::Scalar(ScalarKind::Int64)),
    ("uint8", AnnotationName::Scalar(ScalarKind::Uint8)),
    ("uint16", AnnotationName::Scalar(ScalarKind::Uint16)),
    ("uint32", AnnotationName::Scalar(ScalarKind::Uint32)),
    ("uint64", AnnotationName::Scalar(ScalarKind::Uint64)),
    ("float32", AnnotationName::Scalar(ScalarKind::Float32)),
    ("float64", AnnotationName::Scalar(ScalarKind::Float64)),
];

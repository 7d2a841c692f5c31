//! The annotations' names, and under which names a file knows them.

use memchr::memmem;
use rustc_hash::FxHashMap;

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
        // Without a mention of an annotation's name inside braces no import can matter, but
        // looking for that costs as much as reading the few statements.
        for at in memmem::find_iter(text.as_bytes(), b"import") {
            let before = text[..at].trim_end_matches([' ', '\t']);
            if !(before.is_empty() || before.ends_with(['\n', '\r', ';', '}', '/'])) {
                continue;
            }
            for import in read_import(&text[at + 6..]) {
                names.import(&import);
            }
        }
        names
    }
}

/// The names between `import` and the specifier; none if it does not look like a declaration.
fn read_import(text: &str) -> Vec<ImportedName<'_>> {
    let mut names = Vec::new();
    let limit = text.len().min(MAX_IMPORT_BYTES);
    let end = text.as_bytes()[..limit].iter().position(|byte| matches!(byte, b'\'' | b'"' | b';'));
    let Some(end) = end else { return names };
    if text.as_bytes()[end] == b';' {
        return names;
    }
    let (clause, rest) = (&text[..end], &text[end + 1..]);
    let quote = char::from(text.as_bytes()[end]);
    let Some(length) = rest.bytes().take(MAX_IMPORT_BYTES).position(|b| char::from(b) == quote)
    else {
        return names;
    };
    let specifier = &rest[..length];
    let clause = clause.trim();
    if let Some((local, _)) =
        clause.strip_suffix('(').and_then(|c| c.trim_end().rsplit_once("require"))
        && let Some(local) = local.trim_end().strip_suffix('=')
    {
        names.push(ImportedName {
            local: local.trim(),
            imported: None,
            namespace: true,
            specifier,
        });
        return names;
    }
    let Some(clause) = clause.strip_suffix("from") else { return names };
    let clause = clause.trim();
    let clause = clause.strip_prefix("type ").map_or(clause, str::trim_start);
    let (head, braces) = match clause.split_once('{') {
        Some((head, rest)) => (head, rest.split_once('}').map_or(rest, |(inner, _)| inner)),
        None => (clause, ""),
    };
    for part in head.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        match part.strip_prefix('*').map(str::trim_start).and_then(|p| p.strip_prefix("as")) {
            Some(local) => names.push(ImportedName {
                local: local.trim(),
                imported: None,
                namespace: true,
                specifier,
            }),
            None => names.push(ImportedName {
                local: part,
                imported: None,
                namespace: false,
                specifier,
            }),
        }
    }
    for part in braces.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let words: Vec<&str> = part.split_whitespace().collect();
        let (imported, local) = match words.as_slice() {
            [name] | ["type", name] => (*name, *name),
            [name, "as", local] | ["type", name, "as", local] => (*name, *local),
            _ => continue,
        };
        names.push(ImportedName { local, imported: Some(imported), namespace: false, specifier });
    }
    names
}

const MAX_IMPORT_BYTES: usize = 16 * 1024;

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

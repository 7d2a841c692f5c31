//! What pages are called: by route and type, without two that one file system takes for one.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    explain::{entry::Entry, types::TypeName},
    hash::hex,
};

/// The paths of pages, without `.md`.
pub struct Names {
    routes: BTreeMap<String, String>,
    types: BTreeMap<TypeName, String>,
}

impl Names {
    pub fn of(entries: &[Entry<'_>]) -> Self {
        let mut taken = BTreeSet::from(["index".to_owned(), "readme".to_owned()]);
        let routes = entries
            .iter()
            .map(|entry| (entry.name.to_owned(), unique(entry.name, entry.name, &mut taken)));
        let routes = routes.collect();
        let mut taken = BTreeSet::new();
        let names: BTreeSet<TypeName> =
            entries.iter().flat_map(|entry| entry.types.keys()).cloned().collect();
        let types = names.into_iter().map(|name| {
            let path = unique(&name.1, &format!("{}#{}", name.0, name.1), &mut taken);
            (name, format!("{TYPES}{path}"))
        });
        Self { routes, types: types.collect() }
    }

    pub fn route(&self, name: &str) -> Option<&str> {
        self.routes.get(name).map(String::as_str)
    }

    pub fn ty(&self, name: &TypeName) -> Option<&str> {
        self.types.get(name).map(String::as_str)
    }

    /// By file and name.
    pub fn types(&self) -> impl Iterator<Item = &TypeName> {
        self.types.keys()
    }

    /// The page of what `{@link name}` names: a route, or the only type of that name.
    pub fn find(&self, name: &str) -> Option<&str> {
        let mut types = self.types.iter().filter(|((_, ty), _)| ty == name);
        let (first, second) = (types.next(), types.next());
        let ty = first.filter(|_| second.is_none()).map(|(_, path)| path.as_str());
        self.route(name).or(ty)
    }
}

/// The link from one page to another.
pub fn link(from: &str, to: &str) -> String {
    match (from.starts_with(TYPES), to.strip_prefix(TYPES)) {
        (true, Some(name)) => format!("./{name}.md"),
        (true, None) => format!("../{to}.md"),
        (false, _) => format!("./{to}.md"),
    }
}

/// `name` as a file's name. One that has other signs, or is taken in another spelling, gets the
/// beginning of a hash of `whole`.
fn unique(name: &str, whole: &str, taken: &mut BTreeSet<String>) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let mut path: String = name.chars().map(|c| if plain(c) { c } else { '-' }).collect();
    if path != name || path.starts_with(['.', '_']) || !taken.insert(path.to_lowercase()) {
        path = format!("{}-{}", path.trim_start_matches(['.', '_']), &hex(whole.as_bytes())[..8]);
        taken.insert(path.to_lowercase());
    }
    path
}

const TYPES: &str = "types/";

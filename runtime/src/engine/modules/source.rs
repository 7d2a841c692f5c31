//! Source maps: positions of built modules in terms of the application's sources.

use std::{
    path::{Component, Path},
    sync::{Arc, OnceLock},
};

use rustc_hash::FxHashMap;
use swc_sourcemap::SourceMap;

/// The maps of a bundle's modules.
#[derive(Default)]
pub struct SourceMaps(FxHashMap<Arc<str>, Map>);

struct Map {
    text: Vec<u8>,
    read: OnceLock<Option<SourceMap>>,
}

impl SourceMaps {
    /// Keeps the map of the module `id`. It is read when it is needed.
    pub fn insert(&mut self, id: Arc<str>, text: Vec<u8>) {
        self.0.insert(id, Map { text, read: OnceLock::new() });
    }

    /// Puts the positions of the sources into a stack, and leaves what has no map.
    pub fn map_stack(&self, stack: &str) -> String {
        stack.lines().map(|line| self.map_line(line)).collect::<Vec<_>>().join("\n")
    }

    /// `    at name (dist/server/api.js:3:7)`, or without name and parentheses.
    fn map_line(&self, line: &str) -> String {
        let (before, place, after) = match line.rsplit_once('(') {
            Some((before, rest)) => match rest.split_once(')') {
                Some((place, after)) => (format!("{before}("), place, format!("){after}")),
                None => return line.to_owned(),
            },
            None => match line.rsplit_once("at ") {
                Some((before, place)) => (format!("{before}at "), place, String::new()),
                None => return line.to_owned(),
            },
        };
        match self.map_place(place) {
            Some(mapped) => format!("{before}{mapped}{after}"),
            None => line.to_owned(),
        }
    }

    fn map_place(&self, place: &str) -> Option<String> {
        let (rest, column) = place.rsplit_once(':')?;
        let (id, line) = rest.rsplit_once(':')?;
        let (line, column): (u32, u32) = (line.parse().ok()?, column.parse().ok()?);
        let map = self.0.get(id)?;
        let map = map.read.get_or_init(|| SourceMap::from_slice(&map.text).ok()).as_ref()?;
        let token = map.lookup_token(line.checked_sub(1)?, column.checked_sub(1)?)?;
        let source = normal(&Path::new(id).parent()?.join(&**token.get_source()?));
        Some(format!("{source}:{}:{}", token.get_src_line() + 1, token.get_src_col() + 1))
    }
}

/// Without `..`: what lies above the project begins at its first named folder.
fn normal(path: &Path) -> String {
    let mut parts: Vec<String> = Vec::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                parts.pop();
            }
            Component::Normal(name) => parts.push(name.to_string_lossy().into_owned()),
            _ => {}
        }
    }
    parts.join("/")
}

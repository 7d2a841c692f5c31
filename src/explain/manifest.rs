//! What `manifest.json` says of access: two versions of it are compared.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use serde::{Deserialize, Deserializer};

use super::words;
use crate::{
    check::{VERSION, diagnostics},
    diagnostic::position::json_error,
    files::Files,
    model::{SourcePath, diagnostic::Diagnostic, perms},
};

/// The routes of a build, as who may call them and what they touch.
#[derive(Clone, PartialEq, Debug, Deserialize)]
pub struct Matrix {
    version: u64,
    pub routes: BTreeMap<String, Access>,
    pub middleware: Vec<Wrapping>,
}

#[derive(Clone, PartialEq, Debug, Deserialize)]
pub struct Access {
    pub meta: Meta,
    pub chain: Vec<usize>,
    #[serde(deserialize_with = "masks")]
    pub tables: BTreeMap<String, u8>,
    /// Missing where nothing is written, and in manifests of earlier versions.
    #[serde(default)]
    pub writes: BTreeMap<String, BTreeSet<String>>,
    #[serde(default)]
    pub unseen: Vec<String>,
    pub abi: String,
}

#[derive(Clone, PartialEq, Debug, Deserialize)]
pub struct Meta {
    pub perm: u8,
    pub ugroup: Option<String>,
}

/// A middleware: it is known by its filter, since lines move.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Deserialize)]
pub struct Wrapping {
    pub module: String,
    pub filter: WrappingFilter,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Deserialize)]
pub struct WrappingFilter {
    pub prefixurl: Option<String>,
    pub egroup: Option<String>,
    pub endpoints: Option<Vec<String>>,
}

impl Matrix {
    /// The middlewares around a route, outermost first.
    pub fn chain<'a>(&'a self, access: &'a Access) -> impl Iterator<Item = &'a Wrapping> {
        access.chain.iter().filter_map(|index| self.middleware.get(*index))
    }
}

impl Wrapping {
    /// `src/middleware.ts (every route)`
    pub fn in_words(&self) -> String {
        let WrappingFilter { prefixurl, egroup, endpoints } = &self.filter;
        let filter = words::criteria(prefixurl.as_deref(), egroup.as_deref(), endpoints.clone());
        format!("a middleware of {} ({filter})", self.module)
    }
}

/// Reads a manifest. `name` is what diagnostics call it.
pub fn read(files: &dyn Files, path: &Path, name: &SourcePath) -> Result<Matrix, Diagnostic> {
    let bytes = files.read(path).map_err(|error| diagnostics::unreadable(name, &error))?;
    let text = String::from_utf8_lossy(&bytes);
    parse(text.strip_prefix('\u{feff}').unwrap_or(&text), name)
}

pub fn parse(text: &str, name: &SourcePath) -> Result<Matrix, Diagnostic> {
    let matrix: Matrix = serde_json::from_str(text).map_err(|error| {
        let (span, reason) = json_error(text, &error);
        diagnostics::not_a_manifest(name, span, &reason)
    })?;
    if matrix.version > VERSION {
        return Err(diagnostics::newer(name, matrix.version));
    }
    Ok(matrix)
}

/// `RW_` → 6.
fn masks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, u8>, D::Error> {
    let letters = BTreeMap::<String, String>::deserialize(deserializer)?;
    let mask = |letters: &str| {
        let bits = [('R', perms::READ), ('W', perms::WRITE), ('X', perms::REMOVE)];
        bits.iter().filter(|(letter, _)| letters.contains(*letter)).map(|(_, bit)| bit).sum()
    };
    Ok(letters.into_iter().map(|(table, letters)| (table, mask(&letters))).collect())
}

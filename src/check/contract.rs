//! What `manifest.json` says of the routes of a build.

use std::{collections::BTreeMap, path::Path};

use serde::Deserialize;

use super::diagnostics;
use crate::{
    diagnostic::position::json_error,
    files::Files,
    lock::Released,
    model::{SourcePath, diagnostic::Diagnostic, shape::Shapes},
};

#[derive(Clone, PartialEq, Debug, Deserialize)]
pub struct Contract {
    pub version: u64,
    pub routes: BTreeMap<String, ContractRoute>,
    /// Missing in manifests of the first versions of kontract.
    #[serde(default)]
    pub wire: Shapes,
}

#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub struct ContractRoute {
    pub abi: String,
    pub meta: Meta,
}

#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub struct Meta {
    pub perm: u8,
    pub ugroup: Option<String>,
}

/// Reads a manifest. `name` is what diagnostics call it.
pub fn read(files: &dyn Files, path: &Path, name: &SourcePath) -> Result<Contract, Diagnostic> {
    let bytes = files.read(path).map_err(|error| diagnostics::unreadable(name, &error))?;
    let text = String::from_utf8_lossy(&bytes);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    parse(text, name)
}

pub fn parse(text: &str, name: &SourcePath) -> Result<Contract, Diagnostic> {
    let contract: Contract = serde_json::from_str(text).map_err(|error| {
        let (span, reason) = json_error(text, &error);
        diagnostics::not_a_manifest(name, span, &reason)
    })?;
    if contract.version > VERSION {
        return Err(diagnostics::newer(name, contract.version));
    }
    let unknown =
        contract.routes.keys().find(|route| Released::of(&contract.wire, route).is_none());
    match unknown {
        Some(route) => Err(diagnostics::no_wire(name, route)),
        None => Ok(contract),
    }
}

/// The version of the manifest's form.
pub const VERSION: u64 = 1;

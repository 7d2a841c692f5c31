//! `manifest.json`: what a build says of itself.

use std::{collections::BTreeMap, sync::Arc};

use serde::Deserialize;
use serde_json::value::RawValue;

/// What the gateway needs of a manifest.
#[derive(Clone, Debug, Deserialize)]
pub struct Manifest {
    pub version: u32,
    pub build: String,
    pub abi: String,
    pub routes: BTreeMap<String, Route>,
    pub tables: BTreeMap<String, Table>,
    /// What `exec` runs, by id.
    #[serde(default)]
    pub statements: BTreeMap<String, Statement>,
    /// The public keys by which its clients know a gateway, the current one first.
    #[serde(default)]
    pub pins: Vec<String>,
    /// The shapes of what travels: `crate::codec` reads them.
    pub wire: Arc<RawValue>,
    /// The shapes of rows, self-contained.
    pub rows: Option<Arc<RawValue>>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Route {
    pub module: String,
    pub export: String,
    pub meta: RouteMeta,
    pub abi: String,
    /// The hashes of the contracts that are still served.
    pub accepts: Vec<String>,
    /// The operations of the route that the compiler saw, by table: `RWX`, `R__`.
    #[serde(default)]
    pub tables: BTreeMap<String, String>,
    /// Nothing that it does is seen afterwards.
    #[serde(default)]
    pub reads: bool,
    /// All that it does is in the transaction of its call.
    #[serde(default)]
    pub contained: bool,
}

#[derive(Clone, Debug, Deserialize)]
pub struct RouteMeta {
    /// The permission bits a session must hold.
    pub perm: u8,
    /// The group a session must belong to.
    pub ugroup: Option<String>,
    pub egroup: Option<String>,
    /// How operations on tables belong together: all of a call, unless it says otherwise.
    #[serde(default)]
    pub isolation: Isolation,
    /// The call may run again after a conflict although it had effects outside.
    #[serde(default)]
    pub retry: bool,
    /// The result is a stream of items.
    #[serde(default)]
    pub streams: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Isolation {
    #[default]
    Serializable,
    /// Each operation applies at once, by itself.
    None,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Table {
    pub primary_key: String,
    /// Rows are private to the user who made them.
    #[serde(default)]
    pub owned: bool,
    /// Values are looked for in fields that have no index.
    #[serde(default)]
    pub searched: bool,
    pub fields: BTreeMap<String, Field>,
    /// The key of the row's shape in `rows.objects` or `rows.unions`.
    pub row: Option<String>,
}

/// A SELECT that the compiler has checked.
#[derive(Clone, Debug, Deserialize)]
pub struct Statement {
    pub table: String,
    /// With the table under its logical name, which a query in front of it binds.
    pub sql: String,
    pub parameters: usize,
    /// Its rows come in an order of its own.
    pub ordered: bool,
    /// Where it is called, for people: `src/users.ts:12`.
    #[serde(default)]
    pub at: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Field {
    pub perm: u8,
    #[serde(default)]
    pub index: bool,
    #[serde(default)]
    pub unique: bool,
}

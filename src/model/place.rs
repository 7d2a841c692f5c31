//! Where a source belongs, as bundlers and loaders ask.

use serde::{Deserialize, Serialize};

use super::SourcePath;

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Place {
    pub source: SourcePath,
    pub role: Role,
    /// What clients load in the place of it, a path in the project: `dist/client/api.js`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// What the server loads: `dist/server/api.js`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    Server,
    Client,
    Shared,
}

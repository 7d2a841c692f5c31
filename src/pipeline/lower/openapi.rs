//! `dist/openapi.json`: the JSON endpoint in `OpenAPI` 3.1.

use crate::model::{
    app::{App, Modules},
    output::Output,
};

pub fn openapi(_app: &App, _modules: &Modules) -> Option<Output> {
    None
}

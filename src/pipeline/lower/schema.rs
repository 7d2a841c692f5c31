//! `dist/schema/<module>.fbs`: the FlatBuffers schema of what the routes of a module take and give.

use crate::model::{app::App, output::Output};

pub fn schemas(_app: &App) -> Vec<Output> {
    Vec::new()
}

//! The log of a running gateway, on standard error: for people on a terminal, else a JSON object a
//! line. Values are escaped in both, so that no message can forge a line.

use std::io::{self, IsTerminal};

use tracing::level_filters::LevelFilter;

/// To be called once. `json`: objects on a terminal, too.
pub fn install(json: bool) {
    let log = tracing_subscriber::fmt().with_writer(io::stderr).with_max_level(LevelFilter::INFO);
    if json || !io::stderr().is_terminal() {
        log.json().flatten_event(true).with_current_span(false).with_span_list(false).init();
    } else {
        log.with_target(false).init();
    }
}

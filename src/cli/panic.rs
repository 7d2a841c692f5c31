//! What users see of a bug in the compiler: one message instead of a stack trace.

use std::panic;

use super::terminal::warn;

/// The process then ends with exit code 101, as every Rust program does.
pub fn install() {
    let default = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let place = info
            .location()
            .map_or(String::new(), |place| format!(" ({}:{})", place.file(), place.line()));
        warn(&message(info.payload_as_str().unwrap_or("unknown"), &place));
        // Contributors ask for the trace.
        if std::env::var_os("RUST_BACKTRACE").is_some_and(|value| value != "0") {
            default(info);
        }
    }));
}

fn message(what: &str, place: &str) -> String {
    format!(
        "kontract: this is a bug in kontract, not in your code.\n\
         Please report it with the source that caused it and these lines:\n  \
         kontract {}: {what}{place}",
        env!("CARGO_PKG_VERSION")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_names_the_version_and_the_place() {
        let message = message("index out of bounds", " (src/pipeline/gather.rs:7)");
        assert!(message.contains("a bug in kontract"));
        assert!(message.ends_with(&format!(
            "kontract {}: index out of bounds (src/pipeline/gather.rs:7)",
            env!("CARGO_PKG_VERSION")
        )));
    }
}

//! Lowered modules → text and source maps.

use crate::pipeline::names::url;

pub mod map;
pub mod server;

/// The last line of a script with a map.
pub fn map_link(file: &str) -> String {
    format!("//# sourceMappingURL={}.map\n", url(file.rsplit('/').next().unwrap_or(file)))
}

/// The path from a map in `<out>/<side>/<output>.js.map` to its source, as a URL.
pub fn source_url(out: &str, side_and_output: &str, source: &str) -> String {
    let depth =
        out.split('/').filter(|p| !p.is_empty()).count() + side_and_output.matches('/').count();
    format!("{}{}", "../".repeat(depth), url(source))
}

//! A source map as people can read it.

use std::fmt::Write as _;

use swc_sourcemap::SourceMap;

/// One line for each mapping, `line:column text → line:column`, from 1; then what else it says.
pub fn decoded(map: &str, code: &str) -> String {
    let map = SourceMap::from_slice(map.as_bytes()).expect("a source map");
    let lines: Vec<Vec<u16>> = code.lines().map(|l| l.encode_utf16().collect()).collect();
    let tokens: Vec<_> = map.tokens().collect();
    let mut text = String::new();
    for (i, token) in tokens.iter().enumerate() {
        let line = lines.get(token.get_dst_line() as usize).map_or(&[][..], Vec::as_slice);
        let from = line.len().min(token.get_dst_col() as usize);
        let next = tokens.get(i + 1).filter(|n| n.get_dst_line() == token.get_dst_line());
        let to = next.map_or(line.len(), |n| line.len().min(n.get_dst_col() as usize));
        let _ = write!(
            text,
            "{}:{} {:?}",
            token.get_dst_line() + 1,
            token.get_dst_col() + 1,
            String::from_utf16_lossy(&line[from..to.max(from)])
        );
        if token.get_source().is_some() {
            let _ = write!(text, " → {}:{}", token.get_src_line() + 1, token.get_src_col() + 1);
        }
        if let Some(name) = token.get_name() {
            let _ = write!(text, " ({name})");
        }
        text.push('\n');
    }
    for (i, source) in map.sources().enumerate() {
        let content = map.get_source_contents(u32::try_from(i).expect("few"));
        let _ =
            writeln!(text, "source {source}, content {}", content.map_or("left out", |_| "held"));
    }
    text
}

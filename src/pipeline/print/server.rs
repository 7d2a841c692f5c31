//! Lowered code → JavaScript and its source map.

use swc_common::{BytePos, FileName, LineCol, source_map::SourceMapGenConfig};
use swc_ecma_ast::{EsVersion, Pass};
use swc_ecma_codegen::{Config, Emitter, text_writer::JsWriter};
use swc_ecma_transforms_base::fixer::fixer;

use super::{map, map_link};
use crate::{model::output::Output, pipeline::lower::server::Lowered, text::header};

/// `path` is the output's (`server/api/users.js`), `source` the way from its map to the source.
pub fn print(mut lowered: Lowered, path: &str, shown: &str, source: &str) -> [Output; 2] {
    fixer(Some(&lowered.comments)).process(&mut lowered.program);
    // The writer counts lines from here, so the header's is added below.
    let mut code = header(Some(shown)).into_bytes();
    let mut mappings: Vec<(BytePos, LineCol)> = Vec::new();
    {
        let writer = JsWriter::new(lowered.sources.clone(), "\n", &mut code, Some(&mut mappings));
        let mut emitter = Emitter {
            cfg: Config::default().with_target(EsVersion::Es2022),
            cm: lowered.sources.clone(),
            comments: Some(&lowered.comments),
            wr: writer,
        };
        // Writing to memory cannot fail.
        let _ = emitter.emit_program(&lowered.program);
    }
    // The header takes the first line.
    for (_, place) in &mut mappings {
        place.line += 1;
    }
    let mut text = String::from_utf8(code).unwrap_or_default();
    // Only comments still hold the source's line breaks; no mapping stands behind one.
    if text.contains('\r') {
        text = text.replace("\r\n", "\n");
    }
    text.push_str(&lowered.tail);
    text.push_str(&map_link(path));
    let built = lowered.sources.build_source_map(&mappings, None, MapConfig { source });
    [
        Output { path: path.to_owned(), text },
        Output { path: format!("{path}.map"), text: map::to_json(&built) },
    ]
}

struct MapConfig<'a> {
    source: &'a str,
}

impl SourceMapGenConfig for MapConfig<'_> {
    fn file_name_to_source(&self, _: &FileName) -> String {
        self.source.to_owned()
    }

    fn inline_sources_content(&self, _: &FileName) -> bool {
        false
    }
}

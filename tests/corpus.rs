//! Sources nobody here wrote: npm packages that ship their TypeScript. None of them knows
//! Kontract, so nothing may be lifted, and the tree must be the one the parser gives by itself.

use std::{
    fs,
    path::{Path, PathBuf},
    thread,
};

use kontract::{
    model::SourcePath,
    source::{STACK_BYTES, decode, parse},
};
use swc_common::{BytePos, comments::SingleThreadedComments, input::StringInput};
use swc_ecma_ast::{EsVersion, Module};
use swc_ecma_parser::{Lexer, Parser, Syntax, TsSyntax};

#[test]
fn nothing_is_lifted_from_foreign_sources_and_their_trees_are_the_parsers() {
    let files = sources();
    assert!(
        files.len() >= 900,
        "only {} files: is tests/corpus installed completely?",
        files.len()
    );
    let check = move || {
        let (mut with_at, mut bytes) = (0, 0);
        for path in &files {
            let file = SourcePath::new(path.to_string_lossy());
            let content = fs::read(path).unwrap_or_else(|error| panic!("{file}: {error}"));
            let text = decode(&file, &content).unwrap_or_else(|error| panic!("{error:?}"));
            let (parsed, diagnostics) = parse(&file, &text);
            let expected = parse_plainly(&file, &text);
            match (parsed, expected) {
                (Some(parsed), Some(expected)) => {
                    assert!(parsed.plain, "{file}: {:?}", parsed.annotations);
                    assert!(parsed.module == expected, "{file}: another tree");
                    assert_eq!(parsed.text, *text);
                }
                // A few packages ship templates and tests of invalid sources.
                (None, None) => assert!(!diagnostics.is_empty(), "{file}"),
                (parsed, _) => {
                    panic!("{file}: parsed {}, {diagnostics:?}", parsed.is_some());
                }
            }
            with_at += usize::from(text.contains('@'));
            bytes += text.len();
        }
        assert!(with_at > 300, "only {with_at} files of {} hold an `@`", files.len());
        assert!(bytes > 5_000_000, "only {bytes} bytes");
    };
    let thread = thread::Builder::new().stack_size(STACK_BYTES).spawn(check);
    if let Err(panic) = thread.expect("a thread can be started").join() {
        std::panic::resume_unwind(panic);
    }
}

fn parse_plainly(file: &SourcePath, text: &str) -> Option<Module> {
    let end = u32::try_from(text.len()).expect("files are small");
    let syntax = Syntax::Typescript(TsSyntax {
        tsx: Path::new(file.as_str()).extension().is_some_and(|end| end == "tsx"),
        decorators: true,
        ..TsSyntax::default()
    });
    let comments = SingleThreadedComments::default();
    let input = StringInput::new(text, BytePos(1), BytePos(end + 1));
    Parser::new_from(Lexer::new(syntax, EsVersion::EsNext, input, Some(&comments)))
        .parse_module()
        .ok()
}

fn sources() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/node_modules");
    assert!(
        folder.is_dir(),
        "the corpus is not installed: run `npm ci --ignore-scripts` in tests/corpus, or `cargo xtask test`"
    );
    let mut files: Vec<PathBuf> = walkdir::WalkDir::new(folder)
        .sort_by_file_name()
        .into_iter()
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_file())
        .map(walkdir::DirEntry::into_path)
        .filter(|path| {
            let name = path.to_string_lossy();
            let source = [".ts", ".tsx", ".mts"].iter().any(|end| name.ends_with(end));
            source && ![".d.ts", ".d.mts"].iter().any(|end| name.ends_with(end))
        })
        .collect();
    files.sort_unstable();
    files
}

//! Whole builds of small projects: every fixture under `fixtures/<stage>/` against its snapshot
//! under `snapshots/<stage>/`, which shows the input, every diagnostic and every output.
//!
//! A fixture is a file (`fixtures/extract/overloads.ts`, built as `src/overloads.ts` of a project
//! of its own) or a folder that holds a project. A new one needs no code: run the test, read what
//! it shows, accept it with `cargo insta review` or `INSTA_UPDATE=always`.
//!
//! The sources and outputs of the fixtures that build are left in `target/fixture-outputs`, where
//! `tests/apps/fixtures.test.ts` checks the types and runs the code.

#[path = "support/fixtures.rs"]
mod fixtures;
#[path = "support/mappings.rs"]
mod mappings;

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs, panic,
    path::{Path, PathBuf},
    sync::Arc,
};

use kontract::{
    config::{Flags, load},
    diagnostic::render::{Renderer, Style, sort},
    files::{Files, Memory},
    lock,
    model::{diagnostic::Diagnostic, output::Output, shape::Shapes},
    pipeline::{self, Build},
    source::text::MAX_BYTES,
};
use swc_common::{BytePos, input::StringInput};
use swc_ecma_ast::EsVersion;
use swc_ecma_parser::{EsSyntax, Parser, Syntax, lexer::Lexer};

use fixtures::{Fixture, PROJECT, fixtures, folder, names, stages};

#[test]
fn every_fixture_builds_to_its_snapshot() {
    let outputs = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("fixture-outputs");
    let _ = fs::remove_dir_all(&outputs);
    let mut different = Vec::new();
    for fixture in fixtures() {
        let files: Arc<dyn Files> = Arc::new(fixture.files());
        if fixture.stage == "shapes" {
            let text = shown_shapes(&fixture, &files);
            if !matches_snapshot(&fixture, &text) {
                different.push(format!("{}/{}", fixture.stage, fixture.name));
            }
            continue;
        }
        let Build { diagnostics, outputs: built, lock, .. } = build(&fixture.stage, &files);
        let failed = diagnostics.iter().any(Diagnostic::is_error);
        let mut text = shown(&fixture, &*files, diagnostics, &built);
        if !failed && fixture.stage == "lock" {
            section(&mut text, "lock", "", &lock::print(&lock));
        }
        if !failed {
            // What is run is what `kontract build` writes.
            let built = build(OPTIMIZE, &files).outputs;
            keep(&outputs.join(&fixture.stage).join(&fixture.name), &fixture, &built);
        }
        if !matches_snapshot(&fixture, &text) {
            different.push(format!("{}/{}", fixture.stage, fixture.name));
        }
    }
    assert!(different.is_empty(), "these differ from their snapshots: {different:#?}");
}

/// One that differs must not hide the others.
fn matches_snapshot(fixture: &Fixture, text: &str) -> bool {
    let matches = panic::catch_unwind(|| {
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(folder("snapshots").join(&fixture.stage));
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!(fixture.name.as_str(), text));
    });
    matches.is_ok()
}

/// What types come to is told by the shapes alone, without ids, which are the lock's.
fn shown_shapes(fixture: &Fixture, files: &Arc<dyn Files>) -> String {
    let mut text = String::new();
    for (path, bytes) in &fixture.sources {
        section(&mut text, "in", path, &visible(&String::from_utf8_lossy(bytes)));
    }
    let flags = Flags { threads: Some(1), ..Flags::default() };
    let (shapes, diagnostics) = match load(&**files, Path::new(PROJECT), &flags) {
        Ok(options) => pipeline::shapes(files, &options),
        Err(diagnostics) => (Shapes::default(), diagnostics),
    };
    if !diagnostics.is_empty() {
        section(&mut text, "diagnostics", "", &rendered(&**files, diagnostics));
    }
    section(&mut text, "shapes", "", &shapes_text(&shapes));
    text
}

/// A line for each object, union and field, JSON in each.
fn shapes_text(shapes: &Shapes) -> String {
    let mut text = String::new();
    let json = |value: serde_json::Value| {
        let mut value = value;
        for key in ["id", "tag", "place"] {
            if let Some(object) = value.as_object_mut() {
                object.shift_remove(key);
            }
        }
        value.to_string()
    };
    for (route, shapes) in &shapes.routes {
        let _ = writeln!(
            text,
            "route {route} as {}: {} → {}",
            shapes.ident, shapes.request, shapes.response
        );
    }
    for (key, object) in &shapes.objects {
        let kind = format!("{:?}", object.kind).to_lowercase();
        let _ = writeln!(text, "\n{kind} {key} as {}", object.name);
        for field in &object.fields {
            let _ = writeln!(text, "  {}", json(serde_json::to_value(field).expect("JSON")));
        }
        if let Some(rest) = &object.rest {
            let _ = writeln!(text, "  rest {}", json(serde_json::to_value(rest).expect("JSON")));
        }
    }
    for (key, union) in &shapes.unions {
        let _ = writeln!(text, "\nunion {key} as {}", union.name);
        for member in &union.members {
            let _ = writeln!(text, "  {}", json(serde_json::to_value(member).expect("JSON")));
        }
    }
    text
}

fn rendered(files: &dyn Files, diagnostics: Vec<Diagnostic>) -> String {
    let mut renderer = Renderer::new(files, Path::new(PROJECT));
    let style = Style { color: false, width: 100 };
    let reports: Vec<String> = sort(diagnostics).iter().map(|d| renderer.human(d, style)).collect();
    reports.join("\n")
}

#[test]
fn every_snapshot_of_a_stage_with_fixtures_has_its_fixture() {
    let known: BTreeSet<PathBuf> = fixtures()
        .iter()
        .map(|f| folder("snapshots").join(&f.stage).join(format!("{}.snap", f.name)))
        .collect();
    let stale: Vec<PathBuf> = stages()
        .iter()
        .flat_map(|stage| {
            let folder = folder("snapshots").join(stage);
            names(&folder).into_iter().map(move |name| folder.join(name))
        })
        .filter(|path| path.extension().is_some_and(|e| e == "snap") && !known.contains(path))
        .collect();
    assert!(stale.is_empty(), "delete these, their fixtures are gone: {stale:#?}");
}

/// No fixture, since it would be megabytes.
#[test]
fn a_file_beyond_the_limit_is_refused() {
    let text = format!("export const a = '{}';\n", "a".repeat(MAX_BYTES));
    let files = Memory::unix([(format!("{PROJECT}/src/large.ts"), text)]);
    let Build { diagnostics, outputs, .. } = build("", &(Arc::new(files) as Arc<dyn Files>));
    let codes: Vec<&str> = diagnostics.iter().map(|d| d.code.as_str()).collect();
    assert_eq!(codes, ["K004"]);
    assert!(outputs.is_empty());
}

/// A diagnostic that nobody has seen is not known to be right.
#[test]
fn every_code_is_seen_in_a_snapshot_or_a_test() {
    let mut constructed = BTreeSet::new();
    let mut seen = String::new();
    visit(&folder("src"), &mut |path, text| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name == "tests.rs" {
            seen.push_str(text);
        } else {
            // Tests of a module stand at its end.
            let (code, tests) = text.split_once("#[cfg(test)]").unwrap_or((text, ""));
            constructed.extend(quoted_codes(code));
            seen.push_str(tests);
        }
    });
    for place in ["snapshots", "tests"] {
        visit(&folder(place), &mut |_, text| seen.push_str(text));
    }
    let unseen: Vec<String> =
        constructed.iter().filter(|code| !seen.contains(*code)).cloned().collect();
    let reasoned: Vec<String> = UNREACHABLE.iter().map(|(n, _)| format!("K{n:03}")).collect();
    assert!(constructed.len() > 50, "codes are found: {constructed:?}");
    assert_eq!(unseen, reasoned, "codes without a fixture, against those that can have none");
}

/// Before the paths of the types folder, which lies outside the output folder.
const TYPES: &str = ".kontract/";

/// Codes that no source is known to bring about, by number, and why they exist.
const UNREACHABLE: &[(u16, &str)] = &[
    (80, "a leak into the client is a bug of the compiler itself"),
    (81, "the system gives no threads"),
    (333, "the system gives no random bytes"),
];

/// `"K001"` and the like.
fn quoted_codes(text: &str) -> impl Iterator<Item = String> {
    text.split('"').filter_map(|part| {
        let digits = part.strip_prefix('K')?;
        (digits.len() == 3 && digits.bytes().all(|b| b.is_ascii_digit())).then(|| part.to_owned())
    })
}

fn visit(folder: &Path, see: &mut dyn FnMut(&Path, &str)) {
    for name in names(folder) {
        let path = folder.join(name);
        if path.is_dir() && !path.ends_with("node_modules") {
            visit(&path, see);
        } else if let Ok(text) = fs::read_to_string(&path) {
            see(&path, &text);
        }
    }
}

/// Generated JavaScript is read again: by a parser, as a module, without TypeScript or JSX.
#[test]
fn every_generated_module_parses() {
    for fixture in fixtures() {
        let files: Arc<dyn Files> = Arc::new(fixture.files());
        let both = [build("", &files), build(OPTIMIZE, &files)];
        for output in
            both.iter().flat_map(|build| &build.outputs).filter(|o| o.path.ends_with(".js"))
        {
            if let Err(error) = parses(&output.text) {
                panic!("{}/{}: {}: {error}", fixture.stage, fixture.name, output.path);
            }
        }
    }
}

fn parses(text: &str) -> Result<(), String> {
    let end = u32::try_from(text.len()).expect("small") + 1;
    let input = StringInput::new(text, BytePos(1), BytePos(end));
    let lexer = Lexer::new(Syntax::Es(EsSyntax::default()), EsVersion::Es2022, input, None);
    let mut parser = Parser::new_from(lexer);
    let error = match parser.parse_module() {
        Err(error) => Some(error),
        Ok(_) => parser.take_errors().into_iter().next(),
    };
    match error {
        Some(error) => Err(format!("{error:?}")),
        None => Ok(()),
    }
}

/// The stage whose fixtures are optimized.
const OPTIMIZE: &str = "optimize";

fn build(stage: &str, files: &Arc<dyn Files>) -> Build {
    let optimize = stage == OPTIMIZE;
    let flags = Flags { threads: Some(1), optimize, ..Flags::default() };
    match load(&**files, Path::new(PROJECT), &flags) {
        Ok(options) => {
            let mut build = pipeline::build(files, &options);
            // Where no table is listed, the types folder is the same for all.
            let listed = build.types.iter().any(|o| o.text.contains(": Stored<"));
            let types = std::mem::take(&mut build.types)
                .into_iter()
                .filter(|_| listed)
                .map(|output| Output { path: format!("{TYPES}{}", output.path), ..output });
            build.outputs.extend(types);
            build
        }
        Err(diagnostics) => Build { diagnostics, ..Build::default() },
    }
}

/// What a snapshot holds.
fn shown(
    fixture: &Fixture,
    files: &dyn Files,
    diagnostics: Vec<Diagnostic>,
    outputs: &[Output],
) -> String {
    let mut text = String::new();
    for (path, bytes) in &fixture.sources {
        section(&mut text, "in", path, &visible(&String::from_utf8_lossy(bytes)));
    }
    if !diagnostics.is_empty() {
        section(&mut text, "diagnostics", "", &rendered(files, diagnostics));
    }
    // Codecs and schemas are long, and follow from shapes: `fixtures/codec` shows some,
    // `fixtures/openapi` the documents, and one fixture the codecs of rows.
    let is_wire = |o: &&Output| {
        ["codec/", "schema/"].iter().any(|f| o.path.starts_with(f))
            || (o.path == "openapi.json" && fixture.stage != "openapi")
            || (o.path == "server/__kontract_rows.js" && fixture.name != "rows_of_many_forms")
    };
    for output in outputs.iter().filter(|o| !is_wire(o)) {
        if !output.path.ends_with(".map") {
            section(&mut text, "out", &output.path, &visible(&short_hashes(output)));
        } else if fixture.wants_mappings() {
            let code = outputs.iter().find(|o| format!("{}.map", o.path) == output.path);
            let code = code.map_or("", |code| &code.text);
            section(&mut text, "out", &output.path, &mappings::decoded(&output.text, code));
        }
    }
    text
}

fn section(text: &mut String, kind: &str, path: &str, content: &str) {
    let title = format!("{kind} {path}");
    let _ = writeln!(text, "━━ {} ━━", title.trim_end());
    text.push_str(content);
    if !content.is_empty() && !content.ends_with('\n') {
        text.push_str("⟨no line break at the end⟩\n");
    }
    text.push('\n');
}

/// A part of each hash says enough. What types come to is shown in `shapes`, and the hash of
/// everything, which comes last, changes with everything.
fn short_hashes(output: &Output) -> String {
    if output.path != "manifest.json" {
        return output.text.clone();
    }
    let mut text = String::new();
    let (contract, wire) = output.text.split_once("\n  \"wire\": {").unwrap_or((&output.text, ""));
    for line in contract.lines() {
        match line.split_once("\"sha256:") {
            Some((before, hash)) => {
                let end = hash.find('"').unwrap_or(hash.len());
                let _ = writeln!(text, "{before}\"sha256:{}…{}", &hash[..8], &hash[end..]);
            }
            None => {
                let _ = writeln!(text, "{line}");
            }
        }
    }
    if !wire.is_empty() {
        text.push_str("  \"wire\": …\n}\n");
    }
    text
}

/// What editors hide.
fn visible(text: &str) -> String {
    text.replace('\u{feff}', "⟨BOM⟩")
        .replace("\r\n", "⟨CRLF⟩\n")
        .replace('\r', "⟨CR⟩")
        .replace('\t', "⟨TAB⟩")
        .replace('\0', "⟨NUL⟩")
}

/// Leaves the project as a build on disk would.
fn keep(folder: &Path, fixture: &Fixture, outputs: &[Output]) {
    let sources = fixture.sources.iter().map(|(path, bytes)| (path.clone(), bytes.as_slice()));
    let outputs = outputs.iter().map(|o| {
        let path = match o.path.strip_prefix(TYPES) {
            Some(path) => format!("src/.kontract/{path}"),
            None => format!("dist/{}", o.path),
        };
        (path, o.text.as_bytes())
    });
    for (path, bytes) in sources.chain(outputs) {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("the target folder is ours");
        fs::write(path, bytes).expect("the target folder is ours");
    }
}

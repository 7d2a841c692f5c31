//! Properties of the lift: annotations put into sources are found where they were put, and no
//! mutilated source makes it panic, hang or report places outside the file.
//!
//! `KONTRACT_PROVE=1` multiplies the number of cases.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use kontract::{
    model::SourcePath,
    source::{Parsed, STACK_BYTES, decode, parse, span},
};
use swc_common::{EqIgnoreSpan, Spanned};
use swc_ecma_ast::{
    ArrayLit, ArrowExpr, Class, ClassMember, ExportDecl, Expr, FnDecl, Function, Module,
    ParamOrTsParamProp, TsTypeElement,
};
use swc_ecma_visit::{Visit, VisitMut, VisitMutWith, VisitWith};

#[test]
fn annotations_put_into_real_and_synthetic_sources_are_found_at_their_places() {
    on_a_large_stack(|| {
        let mut random = Random(0x5EED);
        let mut inserted = 0;
        let mut sources = fixtures();
        sources.extend(corpus());
        let mut round = 0;
        while inserted < if prove() { 200_000 } else { 12_000 } {
            for (file, text) in &sources {
                inserted += insert_and_find(file, text, &mut random);
            }
            round += 1;
            assert!(round < 10_000, "the sources offer too few places");
        }
    });
}

#[test]
fn mutilated_sources_end_in_diagnostics() {
    on_a_large_stack(|| {
        let cases = if prove() { 120_000 } else { 6_000 };
        let sources = fixtures();
        let mut random = Random(0xBAD);
        let mut failed = 0;
        for case in 0..cases {
            let (file, text) = &sources[random.below(sources.len())];
            let mutilated = mutilate(text, &mut random);
            failed += usize::from(survives(file, &mutilated, case));
        }
        // The parser's own panics are diagnostics, too, but not the usual ones.
        assert!(failed * 100 <= cases, "the parser panicked on {failed} of {cases}");
    });
}

/// Inserts annotations at random places of a source, and returns how many.
fn insert_and_find(file: &SourcePath, text: &str, random: &mut Random) -> usize {
    let (Some(original), _) = parse(file, text) else { return 0 };
    if !original.plain {
        return 0;
    }
    let mut places = Places { text, found: Vec::new() };
    original.module.visit_with(&mut places);
    places.found.sort_unstable();
    places.found.dedup();
    // A name that the file uses itself may be the user's own.
    let usable: Vec<&str> = ANNOTATIONS
        .iter()
        .copied()
        .filter(|annotation| {
            let name = annotation.trim_start_matches(['@', ' ']);
            let end = name.find(|c: char| !c.is_alphanumeric()).unwrap_or(name.len());
            !text.contains(&name[..end])
        })
        .collect();
    if usable.is_empty() {
        return 0;
    }
    let mut changed = String::with_capacity(text.len() + 1024);
    // Start, end and anchor of each, in the changed text.
    let mut expected: Vec<(usize, usize, usize)> = Vec::new();
    let mut from = 0;
    for place in places.found {
        if random.below(3) != 0 {
            continue;
        }
        changed.push_str(&text[from..place]);
        from = place;
        let first = expected.len();
        for _ in 0..=random.below(2) {
            let annotation = usable[random.below(usable.len())];
            let separator = SEPARATORS[random.below(SEPARATORS.len())];
            let start = changed.len();
            let _ = write!(changed, "{annotation}");
            expected.push((start, changed.len(), 0));
            changed.push_str(separator);
        }
        let anchor = changed.len();
        expected[first..].iter_mut().for_each(|(_, _, place)| *place = anchor);
    }
    changed.push_str(&text[from..]);

    let (parsed, diagnostics) = parse(file, &changed);
    let Some(parsed) = parsed else { panic!("{file}: {diagnostics:?}\n{changed}") };
    let found: Vec<_> = parsed
        .annotations
        .iter()
        .map(|a| (a.span.start as usize, a.span.end as usize, a.anchor as usize))
        .collect();
    if found != expected {
        let wrong = found.iter().zip(&expected).find(|(found, expected)| found != expected);
        let at = wrong.map_or(0, |(_, expected)| expected.0);
        let (start, end) = (
            changed.floor_char_boundary(at.saturating_sub(200)),
            changed.ceil_char_boundary((at + 200).min(changed.len())),
        );
        panic!(
            "{file}: {wrong:?}, {} for {}\n{}",
            found.len(),
            expected.len(),
            &changed[start..end]
        );
    }
    assert_blanked(file, &changed, &parsed);
    let (mut before, mut after) = (original.module, parsed.module);
    before.visit_mut_with(&mut WithoutSeparators);
    after.visit_mut_with(&mut WithoutSeparators);
    assert!(before.eq_ignore_span(&after), "{file}: another tree\n{changed}");
    expected.len()
}

#[track_caller]
fn assert_blanked(file: &SourcePath, text: &str, parsed: &Parsed) {
    assert_eq!(parsed.text.len(), text.len(), "{file}");
    let mut at = 0;
    for annotation in &parsed.annotations {
        let (start, end) = (annotation.span.start as usize, annotation.span.end as usize);
        assert!(text[at..start] == parsed.text[at..start], "{file}");
        for (before, after) in text[start..end].bytes().zip(parsed.text[start..end].bytes()) {
            let blank = match before {
                b'\n' | b'\r' => after == before,
                b'@' => matches!(after, b' ' | b';'),
                _ => after == b' ',
            };
            assert!(blank, "{file}: {before} became {after}");
        }
        assert!(text[end..].is_char_boundary(0));
        assert!(text.is_char_boundary(annotation.anchor as usize), "{file}");
        assert!(annotation.anchor as usize >= end, "{file}");
        at = end;
    }
    assert!(text[at..] == parsed.text[at..], "{file}");
}

/// Parses, checks what must hold of any input, and tells whether the parser panicked.
fn survives(file: &SourcePath, text: &str, case: usize) -> bool {
    let begin = Instant::now();
    let (parsed, diagnostics) = parse(file, text);
    let elapsed = begin.elapsed();
    assert!(elapsed < Duration::from_secs(20), "{file} {case}: {elapsed:?}\n{text}");
    for diagnostic in &diagnostics {
        if let Some(span) = diagnostic.span {
            assert!(span.start <= span.end && span.end as usize <= text.len(), "{diagnostic:?}");
            assert!(text.is_char_boundary(span.start as usize), "{diagnostic:?}\n{text}");
            assert!(text.is_char_boundary(span.end as usize), "{diagnostic:?}\n{text}");
        }
        assert!(!diagnostic.message.is_empty());
        assert_ne!(diagnostic.code, "K007", "{file} {case}: {diagnostic:?}\n{text}");
    }
    match parsed {
        Some(parsed) => {
            assert_blanked(file, text, &parsed);
            assert_eq!(parsed.plain, parsed.annotations.is_empty());
        }
        None => assert!(!diagnostics.is_empty(), "{file} {case}\n{text}"),
    }
    diagnostics.iter().any(|diagnostic| diagnostic.code == "K008")
}

fn mutilate(text: &str, random: &mut Random) -> String {
    let mut text = text.to_owned();
    for _ in 0..=random.below(4) {
        let at = text.floor_char_boundary(random.below(text.len() + 1));
        let to = text.ceil_char_boundary((at + random.below(40)).min(text.len()));
        match random.below(5) {
            0 => text.replace_range(at..to, ""),
            1 => {
                let piece = text[at..to].to_owned();
                let place = text.floor_char_boundary(random.below(text.len() + 1));
                text.insert_str(place, &piece);
            }
            2 => text.truncate(at),
            _ => text.insert_str(at, FRAGMENTS[random.below(FRAGMENTS.len())]),
        }
    }
    text
}

/// Where annotations may stand in a tree.
struct Places<'a> {
    text: &'a str,
    found: Vec<usize>,
}

impl Places<'_> {
    fn add(&mut self, node: swc_common::Span) {
        self.found.push(span(node).start as usize);
    }
}

impl Visit for Places<'_> {
    fn visit_class(&mut self, node: &Class) {
        for member in &node.body {
            let decorated = match member {
                ClassMember::Method(method) => !method.function.decorators.is_empty(),
                ClassMember::ClassProp(field) => !field.decorators.is_empty(),
                ClassMember::AutoAccessor(field) => !field.decorators.is_empty(),
                ClassMember::PrivateMethod(_) | ClassMember::PrivateProp(_) => false,
                _ => true,
            };
            if !decorated {
                self.add(member.span());
            }
            if let ClassMember::Constructor(constructor) = member {
                for parameter in &constructor.params {
                    if let ParamOrTsParamProp::TsParamProp(property) = parameter
                        && property.decorators.is_empty()
                    {
                        self.add(property.span);
                    }
                }
            }
        }
        node.visit_children_with(self);
    }

    fn visit_ts_type_element(&mut self, node: &TsTypeElement) {
        if !matches!(node, TsTypeElement::TsCallSignatureDecl(_)) {
            self.add(node.span());
        }
        node.visit_children_with(self);
    }

    fn visit_function(&mut self, node: &Function) {
        for parameter in node.params.iter().filter(|parameter| parameter.decorators.is_empty()) {
            self.add(parameter.span);
        }
        node.visit_children_with(self);
    }

    fn visit_arrow_expr(&mut self, node: &ArrowExpr) {
        let start = span(node.span).start as usize;
        for parameter in &node.params {
            let place = span(parameter.span()).start as usize;
            if self.text[start..place].contains('(') {
                self.found.push(place);
            }
        }
        node.visit_children_with(self);
    }

    fn visit_fn_decl(&mut self, node: &FnDecl) {
        self.add(node.function.span);
        node.visit_children_with(self);
    }

    fn visit_export_decl(&mut self, node: &ExportDecl) {
        if node.decl.is_fn_decl() || node.decl.is_ts_interface() {
            self.add(node.span);
        }
        node.visit_children_with(self);
    }

    fn visit_array_lit(&mut self, node: &ArrayLit) {
        for element in node.elems.iter().flatten().filter(|element| element.spread.is_none()) {
            if matches!(&*element.expr, Expr::Arrow(_) | Expr::Fn(_)) {
                self.add(element.expr.span());
            }
        }
        node.visit_children_with(self);
    }
}

/// Separators that the lift wrote are empty members.
struct WithoutSeparators;

impl VisitMut for WithoutSeparators {
    fn visit_mut_class(&mut self, node: &mut Class) {
        node.body.retain(|member| !matches!(member, ClassMember::Empty(_)));
        node.visit_mut_children_with(self);
    }

    fn visit_mut_module(&mut self, node: &mut Module) {
        node.visit_mut_children_with(self);
    }
}

fn fixtures() -> Vec<(SourcePath, String)> {
    read_all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/lift"))
}

/// Real sources, where they are installed; tests/corpus.rs insists on them.
fn corpus() -> Vec<(SourcePath, String)> {
    read_all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/node_modules"))
}

fn read_all(folder: &Path) -> Vec<(SourcePath, String)> {
    let mut paths: Vec<PathBuf> = walkdir::WalkDir::new(folder)
        .into_iter()
        .filter_map(Result::ok)
        .map(walkdir::DirEntry::into_path)
        .filter(|path| {
            let name = path.to_string_lossy();
            let real = name.contains("node_modules");
            (name.ends_with(".ts") || name.ends_with(".tsx")) && !(real && name.ends_with(".d.ts"))
        })
        .collect();
    paths.sort();
    let read = |path: PathBuf| {
        let file = SourcePath::new(path.to_string_lossy());
        let text = decode(&file, &fs::read(path).ok()?).ok()?.into_string();
        Some((file, text))
    };
    paths.into_iter().filter_map(read).collect()
}

fn on_a_large_stack(run: impl FnOnce() + Send) {
    thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, run);
        if let Err(panic) = thread.expect("a thread can be started").join() {
            std::panic::resume_unwind(panic);
        }
    });
}

fn prove() -> bool {
    std::env::var_os("KONTRACT_PROVE").is_some()
}

/// A sequence that is the same on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % limit
    }
}

const ANNOTATIONS: &[&str] = &[
    "@backend",
    "@backend()",
    "@ backend",
    "@backend({ ugroup: 'admin', perm: perms.RW_, egroup: \"api-v1\" })",
    "@backend(ugroup=\"ad)min\", perm=perms.RW_ | perms.__X, egroup=`api`)",
    "@backend(\n  ugroup='é…',\r\n  retry=[1, { a: (2) }], // )\n)",
    "@mwfilter(egroup=\"v1\")",
    "@mwfilter",
    "@mwfilter({ prefixurl: '/x' })",
    "@primkey",
    "@perm(perms.R__)",
    "@perm (perms['R__'])",
    "@unique",
    "@owned",
    "@table(\"people\")",
    "@int8",
    "@int32",
    "@uint64",
    "@float32",
];

const SEPARATORS: &[&str] = &[" ", "\n", "\r\n  ", " /* @perm( */ ", " // it's\n"];

const FRAGMENTS: &[&str] = &[
    "@backend",
    "@backend(",
    "@perm(perms.R__) ",
    "@mwfilter() ",
    "@primkey ",
    "@",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "<",
    ">",
    "`",
    "${",
    "'",
    "\"",
    "/",
    "//",
    "/*",
    "*/",
    "=>",
    "=",
    ":",
    ";",
    ",",
    "?",
    "!",
    ".",
    "...",
    "?.",
    "\n",
    "\r\n",
    "\u{2028}",
    "é",
    "😀",
    "\\",
    "\\u{",
    "#",
    "#!",
    "<!--",
    "-->",
    "<a>",
    "</a>",
    "<T,>",
    "class A {",
    "interface B {",
    "static\n",
    "get ",
    "async ",
    "await ",
    "yield ",
    "function ",
    "enum ",
    "namespace ",
    "declare ",
    "abstract ",
    "import ",
    "export ",
    "export default ",
    "import { perm } from 'x';",
    "let backend = 1;",
    "as const",
    "satisfies ",
    "new ",
    "typeof ",
    "keyof ",
    "infer ",
    "0x",
    "1n",
    "1_",
    "0.",
    "\0",
    "using ",
    "accessor ",
    "case ",
    "default:",
    "&amp;",
    "<<<<<<< ",
    "/re/g",
    "\u{FEFF}",
];

//! Every way to nest, at its limit and far beyond.

use std::thread;

use swc_common::{SourceMap, sync::Lrc};
use swc_ecma_codegen::{Emitter, text_writer::JsWriter};
use swc_ecma_visit::{VisitMut, VisitMutWith};

use crate::{
    model::SourcePath,
    source::{Parsed, parse},
};

use super::*;

struct Walk;

impl VisitMut for Walk {}

fn nested((file, before, open, middle, close, after): Row, levels: usize) -> (SourcePath, String) {
    let (open, close) = (open.repeat(levels), close.repeat(levels));
    (SourcePath::new(file), format!("{before}{open}{middle}{close}{after}"))
}

/// What later stages do with a tree, with the stack they are promised.
fn use_up(parsed: Parsed) {
    let mut module = parsed.module;
    let module = thread::Builder::new().stack_size(STACK_BYTES).spawn(move || {
        module.visit_mut_with(&mut Walk);
        drop(module.clone());
        let map: Lrc<SourceMap> = Lrc::default();
        let mut printed = Vec::new();
        let writer = JsWriter::new(map.clone(), "\n", &mut printed, None);
        let mut emitter = Emitter {
            cfg: swc_ecma_codegen::Config::default(),
            cm: map,
            comments: None,
            wr: writer,
        };
        assert!(emitter.emit_module(&module).is_ok());
        drop(module);
    });
    assert!(module.is_ok_and(|thread| thread.join().is_ok()));
}

#[test]
fn whatever_is_accepted_can_be_walked_printed_and_dropped() {
    for row in ROWS {
        let accepted = [16_000, 8_000, 4_000, 2_000, 1_000, 400].into_iter().any(|levels| {
            let (file, text) = nested(*row, levels);
            let (parsed, diagnostics) = parse(&file, &text);
            assert!(diagnostics.iter().all(|d| d.code == "K005"), "{row:?} {diagnostics:?}");
            parsed.map(use_up).is_some()
        });
        assert!(accepted, "{row:?}");
    }
}

#[test]
fn whatever_is_nested_too_deeply_is_refused_on_any_thread() {
    for row in ROWS {
        let (file, text) = nested(*row, 20_000);
        let (parsed, diagnostics) = parse(&file, &text);
        if let Some(parsed) = parsed {
            // Flat in the tree: unions, sequences, comments.
            assert_eq!(too_deep(&parsed.module), None);
            use_up(parsed);
        } else {
            assert_eq!(diagnostics.len(), 1, "{row:?}");
            assert_eq!(diagnostics[0].code, "K005", "{row:?} {diagnostics:?}");
        }
    }
}

#[test]
fn arguments_of_annotations_are_measured_too() {
    let text = format!("@backend({}1) function f() {{}}", "!".repeat(50_000));
    let (_, diagnostics) = parse(&SourcePath::new("a.ts"), &text);
    assert_eq!(diagnostics.len(), 1);
    assert_eq!(diagnostics[0].code, "K005");
}

#[test]
fn unclosed_brackets_are_a_syntax_error_or_refused() {
    for open in [
        "(",
        "[",
        "{",
        "x=[{",
        "<",
        "`${",
        "a<",
        "f(",
        "class{a(){",
        "x=>{",
        "if(",
        "!",
        "+",
        "a?",
        "a?b:",
    ] {
        let (parsed, diagnostics) = parse(&SourcePath::new("a.ts"), &open.repeat(30_000));
        assert!(parsed.is_none());
        assert!(!diagnostics.is_empty(), "{open}");
    }
}

#[test]
fn what_the_parser_needs_minutes_for_is_refused_at_once() {
    for open in ["a<([b=", "f<({b=", "async<T>(a=", "<T>", "a<", "if(a)b;else ", "(a=f<T>("] {
        for levels in [30, 300, 20_000] {
            let (parsed, diagnostics) =
                parse(&SourcePath::new("a.ts"), &format!("x={}", open.repeat(levels)));
            assert!(parsed.is_none() || !diagnostics.is_empty(), "{open}");
        }
    }
}

#[test]
fn typed_code_nested_like_real_code_is_not_refused() {
    let nested = "const a: Map<string, A<B>> = create<A<B>>((set: Set<A>) => {\n  const [b, c = d<E>()] = f<G>({ h: (i: J<K>, l = m < n) => {\n";
    let text = format!("{}{}", nested.repeat(6), "} }) });\n".repeat(6));
    let (parsed, diagnostics) =
        parse(&SourcePath::new("a.ts"), &text.replace("} }) });", "} })\n });"));
    assert!(parsed.is_some(), "{diagnostics:?}");
}

#[test]
fn long_flat_code_is_not_refused() {
    let text = [
        format!("const a = 'x'{};\n", "\n  + 'text' + b".repeat(3_500)),
        format!("z.object(){};\n", "\n  .field({ a: [1, 2] })".repeat(3_500)),
        format!("type U = {};\n", "\n  | 'member'".repeat(30_000)),
        "export function f(a) {\n  const b = a.c ? [1] : { d: `${a}` }\n  return b\n}\n"
            .repeat(10_000),
        format!("const data = [{}];\n", "[1, -2, { a: 3 }],\n".repeat(30_000)),
    ];
    for text in text {
        let (parsed, diagnostics) = parse(&SourcePath::new("a.ts"), &text);
        assert!(diagnostics.is_empty(), "{diagnostics:?}");
        assert!(parsed.is_some());
    }
}

#[test]
fn the_count_grows_with_the_depth() {
    for row in ROWS.iter().filter(|row| row.2 != "a,") {
        let weight = Weight::of(&nested(*row, 1_000).1);
        let twice = Weight::of(&nested(*row, 2_000).1);
        assert!(
            twice.brackets + twice.others >= weight.brackets + weight.others + 1_000,
            "{row:?}"
        );
    }
}

/// File, beginning, what is repeated before the middle, the middle, what is repeated behind it,
/// end.
type Row = (&'static str, &'static str, &'static str, &'static str, &'static str, &'static str);

const ROWS: &[Row] = &[
    ("a.ts", "x=", "(", "1", ")", ""),
    ("a.ts", "x=", "[", "1", "]", ""),
    ("a.ts", "x=", "{a:", "1", "}", ""),
    ("a.ts", "x=", "!", "a", "", ""),
    ("a.ts", "x=", "- ", "a", "", ""),
    ("a.ts", "x=", "typeof ", "a", "", ""),
    ("a.ts", "x=", "a?b:", "c", "", ""),
    ("a.ts", "x=", "a?", "c", ":b", ""),
    ("a.ts", "x=", "a?(", "c", "):b", ""),
    ("a.ts", "", "if(a)", ";", "", ""),
    ("a.ts", "", "if(a);else ", ";", "", ""),
    ("a.ts", "x=", "a=>", "a", "", ""),
    ("a.ts", "x=", "(a)=>", "a", "", ""),
    ("a.ts", "x=", "async()=>", "a", "", ""),
    ("a.ts", "x=", "()=>{return ", "", "}", ""),
    ("a.ts", "x=a", "+a", "", "", ""),
    ("a.ts", "x=a", "&&a", "", "", ""),
    ("a.ts", "x=a", "??a", "", "", ""),
    ("a.ts", "x=a", "**a", "", "", ""),
    ("a.ts", "x=", "a,", "a", "", ""),
    ("a.ts", "x=a", ".b", "", "", ""),
    ("a.ts", "x=a", "[0]", "", "", ""),
    ("a.ts", "x=a", "()", "", "", ""),
    ("a.ts", "x=a", ".b()", "", "", ""),
    ("a.ts", "x=a", "?.b", "", "", ""),
    ("a.ts", "x=a", "!", "", "", ""),
    ("a.ts", "x=a", " as b", "", "", ""),
    ("a.ts", "x=a", "``", "", "", ""),
    ("a.ts", "x=", "f(", "1", ")", ""),
    ("a.ts", "x=", "f[", "1", "]", ""),
    ("a.ts", "x=", "`${", "1", "}`", ""),
    ("a.ts", "", "a=", "1", "", ""),
    ("a.ts", "x=", "new ", "A", "", ""),
    ("a.ts", "", "await ", "a", "", ""),
    ("a.ts", "", "{", "", "}", ""),
    ("a.ts", "", "function f(){", "", "}", ""),
    ("a.ts", "x=", "class{a=", "1", "}", ""),
    ("a.ts", "x=", "class{a(){return ", "", "}}", ""),
    ("a.ts", "", "while(a)", ";", "", ""),
    ("a.ts", "", "for(;;)", ";", "", ""),
    ("a.ts", "", "try{", "", "}finally{}", ""),
    ("a.ts", "", "switch(a){case 1:", "", "}", ""),
    ("a.ts", "", "namespace A{", "", "}", ""),
    ("a.ts", "namespace A", ".A", "{}", "", ""),
    ("a.ts", "type X=", "[", "1", "]", ""),
    ("a.ts", "type X=", "(", "1", ")", ""),
    ("a.ts", "type X=", "{a:", "1", "}", ""),
    ("a.ts", "type X=", "a extends b?c:", "1", "", ""),
    ("a.ts", "type X=", "keyof ", "a", "", ""),
    ("a.ts", "type X=a", "[]", "", "", ""),
    ("a.ts", "type X=a", "['b']", "", "", ""),
    ("a.ts", "type X=a", "|a", "", "", ""),
    ("a.ts", "type X=", "()=>", "a", "", ""),
    ("a.ts", "let x:a", ".b", "", "", ""),
    ("a.ts", "type X=", "`${", "1", "}`", ""),
    ("a.ts", "let ", "[", "a", "]", "=1"),
    ("a.ts", "let ", "{a:", "a", "}", "=1"),
    ("a.tsx", "x=", "<a>", "", "</a>", ""),
    ("a.tsx", "x=", "<a b={", "1", "}/>", ""),
    ("a.tsx", "x=<a", ".b", "/>", "", ""),
    ("a.ts", "x=", "<T>()=>", "a", "", ""),
    ("a.ts", "x=", "(a=", "a", ")=>1", ""),
    ("a.ts", "x=", "[...", "a", "]", ""),
    ("a.ts", "x=", "@d(", "1", ") class{}", ""),
    ("a.ts", "function*g(){", "yield ", "a}", "", ""),
    ("a.ts", "x=", "(function(){return ", "1", "})()", ""),
    ("a.ts", "x=", "import(", "1", ")", ""),
    ("a.ts", "type X=", "a extends (infer U extends ", "a", ")?1:2", ""),
    ("a.ts", "type X=", "{[k in a]:", "a", "}", ""),
    ("a.ts", "type X=", "A<", "1", "> ", ""),
    ("a.ts", "type X=", "(a:", "1", ")=>1", ""),
    ("a.ts", "", "do{", "", "}while(a)", ""),
    ("a.ts", "x=", "typeof[", "1", "]", ""),
    ("a.ts", "x=", "[", "", "]", ""),
    ("a.ts", "x=\"", "(", "\"", "", ""),
    ("a.ts", "//", "[", "", "", ""),
];

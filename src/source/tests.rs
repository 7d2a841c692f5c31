//! The traps of reading annotations that TypeScript does not have.

use swc_ecma_ast::Expr;

use super::*;

struct Read {
    /// Each as `@text/arguments -> first token at its anchor`.
    annotations: Vec<String>,
    /// Each as `code message` and the text it points at.
    errors: Vec<String>,
}

fn read(file: &str, text: &str) -> Read {
    let (parsed, diagnostics) = parse(&SourcePath::new(file), text);
    let quote = |span: Span| &text[span.start as usize..span.end as usize];
    let errors = diagnostics
        .iter()
        .map(|d| format!("{} {} `{}`", d.code, d.message, d.span.map_or("", quote)))
        .collect();
    let Some(parsed) = parsed else {
        assert!(!diagnostics.is_empty());
        return Read { annotations: Vec::new(), errors };
    };
    assert_blanked(text, &parsed);
    let annotations = parsed
        .annotations
        .iter()
        .map(|annotation| {
            let rest = &text[annotation.anchor as usize..];
            let token = scan::word_end(rest, 0).max(rest.chars().next().map_or(0, char::len_utf8));
            let count = annotation.arguments.as_ref().map(Vec::len);
            let count = count.map_or(String::new(), |count| format!("/{count}"));
            format!("{}{count} -> {}", quote(annotation.span), &rest[..token])
        })
        .collect();
    Read { annotations, errors }
}

/// Outside the annotations the text is the same byte for byte; inside only line breaks are left.
#[track_caller]
fn assert_blanked(text: &str, parsed: &Parsed) {
    assert_eq!(parsed.text.len(), text.len());
    let mut at = 0;
    for Annotation { span, .. } in &parsed.annotations {
        let (start, end) = (span.start as usize, span.end as usize);
        assert_eq!(text[at..start], parsed.text[at..start]);
        for (before, after) in text[start..end].bytes().zip(parsed.text[start..end].bytes()) {
            match before {
                b'\n' | b'\r' => assert_eq!(before, after),
                b'@' => assert!(matches!(after, b' ' | b';')),
                _ => assert_eq!(after, b' '),
            }
        }
        at = end;
    }
    assert_eq!(text[at..], parsed.text[at..]);
}

#[track_caller]
fn finds_in(file: &str, text: &str, expected: &[&str]) {
    let read = read(file, text);
    assert!(read.errors.is_empty(), "{:?}", read.errors);
    assert_eq!(read.annotations, expected);
}

#[track_caller]
fn finds(text: &str, expected: &[&str]) {
    finds_in("src/a.ts", text, expected);
}

#[track_caller]
fn finds_tsx(text: &str, expected: &[&str]) {
    finds_in("src/a.tsx", text, expected);
}

#[track_caller]
fn fails(text: &str, expected: &[&str]) {
    assert_eq!(read("src/a.ts", text).errors, expected);
}

#[test]
fn a_file_without_annotations_is_plain() {
    let (parsed, diagnostics) = parse(&SourcePath::new("a.ts"), "export const a = '@b';\n");
    assert!(diagnostics.is_empty());
    assert!(parsed.is_some_and(|parsed| parsed.plain));
}

#[test]
fn backend_is_found_before_and_behind_export() {
    finds("@backend export function f() {}", &["@backend -> export"]);
    finds("export @backend() async function f() {}", &["@backend()/0 -> async"]);
    finds("export default @backend async function () {}", &["@backend -> async"]);
    finds("@ backend\nfunction f() {}", &["@ backend -> function"]);
}

#[test]
fn keyword_arguments_arrive_as_assignments_at_their_place() {
    let text = "/* é */ @backend(ugroup=\"admin\", perm=perms.WR_) export async function f() {}";
    let (parsed, diagnostics) = parse(&SourcePath::new("a.ts"), text);
    assert!(diagnostics.is_empty());
    let parsed = parsed.expect("it parses");
    let arguments = parsed.annotations[0].arguments.as_deref().expect("it has arguments");
    let Expr::Assign(perm) = &*arguments[1].expr else { panic!("{arguments:?}") };
    let place = span(perm.span);
    assert_eq!(&text[place.start as usize..place.end as usize], "perm=perms.WR_");
}

#[test]
fn annotations_of_fields_and_types_are_found() {
    finds(
        "@owned @table(\"people\")\nexport interface User {\n  @primkey id: string;\n  \
         @perm(perms.R__) @index\n  email: string\n  @int32 readonly age: number }",
        &[
            "@owned -> export",
            "@table(\"people\")/1 -> export",
            "@primkey -> id",
            "@perm(perms.R__)/1 -> email",
            "@index -> email",
            "@int32 -> readonly",
        ],
    );
    finds(
        "type T = { @primkey id: string, @unique [k]: string };",
        &["@primkey -> id", "@unique -> ["],
    );
    finds(
        "class A { @primkey id = ''; @backend() static async get() {} }",
        &["@primkey -> id", "@backend()/0 -> static"],
    );
}

#[test]
fn annotations_of_parameters_are_found() {
    finds(
        "function f(@int32 age: number, @float32 ...rest: number[]) {}",
        &["@int32 -> age", "@float32 -> ."],
    );
    finds("const f = async (@int32 age: number) => age;", &["@int32 -> age"]);
    finds("class A { constructor(@int8 private a: number) {} }", &["@int8 -> private"]);
}

#[test]
fn annotations_where_the_parser_would_drop_them_are_reported() {
    finds("@backend const f = 1;", &["@backend -> const"]);
    finds("@backend() let x;", &["@backend()/0 -> let"]);
    finds("f([@mwfilter({ a: 1 }) function () {}]);", &["@mwfilter({ a: 1 })/1 -> function"]);
    finds("f(); @backend()", &["@backend()/0 -> "]);
}

#[test]
fn a_filter_stands_before_an_arrow() {
    finds(
        "export default defineMiddleware([\n  @mwfilter(egroup=\"v1\")\n  async (ctx, next) => {},\n \
         @mwfilter({ prefixurl: '/x' }) (ctx, next) => next(),\n  @mwfilter (ctx, next) => next(),\n \
         @mwfilter async (c): Promise<void> => {},\n @mwfilter (c): number => 1 ]);",
        &[
            "@mwfilter(egroup=\"v1\")/1 -> async",
            "@mwfilter({ prefixurl: '/x' })/1 -> (",
            "@mwfilter -> (",
            "@mwfilter -> async",
            "@mwfilter -> (",
        ],
    );
}

#[test]
fn text_is_no_annotation() {
    for text in [
        "// @backend\nlet a;",
        "/* @backend() */ let a;",
        "/** @index of things\n * @perm(x */ let a;",
        "let a = '@backend';",
        "let a = \"it's @backend(\";",
        "let a = `@backend( ${1} @perm`;",
        "let a = `${`@backend`}`;",
        "let a = /@backend/;",
        "let a = /[/]@backend()'/g;",
        "let a = b / c; let d = '@backend'; let e = f / g;",
        "if (a) /@backend/.test(b);",
        "a = b\n++\nc / 2 / '@backend'.length;",
        "const x = {} / 1; '/@backend';",
        "#!/usr/bin/env node @backend\nlet a;",
        "let a = 'x\\\n@backend';",
    ] {
        finds(text, &[]);
    }
}

#[test]
fn annotations_inside_substitutions_are_found() {
    finds(
        "const a = `@backend ${ [@mwfilter(x=`)`) (c) => c] } @perm`;",
        &["@mwfilter(x=`)`)/1 -> ("],
    );
    finds("`${`${class { @primkey id }}`}`", &["@primkey -> id"]);
}

#[test]
fn guesses_about_slashes_are_corrected_by_the_tree() {
    // Behind `}`, `)` and `!` the scan cannot know what a slash is.
    finds(
        "let a = function () {} / 2; class B { @primkey id } let c = 1 / 2;",
        &["@primkey -> id"],
    );
    finds("{}\n/'@backend/.test(b); interface C { @primkey id: string }", &["@primkey -> id"]);
    finds(
        "let x = a as {} / '@backend' / 1; interface C { @primkey id: string }",
        &["@primkey -> id"],
    );
    finds("const z = y! / 2; interface C { @primkey id: string } z / 1;", &["@primkey -> id"]);
    finds(
        "for (const a of /@backend'/g) {} interface C { @primkey id: string }",
        &["@primkey -> id"],
    );
    finds(
        "let q = (a) / 2 + '@backend' / 2; interface C { @primkey id: string }",
        &["@primkey -> id"],
    );
}

#[test]
fn jsx_text_and_attributes_are_text() {
    finds_tsx(
        "const a = <p title=\"@backend(\" b='\n@perm'>Use @backend( to {x} mark @perm</p>;",
        &[],
    );
    finds_tsx(
        "const a = <>it's @backend <b>// @perm</b> `@index</>; interface C { @primkey id: string }",
        &["@primkey -> id"],
    );
    finds_tsx(
        "const a = <A b={[@mwfilter(c=1) (d) => d]}>{class { @primkey id }} @backend</A>;",
        &["@mwfilter(c=1)/1 -> (", "@primkey -> id"],
    );
    finds_tsx(
        "const a = <T,>(@int32 b: T) => b; const c = <T extends U>(@int32 b: T) => b;",
        &["@int32 -> b", "@int32 -> b"],
    );
    finds_tsx(
        "type F = <T>(x: T) => void; interface C { @primkey id: string }",
        &["@primkey -> id"],
    );
    finds_tsx(
        "type F = <T>(x: T) => '</T'; interface C { @primkey id: string }",
        &["@primkey -> id"],
    );
    finds_tsx(
        "let a = b < c; interface C { @primkey id: string } let d = e > f;",
        &["@primkey -> id"],
    );
    finds_tsx(
        "const a = <A<B> c=\"@perm\">@perm(</A>; interface C { @primkey id: string }",
        &["@primkey -> id"],
    );
    finds("let a = <T>(@int32 b: T) => b; let c = <any>d;", &["@int32 -> b"]);
}

#[test]
fn fields_named_like_modifiers_do_not_swallow_the_annotated_member() {
    for field in
        ["static", "get", "set", "async", "accessor", "declare", "readonly", "abstract", "public"]
    {
        let text = format!("class A {{\n  {field}\n  @backend() foo() {{}}\n}}");
        let (parsed, diagnostics) = parse(&SourcePath::new("a.ts"), &text);
        assert!(diagnostics.is_empty(), "{field}: {diagnostics:?}");
        let parsed = parsed.expect("it parses");
        assert_blanked(&text, &parsed);
        let class = parsed.module.body[0].clone().expect_stmt().expect_decl().expect_class().class;
        let members = class.body.iter().filter(|member| !member.is_empty()).count();
        assert_eq!(members, 2, "{field}");
    }
    finds("class A {\n static @backend() foo() {} }", &["@backend()/0 -> foo"]);
    finds("class A {\n get\n @primkey id: string }", &["@primkey -> id"]);
    finds("class A {\n a = b\n @index *c() {} }", &["@index -> *"]);
    let text = "class A {\n a = b\n @index [c]: string; @User()\n @perm(1) d: number }";
    finds(text, &["@index -> [", "@perm(1)/1 -> d"]);
    let (parsed, _) = parse(&SourcePath::new("a.ts"), text);
    assert!(parsed.is_some_and(|parsed| parsed.text.contains(";      [c]")));
    finds("interface A {\n readonly\n @primkey id: string }", &["@primkey -> id"]);
    finds("class A {\n @User()\n @backend()\n foo() {} }", &["@backend()/0 -> foo"]);
    finds("class A {\n @User\n @backend()\n foo() {} }", &["@backend()/0 -> foo"]);
}

#[test]
fn names_follow_the_imports() {
    finds(
        "import { backend as server } from 'kontract';\n@server() function f() {}",
        &["@server()/0 -> function"],
    );
    finds(
        "import * as k from \"kontract\"\n@k.backend({}) function f() {} class A { @k.other a }",
        &["@k.backend({})/1 -> function"],
    );
    finds(
        "import { perm as backend, /* ' */ index as i } from 'kontract'; class A { @backend(1) @i a }",
        &["@backend(1)/1 -> a", "@i -> a"],
    );
    finds(
        "import k = require('kontract'); interface A { @k.primkey id: string }",
        &["@k.primkey -> id"],
    );
    finds(
        "import type { primkey } from 'kontract'; interface A { @primkey id: string }",
        &["@primkey -> id"],
    );
}

#[test]
fn an_import_in_a_comment_means_nothing() {
    let text = "// import { perm as backend } from 'kontract'\n@backend() function f() {}";
    let (parsed, _) = parse(&SourcePath::new("a.ts"), text);
    let name = parsed.map(|parsed| parsed.annotations[0].name);
    assert_eq!(name, Some(AnnotationName::Backend));
}

#[test]
fn names_of_the_users_own_are_left_alone() {
    finds("import { perm } from './mine'; class A { @perm('x') a; @index b }", &["@index -> b"]);
    finds("function backend() {} class A { @backend() a() {} @primkey id }", &["@primkey -> id"]);
    finds("const perm = 1; class A { @perm a }", &[]);
    finds(
        "function f(perm) { return class { @perm a } } class B { @perm(1) b }",
        &["@perm(1)/1 -> b"],
    );
    finds("// import { perm } from 'x'\nclass B { @perm(1) b }", &["@perm(1)/1 -> b"]);
    finds("{ var index; } class B { @index b }", &[]);
    finds("{ let index; } class B { @index b }", &["@index -> b"]);
    finds("class B { @backend.x b; @perms c; @indexed d; @backendé e; @$perm f }", &[]);
    finds("import perm from 'kontract-perm'; class B { @perm b }", &[]);
}

#[test]
fn users_decorators_stay_and_anchors_skip_them() {
    let text = "@Injectable({ a: [@mwfilter(x=1) (c) => c] })\n@backend() /* c */ @Other.thing<T>('//') export class A {}";
    finds(text, &["@mwfilter(x=1)/1 -> (", "@backend()/0 -> export"]);
    finds(
        "@backend @A(class { @primkey id }) @perm(1) class B {}",
        &["@backend -> class", "@primkey -> id", "@perm(1)/1 -> class"],
    );
    finds("@backend @(foo()) class B {}", &["@backend -> class"]);
    let (parsed, _) = parse(&SourcePath::new("a.ts"), text);
    let class = parsed.map(|p| p.module.body[0].clone().expect_module_decl().expect_export_decl());
    assert_eq!(class.map(|class| class.decl.expect_class().class.decorators.len()), Some(2));
}

#[test]
fn an_unclosed_argument_list_is_one_error() {
    fails(
        "@backend({ perm: 1 )\nexport function f() {}",
        &["K006 the argument list of the annotation is not closed `)`"],
    );
    fails(
        "@backend(\nexport function f() {}",
        &["K006 the argument list of the annotation is not closed `(`"],
    );
}

#[test]
fn unreadable_arguments_are_an_error_at_their_place() {
    let read = read("a.ts", "@backend(perm=) function f() {}\nlet x: = 1;");
    assert!(read.errors.iter().any(|error| error.contains("K001")), "{:?}", read.errors);
    let read = self::read("a.ts", "@backend(perm=) function f() {}");
    assert_eq!(read.annotations, ["@backend(perm=)/0 -> function"]);
    assert_eq!(read.errors.len(), 1, "{:?}", read.errors);
}

#[test]
fn line_breaks_and_columns_survive_in_every_line_ending() {
    finds(
        "@backend(\r\n  a=1,\r  b='é…😀',\n)\r\nfunction f() {}",
        &["@backend(\r\n  a=1,\r  b='é…😀',\n)/2 -> function"],
    );
    finds("let a; // c\u{2028}interface A { @primkey id: string }", &["@primkey -> id"]);
}

#[test]
fn comments_like_in_html_are_comments() {
    let read = read("a.js", "<!-- @backend\nclass A { @primkey id }");
    assert_eq!(read.annotations, ["@primkey -> id"]);
}

#[test]
fn nothing_is_lost_between_labels_types_and_generics() {
    finds(
        "type A<T> = T extends { @primkey id: infer U } ? { @index a: U } : never;",
        &["@primkey -> id", "@index -> a"],
    );
    finds("a: for (;;) { class B { @primkey id = /'/ } break a }", &["@primkey -> id"]);
    finds(
        "export abstract class A<T extends {}> extends B<{ a: 1 }> { @perm(1) abstract b: T }",
        &["@perm(1)/1 -> abstract"],
    );
    finds("declare module 'x' { interface A { @primkey id: string } }", &["@primkey -> id"]);
    finds("namespace N { @backend export function f() {} }", &["@backend -> export"]);
}

#[test]
fn every_diagnostic_says_what_to_write_instead() {
    let file = SourcePath::new("src/a.ts");
    let deep = format!("x={}1{}", "[".repeat(9_000), "]".repeat(9_000));
    let mut found: Vec<Diagnostic> = [
        "let a = ;\nlet b: = 1;\nclass A { constructor() {} constructor() {} }",
        "interface A { @primarykey id: string }",
        "interface A { @prinkey id: string }",
        "import { primkey } from './mine';\ninterface A { @primkey id: string }",
        "const a;",
        "f(1, 2",
        "let a = 'x\nlet b",
        "@backend({ perm: 1 ) function f() {}",
        "@backend(perm=) function f() {}",
        deep.as_str(),
    ]
    .into_iter()
    .flat_map(|text| parse(&file, text).1)
    .collect();
    let large = vec![b' '; text::MAX_BYTES + 1];
    found.extend(
        [b"\xFF\xFEa\0".as_slice(), b"let a = '\xE9'", b"a\0b", &large]
            .into_iter()
            .filter_map(|bytes| decode(&file, bytes).err()),
    );
    found.push(diagnostics::too_dense(&file));
    found.push(diagnostics::unsettled_annotation(&file, Span::new(0, 8)));
    found.push(diagnostics::parser_failed(&file));
    let lines: Vec<String> = found
        .iter()
        .map(|d| {
            let place =
                d.span.map_or("-".to_owned(), |span| format!("{}..{}", span.start, span.end));
            let help = d.help.as_deref().unwrap_or("-");
            format!("{} {place} {} | {} | {help}", d.code, d.message, d.label)
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn a_text_without_its_byte_order_mark_is_decoded() {
    let text = decode(&SourcePath::new("a.ts"), b"\xEF\xBB\xBFlet a").map(Text::into_string);
    assert_eq!(text, Ok("let a".to_owned()));
}

#[test]
fn a_panic_of_the_parser_is_a_diagnostic() {
    // Unfinished imports in types: the parser takes for granted what the file's end denies.
    for text in PANICS {
        let (parsed, diagnostics) = parse(&SourcePath::new("a.ts"), text);
        assert!(parsed.is_none() || !diagnostics.is_empty(), "{text}");
        assert!(diagnostics.iter().any(|d| d.code == "K008"), "{text} {diagnostics:?}");
    }
}

const PANICS: &[&str] = &["x=a<import(", "x=(a:import("];

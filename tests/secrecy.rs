//! Nothing that occurs only in server code appears in what clients get.
//!
//! Each case puts a marked word (`kanary…`) into one place of a server module. No client file, map
//! or declaration may hold it, while the route, its types and its documentation are there. `KEPT`
//! turns the test round: places whose words clients are meant to have.

#[path = "support/fixtures.rs"]
mod fixtures;

use std::{path::Path, sync::Arc};

use kontract::{
    config::{Flags, load},
    files::{Files, Memory},
    model::{diagnostic::Diagnostic, output::Output},
    pipeline,
};

use fixtures::PROJECT;

/// A module with a word in every place that is the server's own business. `%` is the word,
/// different in each place; what is not in a comment is code that builds.
const PLACES: &[(&str, &str)] = &[
    // ---- module level
    ("module constant", "const hidden = '%'; export const use = () => hidden;"),
    ("name of a module constant", "const % = 1; export const use = () => %;"),
    ("computed constant", "const hidden = ['%'].join(); export const use = () => hidden;"),
    ("let", "export let counter_ = '%';"),
    ("function body", "export function helper() { return '%'; }"),
    ("name of a helper", "export function %() { return 1; }"),
    ("name of an unexported helper", "function %() { return 1; } %();"),
    (
        "helper's parameters",
        "export function helper(% = '%b', { %c } = { %c: '%d' }) { return [%, %c]; }",
    ),
    (
        "helper's types",
        "export function helper(a: { %: string }): '%b' | undefined { return undefined; }",
    ),
    ("unexported interface", "interface % { %b: string } const use: % | null = null; void use;"),
    ("unexported alias", "type % = { %b: '%c' }; const use: % | null = null; void use;"),
    ("unexported enum", "enum % { %b = '%c', %d = 'x'.length } void %.%b;"),
    ("unexported namespace", "namespace % { export const %b = '%c'; } void %;"),
    (
        "unexported class",
        "class % { %b = '%c'; static %d = 1; #%e = '%f'; %g() { return '%h'; } } void %;",
    ),
    ("map of secrets", "const map = new Map([['%', '%b']]); export const use = () => map;"),
    ("environment", "const url = process.env.%; export const use = () => url;"),
    ("regular expression", "export const matches = (x: string) => /%/.test(x);"),
    ("template", "export const use = (x: string) => `% ${x} %b ${`%c`}`;"),
    ("tagged template", "export const use = (x: string) => String.raw`% ${x}`;"),
    ("template constant", "const hidden = `%`; export const use = () => hidden;"),
    (
        "property names",
        "export const use = () => ({ %: 1, '%b': 2, ['%c']: 3, %d() {}, get %e() { return 1; } });",
    ),
    ("labels", "%: for (const x of [1]) { if (x) break %; }"),
    ("side effect", "console.log('%');"),
    (
        "import of a package",
        "import %, { %b as %c } from '%d'; import '%e'; import * as %f from 'node:fs'; void [%, %c, %f];",
    ),
    ("dynamic import", "export const use = () => import('%');"),
    (
        "comments",
        "// %\n/* %b */ const use = 1; void use; // %c\n/** %d */ const documented = 1; void documented;",
    ),
    ("directive", "'%';"),
    (
        "declare",
        "declare const %: { %b: string }; declare function %c(): void; declare module '%d' { const %e: 1 }",
    ),
    ("global", "declare global { interface % { %b: 1 } }"),
    (
        "satisfies and as",
        "const use = { %: 1 } satisfies Record<'%', number> as { %: number }; void use;",
    ),
    ("assertion", "const use = <{ %: 1 }>{ %: 1 }; void use;"),
    ("type arguments", "const use = new Map<'%', { %b: 1 }>(); void use;"),
    (
        "catch, switch, loops",
        "try { throw new Error('%'); } catch (%b) { switch ('%c' as string) { case '%d': void %b; } }",
    ),
    ("generic arrow", "const use = <% extends '%b'>(%c: %): % => %c; void use;"),
    (
        "overloads of a helper",
        "export function helper(a: '%'): void; export function helper(a: any, %b?: '%c') {}",
    ),
    (
        "abstract class",
        "export abstract class Base { protected abstract %(a: '%b'): void; private %c = '%d'; }",
    ),
    (
        "decorator",
        "const decorate = (_: string) => (v: any, _c: any) => v; @decorate('%') class Use { @decorate('%b') m() {} } void Use;",
    ),
    ("using", "using use = { %: '%b', [Symbol.dispose]() {} };"),
    (
        "exported values that cannot be evaluated",
        "export const pool = create('%'); function create(x: string) { return x; }",
    ),
    (
        "key of an object that is not exported",
        "const headers = { '%': '%b' } as const; void headers;",
    ),
    ("bigint and numbers", "const use = 8675309n + BigInt(8675309); void use;"),
    // ---- in the backend function
    (
        "body of a route",
        "@backend() export async function route2(): Promise<number> { const % = '%b'; return %.length; }",
    ),
    (
        "body of a plain route",
        "export const route2 = backend({}, async (): Promise<number> => { const % = '%b'; return %.length; });",
    ),
    (
        "name of a plain route's function",
        "export const route2 = backend({}, async function %(): Promise<number> { return 1; });",
    ),
    (
        "default value of a parameter",
        "@backend() export async function route2(a: string = '%', b: string = call('%b')): Promise<number> { return 1; } function call(x: string): string { return x; }",
    ),
    (
        "default value in a pattern",
        "@backend() export async function route2({ a = '%' }: { a?: string }): Promise<number> { return a.length; }",
    ),
    (
        "names in a pattern",
        "@backend() export async function route2({ a: % }: { a: string }, [%b]: [string]): Promise<number> { return %.length + %b.length; }",
    ),
    (
        "implementation behind overloads",
        "@backend() export async function route2(a: string): Promise<number>; export async function route2(a: number): Promise<number>; export async function route2(a: any, %?: { %b: '%c' }): Promise<number> { return 1; }",
    ),
    (
        "types of the implementation behind overloads",
        "interface % { %b: '%c' } @backend() export async function route2(a: string): Promise<number>; export async function route2(a: string | %): Promise<number> { return 1; }",
    ),
    (
        "user group",
        "@backend({ ugroup: '%' }) export async function route2(): Promise<number> { return 1; }",
    ),
    (
        "user group by constant",
        "const % = '%b'; @backend({ ugroup: % }) export async function route2(): Promise<number> { return 1; }",
    ),
    (
        "user group of the plain spelling",
        "export const route2 = backend({ ugroup: '%' }, async (): Promise<number> => 1);",
    ),
    (
        "comments in the signature",
        "@backend(/* % */) export async function route2(a: /* %b */ string, // %c\n b: string): Promise<number /* %d */> { return 1; }",
    ),
    (
        "comment between documentation and route",
        "/** Fine. */ // %\n/* %b */ @backend() /* %c */ export async function route2(): Promise<number> { return 1; }",
    ),
    (
        "types in a body",
        "@backend() export async function route2(): Promise<number> { type % = { %b: '%c' }; interface %d { %e: 1 } enum %f { %g = '%h' } const x = {} as % & %d; void x; void %f; return 1 as number satisfies number; }",
    ),
    (
        "nested function and class",
        "@backend() export async function route2(): Promise<number> { function %(%b: '%c') {} class %d { #%e = '%f'; } void [%, %d]; return 1; }",
    ),
    (
        "storage",
        "@backend() export async function route2(): Promise<number> { await env.storage.%.get('%b'); return 1; }",
    ),
    (
        "unexported type named in a body only",
        "interface % { %b: string } @backend() export async function route2(): Promise<number> { const x: % | null = null; void x; return 1; }",
    ),
    // ---- services
    (
        "private parts of a service",
        "export class Service { private % = '%b'; protected %c = '%d'; #%e = '%f'; static %g = '%h'; static { void '%i'; } constructor() { void '%j'; } private %k() { return '%l'; } #%m() {} @backend() static async go(): Promise<number> { return 1; } }",
    ),
    (
        "public parts of a service without @backend",
        "export class Service { % = '%b'; %c(%d: '%e') { return '%f'; } get %g() { return '%h'; } static %i() {} @backend() async go(): Promise<number> { return 1; } }",
    ),
    (
        "what a service extends",
        "class % { %b = '%c'; } export class Service extends % { @backend() static async go(): Promise<number> { return 1; } }",
    ),
    (
        "what a service implements",
        "interface % { %b?: 1 } export class Service implements % { @backend() static async go(): Promise<number> { return 1; } }",
    ),
    (
        "static block and accessor",
        "export class Service { static accessor % = '%b'; @backend() static async go(): Promise<number> { return 1; } }",
    ),
    (
        "user's decorators",
        "const mark = (_: string) => (v: any, _c: any) => v; @mark('%') export class Service { @mark('%b') @backend() static async go(): Promise<number> { return 1; } }",
    ),
    // ---- types that go to the client
    (
        "comments in an exported interface",
        "export interface Sent { // %\n a: string; /* %b */ b: number /* %c */; /// not documentation here? no\n }\n@backend() export async function route2(): Promise<Sent | null> { return null; }",
    ),
    (
        "private members of a class that is sent",
        "export class Sent { a = 'x'; private % = '%b'; protected %c = '%d'; #%e = '%f'; static %g = '%h'; m() { return '%i'; } constructor(private %j: string) {} }\n@backend() export async function route2(): Promise<Sent | null> { return null; }",
    ),
    (
        "initial values of a class that is sent",
        "export class Sent { a: string = '%'; b: number = '%b'.length; c?: string = call('%c'); } function call(x: string) { return x; }\n@backend() export async function route2(): Promise<Sent | null> { return null; }",
    ),
    (
        "decorators of a class that is sent",
        "const mark = (_: string) => (v: any, _c: any) => v;\n@mark('%') export class Sent { @mark('%b') a = 'x'; }\n@backend() export async function route2(): Promise<Sent | null> { return null; }",
    ),
    (
        "values in an exported namespace",
        "export namespace Sent { export interface Row { a: string } export const % = '%b'; const %c = '%d'; export function %e() { return '%f'; } }\n@backend() export async function route2(): Promise<Sent.Row | null> { return null; }",
    ),
    (
        "types of a type that is not reached",
        "export interface Sent { a: string } interface % { %b: Sent }\n@backend() export async function route2(): Promise<Sent | null> { const x = null as % | null; void x; return null; }",
    ),
];

/// Words that clients are meant to have, each in the place where they get it.
const KEPT: &[(&str, &str)] = &[
    ("route", "@backend() export async function %(): Promise<number> { return 1; }"),
    (
        "renamed route",
        "@backend({ name: '%' }) export async function route2(): Promise<number> { return 1; }",
    ),
    (
        "endpoint group",
        "@backend({ egroup: '%' }) export async function route2(): Promise<number> { return 1; }",
    ),
    (
        "parameter",
        "@backend() export async function route2(%: string): Promise<number> { return 1; }",
    ),
    (
        "types of a signature",
        "@backend() export async function route2(a: { %: '%b' }): Promise<{ %c: '%d' } | null> { return null; }",
    ),
    (
        "exported type that is named",
        "export interface % { %b: string } @backend() export async function route2(): Promise<% | null> { return null; }",
    ),
    (
        "documentation",
        "/** % */ @backend() export async function route2(): Promise<number> { return 1; }",
    ),
    (
        "exported constants and enums",
        "export const % = '%b'; export enum %c { %d = '%e' } @backend() export async function route2(): Promise<number> { return 1; }",
    ),
    (
        "unexported type that a signature names",
        "interface % { %b: string } @backend() export async function route2(): Promise<% | null> { return null; }",
    ),
];

#[test]
fn words_of_the_server_stay_there() {
    let mut failures = Vec::new();
    for (place, source) in PLACES {
        for with_type_only_imports in [false, true] {
            let (files, words) = project(source, with_type_only_imports);
            failures.extend(leaks(place, files, &words));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn words_for_clients_arrive() {
    for (place, source) in KEPT {
        let (files, words) = project(source, false);
        let (diagnostics, outputs) = build(files);
        assert!(!diagnostics.iter().any(Diagnostic::is_error), "{place}: {diagnostics:#?}");
        for word in words {
            let arrives = client(&outputs).any(|o| holds(o, &word));
            assert!(arrives, "{place}: no client file holds {word}");
        }
    }
}

/// What one module holds must not come out by way of another.
#[test]
fn words_of_imported_modules_stay_there() {
    let mut failures = Vec::new();
    for (place, source) in PLACES {
        let (source, words) = marked(source);
        let vault = format!(
            "import {{ backend }} from 'kontract';\nexport interface Row {{ id: string }}\n{source}\n"
        );
        let files = Memory::unix([
            (format!("{PROJECT}/.git/HEAD"), ""),
            (format!("{PROJECT}/src/inner/vault.ts"), vault.as_str()),
            (format!("{PROJECT}/src/api.ts"), IMPORTER),
        ]);
        failures.extend(leaks(place, files, &words));
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

const IMPORTER: &str = "import { backend } from 'kontract';
import * as vault from './inner/vault';
import type { Row } from './inner/vault';
/** Known to clients. */
@backend() export async function known(): Promise<Row | null> { void vault; return null; }
";

/// What is wrong with the client of a project that has the route `known`.
fn leaks(place: &str, files: Memory, words: &[String]) -> Vec<String> {
    let (diagnostics, outputs) = build(files);
    if let Some(error) = diagnostics.iter().find(|d| d.is_error()) {
        return vec![format!("{place}: {} {}", error.code, error.message)];
    }
    let mut failures = Vec::new();
    for output in client(&outputs) {
        let found: Vec<&String> = words.iter().filter(|word| holds(output, word)).collect();
        if !found.is_empty() {
            failures.push(format!("{place}: {} holds {found:?}\n{}", output.path, output.text));
        }
    }
    let has = |name: &str, text: &str| {
        outputs.iter().any(|o| o.path == format!("client/{name}") && o.text.contains(text))
    };
    if !has("api.js", "function known(") || !has("api.d.ts", "Known to clients.") {
        failures.push(format!("{place}: the stub or its documentation is gone"));
    }
    failures
}

fn project(source: &str, type_only: bool) -> (Memory, Vec<String>) {
    let (source, words) = marked(source);
    let files = Memory::unix([(format!("{PROJECT}/.git/HEAD"), "")]);
    let import = if type_only { "import type { Shared } from './shared';\n" } else { "" };
    let text = format!(
        "import {{ backend }} from 'kontract';\n{import}{source}\n/** Known to clients. */\n@backend() export async function known(a: string): Promise<number> {{ return a.length; }}\n"
    );
    files.add(&format!("{PROJECT}/src/api.ts"), text);
    files.add(&format!("{PROJECT}/src/shared.ts"), "export interface Shared { shared: string }\n");
    (files, words)
}

/// `%` and `%b` → words that occur nowhere else.
fn marked(source: &str) -> (String, Vec<String>) {
    let mut text = String::new();
    let mut words = Vec::new();
    let mut rest = source;
    while let Some(at) = rest.find('%') {
        text.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let next = rest.as_bytes().first().copied().unwrap_or_default();
        let after = rest.as_bytes().get(1).copied().unwrap_or_default();
        let lettered = next.is_ascii_lowercase() && !after.is_ascii_alphanumeric();
        let letter = if lettered { char::from(next) } else { 'a' };
        rest = if lettered { &rest[1..] } else { rest };
        let word = format!("kanary{}", letter.to_string().repeat(3));
        text.push_str(&word);
        if !words.contains(&word) {
            words.push(word);
        }
    }
    text.push_str(rest);
    if text.contains("8675309") {
        words.push("8675309".to_owned());
    }
    (text, words)
}

fn holds(output: &Output, word: &str) -> bool {
    output.path.contains(word) || output.text.contains(word)
}

fn client(outputs: &[Output]) -> impl Iterator<Item = &Output> {
    outputs.iter().filter(|output| output.path.starts_with("client/"))
}

fn build(files: Memory) -> (Vec<Diagnostic>, Vec<Output>) {
    let files: Arc<dyn Files> = Arc::new(files);
    let flags = Flags { threads: Some(1), ..Flags::default() };
    let options = load(&*files, Path::new(PROJECT), &flags).expect("a project");
    let build = pipeline::build(&files, &options);
    (build.diagnostics, build.outputs)
}

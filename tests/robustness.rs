//! No input makes the compiler panic or hang, and what it puts out is code.
//!
//! A failing mutant prints its seed; `KONTRACT_SEED=<seed> cargo test --test robustness mutants`
//! builds that one alone. Where the process itself dies (a stack overflow), the seeds that were
//! under way are in `target/tmp/robustness-*.seed`.

#[path = "support/fixtures.rs"]
mod fixtures;
#[path = "support/mutation.rs"]
mod mutation;

use std::{
    env,
    fmt::Write as _,
    fs,
    panic::{self, AssertUnwindSafe},
    path::Path,
    process,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use kontract::{
    config::{Flags, load},
    diagnostic::render::{Renderer, Style, sort},
    files::{Files, Memory},
    model::{SourcePath, diagnostic::Diagnostic, output::Output},
    pipeline, source,
};

use fixtures::{PROJECT, fixtures, folder, names};
use mutation::{Random, mutate};

type Sources = Vec<(String, Vec<u8>)>;

struct Built {
    diagnostics: Vec<Diagnostic>,
    outputs: Vec<Output>,
}

fn build(files: &Arc<dyn Files>, threads: usize) -> Built {
    let flags = Flags { threads: Some(threads), optimize: true, ..Flags::default() };
    match load(&**files, Path::new(PROJECT), &flags) {
        Ok(options) => {
            let build = pipeline::build(files, &options);
            Built { diagnostics: build.diagnostics, outputs: build.outputs }
        }
        Err(diagnostics) => Built { diagnostics, outputs: Vec::new() },
    }
}

fn memory<'a>(sources: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Arc<dyn Files> {
    let files = Memory::unix([(format!("{PROJECT}/.git/HEAD"), "")]);
    for (path, bytes) in sources {
        files.add(&format!("{PROJECT}/{path}"), bytes);
    }
    Arc::new(files)
}

fn failed(built: &Built) -> bool {
    built.diagnostics.iter().any(Diagnostic::is_error)
}

/// Everything that must hold of a build, whatever the sources are.
fn check(files: &Arc<dyn Files>) -> Result<Built, String> {
    let built = build(files, 1);
    render(&**files, built.diagnostics.clone());
    if failed(&built) {
        if built.outputs.is_empty() {
            return Ok(built);
        }
        return Err("there are errors and outputs".to_owned());
    }
    for output in &built.outputs {
        check_output(output)?;
    }
    let again = build(files, 2);
    let differs = built
        .outputs
        .iter()
        .zip(&again.outputs)
        .find(|(a, b)| (&a.path, &a.text) != (&b.path, &b.text));
    if let Some((output, _)) = differs {
        return Err(format!("{} is not the same twice", output.path));
    }
    if built.outputs.len() != again.outputs.len() {
        return Err("not the same outputs twice".to_owned());
    }
    Ok(built)
}

fn render(files: &dyn Files, diagnostics: Vec<Diagnostic>) {
    let mut renderer = Renderer::new(files, Path::new(PROJECT));
    for diagnostic in sort(diagnostics) {
        renderer.human(&diagnostic, Style { color: false, width: 80 });
        let json = renderer.json(&diagnostic);
        serde_json::from_str::<serde_json::Value>(&json).expect("a diagnostic is JSON");
        renderer.github(&diagnostic, "");
    }
}

fn check_output(output: &Output) -> Result<(), String> {
    let file = SourcePath::new(&output.path);
    if output.path.ends_with(".json") || output.path.ends_with(".map") {
        return serde_json::from_str::<serde::de::IgnoredAny>(&output.text)
            .map(drop)
            .map_err(|error| format!("{file} is not JSON: {error}"));
    }
    // Schemas are read by flatc, in other tests.
    if output.path.ends_with(".fbs") {
        return Ok(());
    }
    match source::parse(&file, &output.text) {
        (Some(parsed), diagnostics) if diagnostics.is_empty() && parsed.plain => Ok(()),
        (_, diagnostics) => Err(format!(
            "{file} does not parse: {:?}\n{}",
            diagnostics.first().map(|d| (&d.message, d.span)),
            output.text
        )),
    }
}

// ---- mutants ------------------------------------------------------------------------------------

/// The projects that are mutated: every fixture, and each application.
fn projects() -> Vec<Sources> {
    let mut projects: Vec<Sources> = fixtures().into_iter().map(|f| f.sources).collect();
    for application in names(&folder("fixtures/apps")) {
        let mut sources = Sources::new();
        for path in ["src", "kontract.toml", "tsconfig.json"] {
            read(&folder("fixtures/apps").join(&application), path, &mut sources);
        }
        projects.push(sources);
    }
    projects.retain(|sources| !sources.is_empty());
    projects
}

fn read(root: &Path, path: &str, sources: &mut Sources) {
    let full = root.join(path);
    if full.is_dir() {
        names(&full).iter().for_each(|name| read(root, &format!("{path}/{name}"), sources));
    } else if full.is_file() {
        sources.push((path.to_owned(), fs::read(&full).expect("readable")));
    }
}

fn mutant(projects: &[Sources], seed: u64) -> Sources {
    let mut random = Random::new(seed);
    let mut sources = projects[random.below(projects.len())].clone();
    let other = &projects[random.below(projects.len())];
    let other = &other[random.below(other.len())].1;
    let at = random.below(sources.len());
    sources[at].1 = mutate(&mut random, &sources[at].1, other);
    sources
}

fn check_mutant(projects: &[Sources], seed: u64) -> Result<bool, String> {
    let sources = mutant(projects, seed);
    let run = || {
        let files = memory(sources.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice())));
        check(&files)
    };
    match panic::catch_unwind(AssertUnwindSafe(run)) {
        Ok(Ok(built)) => Ok(!failed(&built)),
        Ok(Err(message)) => Err(message),
        Err(_) => Err("it panicked".to_owned()),
    }
}

#[test]
#[allow(clippy::print_stderr, reason = "the mutant that a seed asks for is shown")]
fn mutants_of_the_fixtures_neither_panic_nor_hang_and_build_to_code() {
    let projects = projects();
    if let Some(seed) = env::var("KONTRACT_SEED").ok().and_then(|seed| seed.parse().ok()) {
        for (path, bytes) in mutant(&projects, seed) {
            eprintln!("──── {path}\n{}", String::from_utf8_lossy(&bytes));
        }
        if let Err(message) = check_mutant(&projects, seed) {
            panic!("{message}");
        }
        return;
    }
    let prove = env::var_os("KONTRACT_PROVE").is_some();
    let count: u64 = if prove { 120_000 } else { 3_000 };
    // Other mutants in a long run than in a short one.
    let first: u64 = if prove { 1_000_000 } else { 0 };
    let next = AtomicU64::new(first);
    let succeeded = AtomicUsize::new(0);
    let failures = Mutex::new(Vec::new());
    let workers = thread::available_parallelism().map_or(2, usize::from).min(8);
    let under_way: Vec<Mutex<Option<(u64, Instant)>>> =
        (0..workers).map(|_| Mutex::default()).collect();
    thread::scope(|scope| {
        let work: Vec<_> = under_way
            .iter()
            .enumerate()
            .map(|(worker, slot)| {
                let (next, succeeded, failures, projects) =
                    (&next, &succeeded, &failures, &projects);
                scope.spawn(move || {
                    let note = Path::new(env!("CARGO_TARGET_TMPDIR"))
                        .join(format!("robustness-{worker}.seed"));
                    loop {
                        let seed = next.fetch_add(1, Ordering::Relaxed);
                        if seed >= first + count {
                            let _ = fs::remove_file(&note);
                            break;
                        }
                        let _ = fs::write(&note, seed.to_string());
                        *slot.lock().expect("held shortly") = Some((seed, Instant::now()));
                        match check_mutant(projects, seed) {
                            Ok(true) => drop(succeeded.fetch_add(1, Ordering::Relaxed)),
                            Ok(false) => {}
                            Err(message) => {
                                failures.lock().expect("held shortly").push((seed, message));
                            }
                        }
                        *slot.lock().expect("held shortly") = None;
                    }
                })
            })
            .collect();
        while work.iter().any(|worker| !worker.is_finished()) {
            for slot in &under_way {
                if let Some((seed, since)) = *slot.lock().expect("held shortly")
                    && since.elapsed() > LIMIT
                {
                    // A thread that hangs cannot be ended.
                    eprintln!("mutant {seed} takes longer than {LIMIT:?}");
                    process::exit(1);
                }
            }
            thread::sleep(Duration::from_millis(20));
        }
    });
    let mut failures = failures.into_inner().expect("nobody panicked");
    failures.sort();
    for (seed, message) in &failures {
        eprintln!("──── KONTRACT_SEED={seed}: {message}");
    }
    let seeds: Vec<u64> = failures.iter().map(|(seed, _)| *seed).collect();
    assert!(seeds.is_empty(), "{} of {count} mutants failed: {seeds:?}", seeds.len());
    let succeeded = succeeded.into_inner() as u64;
    eprintln!("{count} mutants, {succeeded} of them built");
    assert!(succeeded > count / 20, "only {succeeded} of {count} mutants built: they say little");
}

/// What no mutant may exceed; they take milliseconds, but the machine may be busy.
const LIMIT: Duration = Duration::from_mins(1);

// ---- named cases --------------------------------------------------------------------------------

/// Builds sources in memory and checks what must hold of every build.
fn project<'a>(sources: &[(&'a str, &'a [u8])]) -> Built {
    let started = Instant::now();
    let files = memory(sources.iter().copied());
    let built = check(&files).unwrap_or_else(|message| panic!("{message}"));
    let names: Vec<&str> = sources.iter().map(|(name, _)| *name).collect();
    assert!(started.elapsed() < LIMIT, "{names:?} took {:?}", started.elapsed());
    built
}

fn codes(built: &Built) -> Vec<&str> {
    built.diagnostics.iter().filter(|d| d.is_error()).map(|d| d.code.as_str()).collect()
}

const ROUTE: &[u8] = b"import { backend } from 'kontract';\nexport const one = backend({}, async (): Promise<number> => 1);\n";

#[test]
fn empty_files_build_to_empty_modules() {
    let nearly: [&[u8]; 10] =
        [b"", b"\n", b"\r", b" ", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n", b"//", b"/**/", b"#!", b";"];
    for text in nearly {
        for name in [
            "src/a.ts",
            "src/a.tsx",
            "src/a.mts",
            "src/middleware.ts",
            "src/auth.ts",
            "src/index.ts",
        ] {
            let built = project(&[(name, text), ("src/route.ts", ROUTE)]);
            // Only a middleware file must have something in it.
            assert!(
                name == "src/middleware.ts" || !failed(&built),
                "{name}: {:?}",
                built.diagnostics
            );
        }
    }
}

#[test]
fn ten_megabytes_build() {
    let mut text = String::from_utf8_lossy(ROUTE).into_owned();
    for number in 0.. {
        if text.len() > 10_000_000 {
            break;
        }
        let body = "  if (a > 1) { b = `${a} and more of it`; } else { list.push({ a, b }); }\n"
            .repeat(20);
        let _ = write!(
            text,
            "export function number{number}(a: number, b?: string) {{\n  const list: unknown[] = [];\n{body}  return list;\n}}\n"
        );
    }
    let built = project(&[("src/large.ts", text.as_bytes())]);
    // Or it is refused, as bytes that dense may hide more nesting than a stack can hold.
    assert!(matches!(codes(&built)[..], [] | ["K005"]), "{:?}", codes(&built));
}

#[test]
fn one_line_of_a_megabyte_builds_and_is_shown_where_it_is_wrong() {
    let list = "1,".repeat(500_000);
    let text = format!("export const list = [{list}];");
    assert!(!failed(&project(&[("src/long.ts", text.as_bytes()), ("src/route.ts", ROUTE)])));
    let text = format!("export const list = [{list} oops oops];");
    assert_eq!(codes(&project(&[("src/long.ts", text.as_bytes())])), ["K001"]);
    let text = format!("export const text = '{}", "é😀".repeat(100_000));
    assert_eq!(codes(&project(&[("src/long.ts", text.as_bytes())])), ["K001"]);
}

#[test]
fn binary_files_named_ts_are_an_error() {
    let mut random = Random::new(7);
    let noise: Vec<u8> = (0..100_000).map(|_| random.next().to_le_bytes()[0]).collect();
    let binaries: [&[u8]; 7] = [
        b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\x3e\0",
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
        b"\0asm\x01\0\0\0",
        b"\xff\xfee\0x\0p\0o\0r\0t\0",
        b"\xfe\xff\0e\0x\0p\0o\0r\0t",
        // MPEG transport streams are the other `.ts`.
        b"G@\0\x10\0\0\xb0\r\0\x01\xc1\0\0",
        &noise,
    ];
    for binary in binaries {
        let built = project(&[("src/a.ts", binary), ("src/route.ts", ROUTE)]);
        assert!(failed(&built));
        assert!(
            built.diagnostics.iter().all(|d| d.file.as_str() == "src/a.ts"),
            "{:?}",
            built.diagnostics
        );
    }
}

#[test]
fn deep_nesting_builds_or_is_an_error() {
    let rows: &[(&str, &str, &str)] = &[
        ("(", "1", ")"),
        ("[", "", "]"),
        ("{", "", "}"),
        ("!", "1", ""),
        ("- ", "1", ""),
        ("a?b:", "1", ""),
        ("a=>", "1", ""),
        ("async()=>", "1", ""),
        ("a+", "1", ""),
        ("a.b", ";", ""),
        ("f()", ";", ""),
        ("`${", "1", "}`"),
        ("if(a)", ";", ""),
        ("if(a);else ", ";", ""),
        ("for(;;)", ";", ""),
        ("while(a)", ";", ""),
        ("{a:", "1", "}"),
        ("class A{x=", "1", "}"),
        ("function f(){", "", "}"),
        ("new ", "a", ""),
        ("typeof ", "a", ""),
        ("await ", "a", ""),
        ("a=", "1", ""),
        ("a??", "1", ""),
        ("a,", "1", ""),
        ("(()=>{", "", "})()"),
        ("a<b>(", "1", ")"),
        ("x as ", "any", ""),
        ("type A=[", "1", "]"),
        ("type A=", "keyof 1", ""),
        ("let a:", "A<B<C>>", ""),
        ("namespace A{", "", "}"),
        ("a: ", ";", ""),
        ("try{", "", "}catch{}"),
        ("switch(a){case ", "1", ":}"),
        ("import('", "a", "')"),
        ("@backend(", "", ")"),
        ("@d(", "", ")"),
        ("@backend ", "", ""),
        ("<a>", "1", "</a>"),
        ("<div a={", "1", "}/>"),
        ("/*", "", "*/"),
        ("(a:A<", "B", ">)=>"),
        ("enum A{a=", "1", "}"),
        ("export ", "", ""),
        ("a[", "1", "]"),
        ("a?.b", ";", ""),
        ("{...", "a", "}"),
        ("<T extends ", "1", ">"),
        ("A<", "B", ">"),
        ("{a:{", "", "}}"),
        ("infer ", "A", ""),
        ("(a as ", "b", ")"),
        ("...", "a", ""),
    ];
    for levels in [60, 1_000, 9_000] {
        for (open, middle, close) in rows {
            for (before, after) in [("", ""), ("const x = ", ";"), ("type X = ", ";")] {
                let text = format!(
                    "{before}{}{middle}{}{after}\n",
                    open.repeat(levels),
                    close.repeat(levels)
                );
                for name in ["src/a.ts", "src/b.tsx"] {
                    project(&[
                        (name, text.as_bytes()),
                        ("kontract.toml", b"[build]\nserver = ['src/**']\n"),
                    ]);
                }
            }
        }
    }
}

#[test]
fn deep_types_and_constants_of_routes_build_or_are_an_error() {
    for levels in [30, 400, 3_000] {
        let types = [
            format!("{}number{}", "Array<".repeat(levels), ">".repeat(levels)),
            format!("number{}", "[]".repeat(levels)),
            format!("{}number{}", "{ a: ".repeat(levels), " }".repeat(levels)),
            format!("{}number{}", "[".repeat(levels), "]".repeat(levels)),
            format!("{}0", "'a' | ".repeat(levels)),
            format!("{}number{}", "Promise<".repeat(levels), ">".repeat(levels)),
            format!("{}number", "() => ".repeat(levels)),
            format!("{}number{}", "(".repeat(levels), ")".repeat(levels)),
            format!("{}number", "readonly ".repeat(levels)),
            format!("{}{{}}", "{} & ".repeat(levels)),
        ];
        for ty in types {
            let text = format!(
                "import {{ backend }} from 'kontract';\nexport type T = {ty};\nexport const one = backend({{}}, async (a: {ty}, b: T): Promise<{ty}> => 1 as any);\n"
            );
            project(&[("src/a.ts", text.as_bytes())]);
        }
        let values = [
            format!("{}1{}", "[".repeat(levels), "]".repeat(levels)),
            format!("{}1{}", "{ a: ".repeat(levels), " }".repeat(levels)),
            format!("{}1{}", "(".repeat(levels), ")".repeat(levels)),
            format!("{}1", "1 | ".repeat(levels)),
            format!("{}'b'", "'a' + ".repeat(levels)),
            format!("{}1", "- ".repeat(levels)),
        ];
        for value in values {
            let text = format!(
                "import {{ backend }} from 'kontract';\nexport const value = {value};\nexport enum E {{ A = {value} }}\nexport const one = backend({{ perm: {value} }}, async (a = {value}): Promise<number> => 1);\n"
            );
            project(&[("src/a.ts", text.as_bytes())]);
        }
    }
}

#[test]
fn chains_of_files_end() {
    // Constants, types, re-exports and cycles of each, over many files.
    let mut sources: Vec<(String, String)> = Vec::new();
    let count = 300;
    for i in 0..count {
        let next = (i + 1) % count;
        let text = format!(
            "import {{ type T{next}, c{next} }} from './m{next}';\nexport * from './m{next}';\nexport type T{i} = {{ next: T{next} | null }};\nexport interface I{i} extends T{next} {{}}\nexport const c{i} = c{next};\nexport {{ c{next} as again{i} }} from './m{next}';\n"
        );
        sources.push((format!("src/m{i}.ts"), text));
    }
    sources.push((
        "src/route.ts".to_owned(),
        "import { backend } from 'kontract';\nimport type { T0, I0 } from './m0';\nexport const one = backend({}, async (a: T0): Promise<I0> => a as any);\n".to_owned(),
    ));
    let sources: Vec<(&str, &[u8])> =
        sources.iter().map(|(p, t)| (p.as_str(), t.as_bytes())).collect();
    project(&sources);
}

#[test]
fn types_that_go_round_end() {
    let texts = [
        "export type A = A;",
        "export type A = A[];",
        "export type A = B; export type B = A;",
        "export interface A extends A {}",
        "export interface A extends B {} export interface B extends A {}",
        "export type A<T> = A<A<T>>;",
        "export type A<T> = { a: A<T[]> };",
        "type G<T> = G<[T, T]>; export type A = G<string>;",
        "type G<T> = { a: T } & G<{ x: T; y: T }>; export type A = G<string>;",
        "export type A = Promise<A>;",
        "export type A = Promise<A | null>;",
        "export type A = A | null;",
        "export type A = A & { a: 1 };",
        "export type A = keyof A;",
        "export type A = A['a'];",
        "export type A = Partial<A>;",
        "export type A = Pick<A, keyof A>;",
        "export class A extends A {}",
        "export enum A { X = A.X }",
        "export enum A { X = Y, Y = X }",
        "export const A = A; export type A = typeof A;",
        "export type A = typeof value; export const value: A = 1;",
        "export { A } from './a';",
        "export * from './a'; export type A = import('./a').A;",
        "import { A } from './a'; export { A };",
        "export namespace A { export type A = A.A; }",
        "export type A = { [K in keyof A]: A[K] };",
        "export type A = A extends A ? A : A;",
        "export type A = [...A];",
        "export type A = `${A}`;",
        "export interface A { a: this; b: A['b'] }",
    ];
    for text in texts {
        let text = format!(
            "import {{ backend }} from 'kontract';\n{text}\nexport const one = backend({{}}, async (a: A, b?: A[]): Promise<A> => a as any);\nexport async function two() {{ return await env.storage.a.get('x'); }}\nexport async function three() {{ return (await env.storage.as.get('x'))!.a; }}\n"
        );
        project(&[("src/a.ts", text.as_bytes())]);
    }
}

#[test]
fn odd_file_names_build_and_lead_to_one_another() {
    let names = [
        "with space",
        "qu'ote",
        "dou\"ble",
        "hash#tag",
        "per%cent",
        "per%20cent",
        "question?",
        "star*",
        "emoji😀",
        "ünïcode",
        "a&b",
        "semi;colon",
        "new\nline",
        "tab\ttab",
        "back`tick",
        "${x}",
        "[id]",
        "(group)",
        "{brace}",
        "@at",
        "~tilde",
        "+plus",
        "a=b",
        "a,b",
        "a:b",
        "<tag>",
        "a|b",
        "-dash",
        "constructor",
        "__proto__",
        "con",
        "index.client",
        "a.b.c",
        "\u{2028}",
        "\u{202e}rtl",
        "e\u{301}",
        "very".repeat(50).as_str(),
    ]
    .map(str::to_owned);
    for name in &names {
        let import = serde_json::to_string(&format!("./{name}")).expect("JSON");
        let route = format!(
            "import {{ backend }} from 'kontract';\nimport {{ helper, type T }} from {import};\nexport const one = backend({{}}, async (): Promise<T> => helper());\n"
        );
        let other = "import { backend } from 'kontract';\nimport { helper, type T } from './helper';\nexport { helper, type T };\nexport const two = backend({}, async (): Promise<T> => helper());\n";
        let helper =
            "export interface T { a: number }\nexport function helper(): T { return { a: 1 }; }\n";
        let path = format!("src/{name}.ts");
        project(&[("src/route.ts", route.as_bytes()), (&path, helper.as_bytes())]);
        project(&[("src/helper.ts", helper.as_bytes()), (&path, other.as_bytes())]);
        let path = format!("src/{name}/{name}.ts");
        let up = other.replace("./helper", "../helper");
        project(&[("src/helper.ts", helper.as_bytes()), (&path, up.as_bytes())]);
    }
}

#[test]
fn results_that_would_take_ever_longer_to_tell_are_asked_for() {
    let mut doubled =
        String::from("@backend export async function doubled() {\n  const a0 = { n: 1 };\n");
    for i in 1..60 {
        let _ = writeln!(doubled, "  const a{i} = {{ x: a{}, y: a{} }};", i - 1, i - 1);
    }
    doubled.push_str("  return a59;\n}\n");
    let mut chained = String::from("@backend export async function chained() { return f59(); }\n");
    chained.push_str("function f0() { return { n: 1 }; }\n");
    for i in 1..60 {
        let _ = writeln!(
            chained,
            "function f{i}() {{ return {{ x: f{}(), y: f{}() }}; }}",
            i - 1,
            i - 1
        );
    }
    let nested = format!(
        "@backend export async function nested(a: number[]) {{ return {}1{}; }}\n",
        "a.map((x) => a.filter((y) => y > 0).map((z) => ".repeat(20),
        "))".repeat(20),
    );
    let long = format!(
        "@backend export async function long(a: number[]) {{ return a{}; }}\n",
        ".map((x) => env.storage.notes.push({ x }))".repeat(60),
    );
    for (source, result) in [(doubled, "K031"), (chained, "K031"), (nested, "K031"), (long, "K031")]
    {
        let started = Instant::now();
        let built = project(&[("src/api.ts", source.as_bytes())]);
        assert_eq!(codes(&built), [result], "{source}");
        assert!(started.elapsed() < Duration::from_secs(5), "{source}");
    }
}

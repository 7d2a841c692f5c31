//! Types that are deep, large or grow: the compiler answers in bounded time and memory, with shapes
//! or with an error that says which type is meant.

#[path = "support/fixtures.rs"]
mod fixtures;

use std::{
    fmt::Write as _,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use kontract::{
    config::{Flags, load},
    files::{Files, Memory},
    model::shape::Shapes,
    pipeline,
};

use fixtures::PROJECT;

/// Shapes of a program that is one file, and the codes of what is wrong with it.
fn shapes(source: &str) -> (Shapes, Vec<String>) {
    let start = Instant::now();
    let files = Memory::unix([(format!("{PROJECT}/src/api.ts"), source.to_owned())]);
    let files: Arc<dyn Files> = Arc::new(files);
    let options = load(&*files, Path::new(PROJECT), &Flags::default()).expect("a configuration");
    let (shapes, diagnostics) = pipeline::shapes(&files, &options);
    let mut codes: Vec<String> = diagnostics.iter().map(|d| d.code.clone()).collect();
    codes.sort();
    codes.dedup();
    assert!(start.elapsed() < Duration::from_mins(1), "it took {:?}", start.elapsed());
    (shapes, codes)
}

fn taking(ty: &str) -> String {
    format!("@backend() export async function take(value: {ty}): Promise<void> {{}}\n")
}

#[test]
fn a_long_chain_of_interfaces_is_followed() {
    let mut source = taking("T0");
    for i in 0..3000 {
        let _ = writeln!(source, "interface T{i} {{ value: string; next?: T{} | null }}", i + 1);
    }
    source.push_str("interface T3000 { end: true }\n");
    let (shapes, codes) = shapes(&source);
    assert!(codes.is_empty(), "{codes:?}");
    assert_eq!(shapes.objects.len(), 3003);
}

#[test]
fn a_long_chain_of_aliases_is_followed() {
    let mut source = taking("T0");
    for i in 0..5000 {
        let _ = writeln!(source, "type T{i} = T{};", i + 1);
    }
    source.push_str("type T5000 = { end: true };\n");
    let (shapes, codes) = shapes(&source);
    assert!(codes.is_empty(), "{codes:?}");
    assert_eq!(shapes.objects.len(), 3);
}

#[test]
fn a_long_chain_of_inheritance_is_followed() {
    let mut source = taking("T0");
    for i in 0..1000 {
        let _ = writeln!(source, "interface T{i} extends T{} {{ field{i}: string }}", i + 1);
    }
    source.push_str("interface T1000 { end: true }\n");
    let (shapes, codes) = shapes(&source);
    assert!(codes.is_empty(), "{codes:?}");
    assert_eq!(shapes.objects["src/api.ts#T0"].fields.len(), 1001);
}

#[test]
fn generics_that_double_at_every_level_end() {
    let mut source = taking("T20<string>");
    source.push_str("type T0<X> = { a: X; b: X };\n");
    for i in 1..=20 {
        let _ = writeln!(source, "type T{i}<X> = T{0}<T{0}<X>>;", i - 1);
    }
    let (_, codes) = shapes(&source);
    assert_eq!(codes, ["K114"]);
}

#[test]
fn unions_that_double_at_every_level_end() {
    let mut source = taking("T20");
    source.push_str("type T0 = 'a' | 'b';\n");
    for i in 1..=20 {
        let _ = writeln!(source, "type T{i} = `${{T{0}}}${{T{0}}}`;", i - 1);
    }
    let (_, codes) = shapes(&source);
    assert!(!codes.is_empty());
    let mut source = taking("T20");
    source.push_str("type T0 = { a: 1 } | { b: 2 };\n");
    for i in 1..=20 {
        let _ =
            writeln!(source, "type T{i} = (T{0} | {{ c{i}: 1 }}) & (T{0} | {{ d{i}: 1 }});", i - 1);
    }
    let (_, codes) = shapes(&source);
    assert_eq!(codes, ["K114"]);
}

#[test]
fn the_same_type_named_twice_at_every_level_is_cheap() {
    let mut source = taking("T60");
    source.push_str("type T0 = { a: string } | null;\n");
    for i in 1..=60 {
        let _ = writeln!(source, "type T{i} = T{0} | Partial<NonNullable<T{0}>> | T{0};", i - 1);
    }
    let (_, codes) = shapes(&source);
    assert!(codes.iter().all(|code| code == "K114"), "{codes:?}");
}

#[test]
fn arrays_in_arrays_end_where_readers_do() {
    let (_, codes) = shapes(&taking(&format!("string{}", "[]".repeat(60))));
    assert!(codes.is_empty(), "{codes:?}");
    let (_, codes) = shapes(&taking(&format!("string{}", "[]".repeat(400))));
    assert_eq!(codes, ["K114"]);
}

#[test]
fn objects_in_objects_are_followed() {
    let nested =
        |levels: usize| taking(&format!("{}1{}", "{ a: ".repeat(levels), " }".repeat(levels)));
    let (shapes, codes) = shapes(&nested(60));
    assert!(codes.is_empty(), "{codes:?}");
    assert_eq!(shapes.objects.len(), 62);
    let (_, codes) = self::shapes(&nested(300));
    assert_eq!(codes, ["K114"]);
}

#[test]
fn a_union_of_many_literals_is_one_shape() {
    let literals: Vec<String> = (0..9000).map(|i| format!("'literal {i}'")).collect();
    let (shapes, codes) = shapes(&taking(&literals.join(" | ")));
    assert!(codes.is_empty(), "{codes:?}");
    assert!(shapes.unions.is_empty());
    let literals: Vec<String> = (0..11_000).map(|i| format!("'literal {i}'")).collect();
    let (_, codes) = self::shapes(&taking(&literals.join(" | ")));
    assert_eq!(codes, ["K114"]);
}

#[test]
fn a_union_has_as_many_members_as_its_tag_has_values() {
    let members = |count: usize| {
        let members: Vec<String> = (0..count).map(|i| format!("{{ kind: {i} }}")).collect();
        members.join(" | ")
    };
    let (_, codes) = shapes(&taking(&members(255)));
    assert!(codes.is_empty(), "{codes:?}");
    let (_, codes) = shapes(&taking(&members(256)));
    assert_eq!(codes, ["K114"]);
}

#[test]
fn mapped_types_over_wide_types_end() {
    let mut source = taking("All");
    source.push_str("interface Wide {\n");
    for i in 0..1500 {
        let _ = writeln!(source, "  field{i}: string;");
    }
    source.push_str("}\ntype Each = { [K in keyof Wide]: { [L in keyof Wide]: K | L } };\n");
    source.push_str("interface All { each: Each }\n");
    let (_, codes) = shapes(&source);
    assert_eq!(codes, ["K114"]);
}

#[test]
fn keys_do_not_depend_on_the_order_of_declarations() {
    let parts = [
        "interface A { x: { y: string }; list: (B | { kind: 'c'; at: Date })[] }\n",
        "interface B { kind: 'b'; part: Partial<A>; page: Page<A> }\n",
        "interface Page<T> { items: T[]; meta: { total: number } }\n",
        "@backend() export async function take(value: A): Promise<Page<B>> { throw value; }\n",
    ];
    let (forwards, codes) = shapes(&parts.concat());
    assert!(codes.is_empty(), "{codes:?}");
    let backwards: String = parts.iter().rev().copied().collect();
    let (backwards, _) = shapes(&backwards);
    let keys = |shapes: &Shapes| {
        let objects = shapes.objects.iter().map(|(key, object)| (key.clone(), object.name.clone()));
        objects.collect::<Vec<_>>()
    };
    assert_eq!(keys(&forwards), keys(&backwards));
}

/// What the manifest says of rows, and the codes of what is wrong with the program.
fn rows(source: &str) -> (serde_json::Value, Vec<String>) {
    let files = Memory::unix([(format!("{PROJECT}/src/api.ts"), source.to_owned())]);
    let files: Arc<dyn Files> = Arc::new(files);
    let options = load(&*files, Path::new(PROJECT), &Flags::default()).expect("a configuration");
    let build = pipeline::build(&files, &options);
    let codes = build.diagnostics.iter().map(|d| d.code.clone()).collect();
    let manifest = build.outputs.iter().find(|output| output.path == "manifest.json");
    let manifest = manifest.map(|output| serde_json::from_str(&output.text).expect("JSON"));
    (manifest.unwrap_or_default(), codes)
}

#[test]
fn rows_have_shapes_of_their_own() {
    let (manifest, codes) = rows(
        "\
interface User { id: string; born: Date; key: `k-${string}`; home?: Place | null }
interface Place { city: string }
@backend() export async function born(id: string): Promise<number> {
  await env.storage.visits.push({ at: 1 });
  await env.storage.loose.push(JSON.parse(id));
  return (await env.storage.users.get(id))?.born.getTime() ?? 0;
}
",
    );
    assert!(codes.is_empty(), "{codes:?}");
    assert_eq!(manifest["tables"]["users"]["row"], "src/api.ts#User");
    let objects = &manifest["rows"]["objects"];
    let shapes = |key: &str| -> Vec<(String, serde_json::Value)> {
        let fields = objects[key]["fields"].as_array().cloned().unwrap_or_default();
        let pair = |f: serde_json::Value| (f["name"].to_string(), f["shape"].clone());
        fields.into_iter().map(pair).collect()
    };
    let home = serde_json::json!({ "object": "src/api.ts#Place" });
    let expected = [("id", "string".into()), ("born", "date".into()), ("key", "string".into())];
    let expected = expected.into_iter().chain([("home", home)]);
    let expected: Vec<_> = expected.map(|(name, shape)| (format!("{name:?}"), shape)).collect();
    assert_eq!(shapes("src/api.ts#User"), expected);
    assert_eq!(shapes("storage#visits").len(), 2);
    assert_eq!(objects["storage#loose"]["rest"]["shape"], "unknown");
    assert!(manifest["wire"]["objects"].get("src/api.ts#User").is_none(), "it does not travel");
}

#[test]
fn what_a_table_cannot_keep_is_said_once() {
    let (_, codes) = rows(
        "\
interface User { id: string; greet: () => void }
@backend() export async function all(): Promise<User[]> {
  const users: User[] = [];
  for await (const user of env.storage.users) users.push(user);
  return users;
}
",
    );
    assert_eq!(codes, ["K058"]);
    let (_, codes) = rows(
        "\
interface User { id: string; greet: () => void }
@backend() export async function count(): Promise<number> {
  const user = await env.storage.users.get('a');
  return user === null ? 0 : 1;
}
",
    );
    assert_eq!(codes, ["K058"]);
}

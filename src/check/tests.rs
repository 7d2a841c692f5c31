use std::fmt::Write as _;

use super::*;
use crate::{
    diagnostic::testing::{shown, snapshots},
    files::Memory,
    lock::{
        Lock, abi, assign_shapes,
        testing::{key, shapes},
    },
    model::SourcePath,
};

/// The contract of the sources in `text`, and the lock after it.
fn build(text: &str, lock: &Lock) -> (Contract, Lock) {
    let mut wire = shapes(text);
    let mut diagnostics = Vec::new();
    let (types, unions) = assign_shapes(&mut wire, lock, &mut diagnostics);
    assert_eq!(diagnostics, []);
    let route = |name: &String| {
        let abi = abi(&wire, name).expect("complete");
        (name.clone(), ContractRoute { abi, meta: Meta { perm: 4, ugroup: None } })
    };
    let routes = wire.routes.keys().map(route).collect();
    let lock = Lock { types, unions, released: lock.released.clone(), ..Lock::default() };
    (Contract { version: 1, routes, wire }, lock)
}

/// What `kontract check` says of two versions, the second built with the lock of the first.
fn check(old: &str, new: &str) -> String {
    let (old, mut lock) = build(old, &Lock::default());
    lock.release(&old.wire, |route| Some(old.routes.get(route)?.abi.clone()));
    let (new, _) = build(new, &lock);
    let reports = compare(&old, &new);
    let routes = reports.iter().filter(|report| report.fate != Fate::Unchanged);
    routes.map(report).collect::<Vec<_>>().join("\n")
}

fn report(report: &RouteReport) -> String {
    let fate = match report.fate {
        Fate::Unchanged => "unchanged",
        Fate::New => "new",
        Fate::Changed(verdict) => word(verdict),
    };
    let mut text = format!("{}: {fate}", report.route);
    for change in &report.changes {
        let _ = write!(text, "\n  {}: {}", word(change.verdict), change.text());
    }
    text
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Compatible => "compatible",
        Verdict::Defaults => "defaults",
        Verdict::Breaking => "breaking",
    }
}

const USER: &str = "
    User: id: string, name: string, nick?: string|null, role: 'admin'|'user', tags: string[]
    save(user: @User): void
    load(id: string): @User";

fn changed(from: &str, to: &str) -> String {
    assert!(USER.contains(from), "{from}");
    check(USER, &USER.replace(from, to))
}

#[test]
fn what_travels_in_the_same_way_is_unchanged() {
    assert_eq!(check(USER, USER), "");
    assert_eq!(changed("id: string, name: string,", "name: string, id: string,"), "");
    assert_eq!(changed("'admin'|'user'", "'user'|'admin'"), "");
    assert_eq!(check(USER, &USER.replace("User", "src/b.ts#Person")), "");
    assert_eq!(check(USER, &USER.replace("load(id", "load(key")), "");
    assert_eq!(changed("tags: string[]", "tags: string[], -hash?: string").lines().count(), 2);
}

#[test]
fn every_change_of_a_field_has_its_verdict() {
    let cases = [
        ("added, optional", "id: string,", "id: string, age?: number,"),
        ("added, with a default", "id: string,", "id: string, age: number = 1,"),
        ("added, required", "id: string,", "id: string, age: number,"),
        ("added, hidden", "id: string,", "id: string, -hash: string,"),
        ("removed, required", " name: string,", ""),
        ("removed, optional", " nick?: string|null,", ""),
        ("renamed", " name: string,", " title: string,"),
        ("renamed, optional", "nick?:", "handle?:"),
        ("retyped", " name: string,", " name: number,"),
        ("became optional", " name: string,", " name?: string,"),
        ("became required", "nick?:", "nick:"),
        ("became hidden", " name: string,", " -name: string,"),
        ("got a default", "nick?: string|null", "nick: string|null = null"),
        ("null is gone", "nick?: string|null", "nick?: string"),
        ("null is new", " name: string,", " name: string|null,"),
        ("undefined is new", " name: string,", " name: string|undefined,"),
        (
            "undefined is new where it may be absent",
            "nick?: string|null",
            "nick?: string|undefined|null",
        ),
        ("literal added", "'admin'|'user'", "'admin'|'user'|'guest'"),
        ("literal removed", "'admin'|'user'", "'user'"),
        ("literals became any string", "'admin'|'user'", "string"),
        ("string became literals", " name: string,", " name: 'a'|'b',"),
        ("literals of another type", "'admin'|'user'", "1|2"),
        ("elements became nullable", "tags: string[]", "tags: (string|null)[]"),
        ("elements of another type", "tags: string[]", "tags: number[]"),
        ("array became set", "tags: string[]", "tags: Set<string>"),
        ("other keys added", "tags: string[]", "tags: string[], ...number"),
    ];
    let texts: Vec<String> = cases
        .iter()
        .map(|(name, from, to)| format!("━━ {name} ━━\n{}\n", changed(from, to)))
        .collect();
    snapshots("check").bind(|| insta::assert_snapshot!("fields", texts.join("\n")));
}

#[test]
fn every_change_of_a_signature_has_its_verdict() {
    let base = "find(id: string, limit?: number): string";
    let cases = [
        ("optional parameter added", "find(id: string, limit?: number, deep?: boolean): string"),
        ("required parameter added", "find(id: string, by: string, limit?: number): string"),
        ("optional parameter removed", "find(id: string): string"),
        ("required parameter removed", "find(limit?: number): string"),
        ("reordered", "find(limit?: number, id?: string): string"),
        ("renamed", "find(key: string, most?: number): string"),
        ("retyped", "find(id: number, limit?: number): string"),
        ("with a rest", "find(id: string, limit?: number, ...string): string"),
        ("result became nullable", "find(id: string, limit?: number): string|null"),
        ("result retyped", "find(id: string, limit?: number): number"),
        ("result is gone", "find(id: string, limit?: number): void|undefined"),
        ("route removed", "list(): string"),
    ];
    let texts: Vec<String> =
        cases.iter().map(|(name, new)| format!("━━ {name} ━━\n{}\n", check(base, new))).collect();
    snapshots("check").bind(|| insta::assert_snapshot!("signatures", texts.join("\n")));
}

#[test]
fn every_change_of_a_nested_type_has_its_verdict() {
    let base = "
        %Figure: Circle=@Circle, string=string
        Circle: radius: number, next?: @Circle
        Page: items: @Circle[], index: Map<string;@Circle>, pair: @Pair
        Pair: first: string
        draw(figure: %Figure|null, pages: @Page[]): %Figure
        size(weird: @Odd): void
        Odd: a-b: number, ...%Figure";
    let cases = [
        ("in many places", "radius: number,", "radius: string,"),
        ("member added", "string=string", "string=string, number=number"),
        ("member removed", ", string=string", ", boolean=boolean"),
        ("member of another type", "string=string", "string=number"),
        ("value of a map", "Map<string;@Circle>", "Map<string;@Circle|null>"),
        ("key of a map", "Map<string;@Circle>", "Map<number;@Circle>"),
        ("other keys gone", ", ...%Figure", ""),
        ("other keys of another type", "...%Figure", "...string"),
        ("odd name", "a-b: number", "a-b: string"),
        ("nested", "first: string", "first: string, second: string"),
    ];
    let texts: Vec<String> = cases
        .iter()
        .map(|(name, from, to)| {
            assert!(base.contains(from), "{from}");
            format!("━━ {name} ━━\n{}\n", check(base, &base.replace(from, to)))
        })
        .collect();
    snapshots("check").bind(|| insta::assert_snapshot!("nested", texts.join("\n")));
}

#[test]
fn a_field_that_was_away_is_another_one() {
    let first = "User: id: string, nick?: string\nsave(user: @User): @User";
    let (old, lock) = build(first, &Lock::default());
    let (_, lock) = build("User: id: string\nsave(user: @User): @User", &lock);
    let (new, _) = build(first, &lock);
    let reports: Vec<String> = compare(&old, &new).iter().map(report).collect();
    snapshots("check").bind(|| insta::assert_snapshot!("away", reports.join("\n")));
    // The same for null and for a type of a union.
    let first = "save(id: string|null, pet: %Pet): void\n%Pet: A=string, B=number, C=boolean";
    let (old, lock) = build(first, &Lock::default());
    let (_, lock) = build("save(id: string, pet: %Pet): void\n%Pet: A=string, B=number", &lock);
    let (new, _) = build(first, &lock);
    let reports: Vec<String> = compare(&old, &new).iter().map(report).collect();
    snapshots("check").bind(|| insta::assert_snapshot!("away_parts", reports.join("\n")));
}

#[test]
fn without_the_lock_nothing_is_compatible_by_chance() {
    let (old, _) =
        build("User: id: string, name: string\nsave(user: @User): @User", &Lock::default());
    let (new, _) =
        build("User: name: string, id: string\nsave(user: @User): @User", &Lock::default());
    let reports: Vec<String> = compare(&old, &new).iter().map(report).collect();
    snapshots("check").bind(|| insta::assert_snapshot!("no_lock", reports.join("\n")));
}

#[test]
fn permissions_and_groups_are_noted() {
    let (old, _) = build("get(): string\nset(): string", &Lock::default());
    let mut new = old.clone();
    new.routes.get_mut("get").expect("there").meta =
        Meta { perm: 0, ugroup: Some("admin".to_owned()) };
    let reports: Vec<String> = compare(&old, &new).iter().map(report).collect();
    snapshots("check").bind(|| insta::assert_snapshot!("access", reports.join("\n")));
}

#[test]
fn a_route_accepts_the_released_versions_that_it_can_serve() {
    let versions = [
        USER.to_owned(),
        USER.replace("tags", "mail?: string, tags"),
        USER.replace("tags", "mail: string, tags"),
    ];
    let mut lock = Lock::default();
    let mut hashes = Vec::new();
    for version in &versions {
        let (contract, next) = build(version, &lock);
        lock = next;
        lock.release(&contract.wire, |route| Some(contract.routes.get(route)?.abi.clone()));
        hashes.push(contract.routes["save"].abi.clone());
    }
    let (now, _) = build(&versions[1], &lock);
    let serves = |version: usize| {
        let old = lock.released["save"][&hashes[version]].version();
        verdict(old, Version::of(&now.wire, "save").expect("there")) != Verdict::Breaking
    };
    assert_eq!([serves(0), serves(1), serves(2)], [true, true, true]);
    let serves = |version: usize| {
        let hash = &build(&versions[version], &lock).0.routes["load"].abi;
        let old = lock.released["load"][hash].version();
        verdict(old, Version::of(&now.wire, "load").expect("there")) != Verdict::Breaking
    };
    assert_eq!([serves(0), serves(1), serves(2)], [true, true, false]);
    assert!(now.wire.objects.contains_key(&key("User")));
}

#[test]
fn a_manifest_that_cannot_be_compared_is_an_error() {
    let files = Memory::unix([
        ("/app/text.json", "hello"),
        ("/app/other.json", "{\n  \"version\": 1,\n  \"routes\": 3\n}\n"),
        ("/app/newer.json", r#"{ "version": 2, "routes": {} }"#),
        (
            "/app/older.json",
            r#"{ "version": 1, "routes": { "get": { "abi": "", "meta": { "perm": 4 } } } }"#,
        ),
        ("/app/empty.json", "\u{feff}{ \"version\": 1, \"routes\": {} }"),
    ]);
    let mut all = Vec::new();
    for name in ["text.json", "other.json", "newer.json", "older.json", "none.json"] {
        let path = SourcePath::new(name);
        all.extend(read(&files, std::path::Path::new(&format!("/app/{name}")), &path).err());
    }
    assert_eq!(all.len(), 5);
    let shown = shown(&files, "/app", all);
    snapshots("check").bind(|| insta::assert_snapshot!("manifests", shown));
    let path = std::path::Path::new("/app/empty.json");
    assert!(read(&files, path, &SourcePath::new("empty.json")).is_ok());
}

#[test]
fn a_manifest_that_lost_a_definition_is_refused() {
    let (mut contract, _) = build(USER, &Lock::default());
    let text = |contract: &Contract| {
        let routes: serde_json::Map<_, _> = contract
            .routes
            .iter()
            .map(|(name, route)| {
                let meta = serde_json::json!({ "perm": route.meta.perm });
                (name.clone(), serde_json::json!({ "abi": route.abi, "meta": meta }))
            })
            .collect();
        serde_json::json!({ "version": 1, "routes": routes, "wire": contract.wire }).to_string()
    };
    let name = SourcePath::new("manifest.json");
    assert_eq!(parse(&text(&contract), &name), Ok(contract.clone()));
    let stated = contract.routes.get_mut("load").expect("there");
    let hash = std::mem::replace(&mut stated.abi, "sha256:00".to_owned());
    let error = parse(&text(&contract), &name).expect_err("another hash");
    assert_eq!(error.code, "K143");
    contract.routes.get_mut("load").expect("there").abi = hash;
    contract.wire.objects.remove(&key("User"));
    let error = parse(&text(&contract), &name).expect_err("`User` is missing");
    assert_eq!(error.message, "the manifest does not say what travels in `load`");
}

#[test]
fn nobody_is_served_by_a_lock_that_lost_a_definition() {
    let (old, mut lock) = build(USER, &Lock::default());
    lock.release(&old.wire, |route| Some(old.routes.get(route)?.abi.clone()));
    let (new, _) = build(&USER.replace("tags: string[]", "tags: string[], more?: string"), &lock);
    let mut released = lock.released["load"].values().next().expect("released").clone();
    let now = Version::of(&new.wire, "load").expect("there");
    assert_eq!(verdict(released.version(), now), Verdict::Compatible);
    released.objects.remove(&key("User"));
    assert_eq!(verdict(released.version(), now), Verdict::Breaking);
}

use std::collections::BTreeMap;

use super::{
    testing::{key, shapes},
    *,
};
use crate::{
    config::Options,
    diagnostic::testing::{shown, snapshots},
    files::{Files, Memory},
    model::{
        diagnostic::Diagnostic,
        shape::{Place, Shapes},
    },
};

/// One build: the shapes with their ids, the lock after it, and what was said.
fn build(text: &str, lock: &Lock) -> (Shapes, Lock, Vec<Diagnostic>) {
    let mut shapes = shapes(text);
    let mut diagnostics = Vec::new();
    let (types, unions) = assign::assign_shapes(&mut shapes, lock, &mut diagnostics);
    let released = lock.released.clone();
    (shapes, Lock { types, unions, released, ..Lock::default() }, diagnostics)
}

/// Builds one version after another without a word.
fn builds(texts: &[&str]) -> (Shapes, Lock) {
    let mut last = (Shapes::default(), Lock::default());
    for text in texts {
        let (shapes, lock, diagnostics) = build(text, &last.1);
        assert_eq!(shown_alone(diagnostics), "");
        last = (shapes, lock);
    }
    last
}

fn release(shapes: &Shapes, lock: &mut Lock) {
    lock.release(shapes, |route| abi(shapes, route));
}

/// `id=0 email=1/2`, and behind `!` the ids that were given up.
fn ids(shapes: &Shapes, name: &str) -> String {
    let object = &shapes.objects[&key(name)];
    let mut parts: Vec<String> = object
        .fields
        .iter()
        .map(|field| match field.id.state {
            Some(state) => format!("{}={}/{state}", field.name, field.id.value),
            None => format!("{}={}", field.name, field.id.value),
        })
        .collect();
    parts.extend(object.rest.iter().map(|rest| format!("...={}", rest.id.value)));
    parts.extend(object.removed.iter().map(|id| format!("!{id}")));
    parts.join(" ")
}

fn tags(shapes: &Shapes, name: &str) -> String {
    let union = &shapes.unions[&key(name)];
    let members = union.members.iter().map(|member| format!("{}={}", member.label, member.tag));
    let removed = union.removed.iter().map(|tag| format!("!{tag}"));
    members.chain(removed).collect::<Vec<_>>().join(" ")
}

fn shown_alone(diagnostics: Vec<Diagnostic>) -> String {
    shown(&Memory::unix([("/app/src/a.ts", "")]), "/app", diagnostics)
}

#[test]
fn ids_are_consecutive_in_the_order_of_the_source() {
    let (shapes, _) = builds(&["
        User: id: string, email?: string|null, pet: %Pet|undefined, tags: string[], ...number
        %Pet: Cat=@User, string=string
    "]);
    assert_eq!(ids(&shapes, "User"), "id=0 email=1/2 pet=4/5 tags=6 ...=7");
    assert_eq!(tags(&shapes, "Pet"), "Cat=1 string=2");
}

#[test]
fn fields_keep_their_ids_when_others_come_and_go_and_move() {
    let (shapes, lock) = builds(&[
        "User: id: string, name: string, age: number",
        "User: age: number, nick: string, id: string",
    ]);
    assert_eq!(ids(&shapes, "User"), "age=2 nick=3 id=0 !1");
    // One that comes back is another one.
    let (shapes, _, _) = build("User: id: string, name: string, age: number, nick: string", &lock);
    assert_eq!(ids(&shapes, "User"), "id=0 name=4 age=2 nick=3 !1");
}

#[test]
fn a_field_of_another_wire_type_gets_another_id() {
    let (shapes, _) = builds(&[
        "User: id: string, age: number, role: string, tags: string[]",
        "User: id: string, age: int32, role: 'a'|'b', tags: (string|null)[]",
    ]);
    assert_eq!(ids(&shapes, "User"), "id=0 age=4 role=2 tags=5 !1 !3");
}

#[test]
fn null_that_is_admitted_later_takes_an_id_of_its_own() {
    let (shapes, lock) =
        builds(&["User: id: string, age: number", "User: id: string|null, age: number"]);
    assert_eq!(ids(&shapes, "User"), "id=0/2 age=1");
    let (shapes, lock, _) = build("User: id: string, age: number", &lock);
    assert_eq!(ids(&shapes, "User"), "id=0 age=1 !2");
    let (shapes, _, _) = build("User: id: string|null, age: number", &lock);
    assert_eq!(ids(&shapes, "User"), "id=0/3 age=1 !2");
}

#[test]
fn a_union_that_goes_leaves_two_ids_behind() {
    let (shapes, _) = builds(&[
        "
        User: id: string, pet: %Pet|null
        %Pet: Cat=@User, string=string, Dog=@User",
        "
        User: id: string
        %Pet: Dog=@User, number=number",
    ]);
    assert_eq!(ids(&shapes, "User"), "id=0 !1 !2 !3");
    assert_eq!(tags(&shapes, "Pet"), "Dog=3 number=4 !1 !2");
}

#[test]
fn a_type_whose_file_moved_keeps_its_ids() {
    let (shapes, _) = builds(&[
        "src/a.ts#User: id: string, name: string\nsrc/a.ts#User.home: zip: string, city: string",
        "src/b.ts#User: name: string, id: string\nsrc/b.ts#User.home: city: string, zip: string",
    ]);
    assert_eq!(ids(&shapes, "src/b.ts#User"), "name=1 id=0");
    assert_eq!(ids(&shapes, "src/b.ts#User.home"), "city=1 zip=0");
}

#[test]
fn a_type_keeps_its_ids_when_the_file_of_its_argument_moved() {
    let (shapes, _) = builds(&[
        "src/a.ts#Page<src/u.ts#User>: next: string, items: string",
        "src/b.ts#Page<src/w.ts#User>: items: string, next: string",
    ]);
    assert_eq!(ids(&shapes, "src/b.ts#Page<src/w.ts#User>"), "items=1 next=0");
}

#[test]
fn a_type_is_not_taken_for_another_of_its_name() {
    // Two are gone.
    let (shapes, _) = builds(&[
        "src/a.ts#User: id: string, name: string\nsrc/b.ts#User: x: string",
        "src/c.ts#User: name: string, id: string",
    ]);
    assert_eq!(ids(&shapes, "src/c.ts#User"), "name=0 id=1");
    // Two are new.
    let (shapes, _) = builds(&[
        "src/a.ts#User: id: string, name: string",
        "src/b.ts#User: name: string, id: string\nsrc/c.ts#User: name: string",
    ]);
    assert_eq!(ids(&shapes, "src/b.ts#User"), "name=0 id=1");
    // It is still there.
    let (shapes, _) = builds(&[
        "src/a.ts#User: id: string, name: string",
        "src/a.ts#User: id: string\nsrc/b.ts#User: name: string, id: string",
    ]);
    assert_eq!(ids(&shapes, "src/b.ts#User"), "name=0 id=1");
}

#[test]
fn a_parameter_that_is_renamed_keeps_its_id() {
    let (shapes, lock) = builds(&[
        "find(id: string, limit?: number): void",
        "find(userId: string, limit?: number, cursor?: string): void",
    ]);
    assert_eq!(ids(&shapes, "find(request)"), "userId=0 limit=1 cursor=2");
    // Not where another one stands in its place.
    let (shapes, lock, _) = build("find(limit?: number, cursor?: string): void", &lock);
    assert_eq!(ids(&shapes, "find(request)"), "limit=1 cursor=2 !0");
    let (shapes, _, _) = build("find(cursor?: string, from?: number): void", &lock);
    assert_eq!(ids(&shapes, "find(request)"), "cursor=2 from=3 !0 !1");
}

#[test]
fn released_types_get_their_ids_back() {
    let first = "
        User: id: string, name: string, pet: %Pet
        %Pet: Cat=@Cat, string=string
        Cat: lives: number, name: string
        get(id: string): @User|null";
    let (shapes, mut lock) = builds(&[first]);
    release(&shapes, &mut lock);
    let released = lock.released.clone();
    // Renamed, in another file and another order.
    let renamed = "
        src/b.ts#Person: pet: %src/b.ts#Animal, name: string, id: string
        %src/b.ts#Animal: string=string, Cat=@src/b.ts#Kitty
        src/b.ts#Kitty: name: string, colour: string, lives: number
        get(id: string): @src/b.ts#Person|null";
    let (shapes, _, _) = build(renamed, &lock);
    assert_eq!(ids(&shapes, "src/b.ts#Person"), "pet=3 name=1 id=0");
    assert_eq!(tags(&shapes, "src/b.ts#Animal"), "string=2 Cat=1");
    assert_eq!(ids(&shapes, "src/b.ts#Kitty"), "name=1 colour=2 lives=0");
    // The route was away for a while, or the rest of the lock was lost.
    let (_, lock, _) = build("", &lock);
    assert_eq!((lock.types.len(), &lock.released), (0, &released));
    let (shapes, _, _) =
        build(&first.replace("id: string, name: string,", "name: string, id: string,"), &lock);
    assert_eq!(ids(&shapes, "User"), "name=1 id=0 pet=3");
}

#[test]
fn two_types_that_become_one_are_no_contradiction() {
    let (shapes, mut lock) = builds(&["
        New: name: string, email: string
        Old: id: string, name: string
        create(user: @New): void
        update(user: @Old): void"]);
    release(&shapes, &mut lock);
    let (shapes, _, diagnostics) = build(
        "
        Input: id?: string, name: string, email: string
        create(user: @Input): void
        update(user: @Input): void",
        &lock,
    );
    assert_eq!(shown_alone(diagnostics), "");
    let object = &shapes.objects[&key("Input")];
    let ids: BTreeMap<u16, &str> =
        object.fields.iter().map(|field| (field.id.value, field.name.as_str())).collect();
    assert_eq!(ids.len(), 3, "{ids:?}");
}

/// What git makes of two branches that add a field each.
fn merged(one: &str, other: &str, base: &Lock) -> Lock {
    let (_, mut lock, _) = build(one, base);
    let (_, second, _) = build(other, base);
    for (key, ids) in second.types {
        let merged = lock.types.entry(key).or_default();
        merged.fields.extend(ids.fields);
        merged.removed.extend(ids.removed);
    }
    for (key, tags) in second.unions {
        lock.unions.entry(key).or_default().members.extend(tags.members);
    }
    for (route, versions) in second.released {
        lock.released.entry(route).or_default().extend(versions);
    }
    lock
}

#[test]
fn after_a_merge_the_field_that_was_never_released_gets_a_new_id() {
    let base = "User: id: string\nget(): @User";
    let (_, lock) = builds(&[base]);
    let email = "User: id: string, email: string\nget(): @User";
    let phone = "User: id: string, phone: string\nget(): @User";
    let both = "User: id: string, email: string, phone: string\nget(): @User";
    // Neither was released: the first in the source stays.
    let mixed = merged(email, phone, &lock);
    let (shapes, settled, diagnostics) = build(both, &mixed);
    assert_eq!(ids(&shapes, "User"), "id=0 email=1 phone=2");
    snapshots("lock/unit")
        .bind(|| insta::assert_snapshot!("merge_unreleased", shown_alone(diagnostics)));
    // The next build has nothing to say.
    let (_, again, diagnostics) = build(both, &settled);
    assert_eq!((shown_alone(diagnostics).as_str(), &again), ("", &settled));

    // One was.
    let (shapes, mut branch, _) = build(phone, &lock);
    release(&shapes, &mut branch);
    let mut mixed = merged(email, phone, &lock);
    mixed.released = branch.released.clone();
    let (shapes, _, diagnostics) = build(both, &mixed);
    assert_eq!(ids(&shapes, "User"), "id=0 email=2 phone=1");
    snapshots("lock/unit")
        .bind(|| insta::assert_snapshot!("merge_released", shown_alone(diagnostics)));

    // Both were.
    let (shapes, mut other, _) = build(email, &lock);
    release(&shapes, &mut other);
    for (route, versions) in other.released {
        mixed.released.entry(route).or_default().extend(versions);
    }
    let (_, _, diagnostics) = build(both, &mixed);
    assert!(diagnostics.iter().any(Diagnostic::is_error));
    snapshots("lock/unit").bind(|| insta::assert_snapshot!("merge_both", shown_alone(diagnostics)));
    // The way out.
    let renamed = both.replace("email", "mail");
    let (shapes, _, diagnostics) = build(&renamed, &mixed);
    assert_eq!(shown_alone(diagnostics), "");
    assert_eq!(ids(&shapes, "User"), "id=0 mail=2 phone=1");
}

#[test]
fn after_a_merge_the_member_that_was_never_released_gets_a_new_tag() {
    let (_, lock) = builds(&["%Pet: Cat=string, Dog=number"]);
    let mixed = merged(
        "%Pet: Cat=string, Dog=number, Fox=boolean",
        "%Pet: Cat=string, Dog=number, Eel=date",
        &lock,
    );
    let (shapes, _, diagnostics) =
        build("%Pet: Cat=string, Dog=number, Fox=boolean, Eel=date", &mixed);
    // In the order of the source.
    assert_eq!(tags(&shapes, "Pet"), "Cat=1 Dog=2 Fox=3 Eel=4");
    snapshots("lock/unit")
        .bind(|| insta::assert_snapshot!("merge_union", shown_alone(diagnostics)));
}

#[test]
fn an_id_that_the_other_branch_gave_up_is_not_used() {
    let (_, lock) = builds(&["User: id: string"]);
    let (_, tried, _) = build("User: id: string, draft: string", &lock);
    let (_, tried, _) = build("User: id: string", &tried);
    let (_, mut mixed, _) = build("User: id: string, phone: string", &lock);
    mixed
        .types
        .get_mut(&key("User"))
        .expect("there")
        .removed
        .extend(&tried.types[&key("User")].removed);
    let (shapes, _, diagnostics) = build("User: id: string, phone: string", &mixed);
    assert_eq!(ids(&shapes, "User"), "id=0 phone=2 !1");
    snapshots("lock/unit")
        .bind(|| insta::assert_snapshot!("merge_removed", shown_alone(diagnostics)));
}

#[test]
fn an_entry_that_no_build_writes_does_no_harm() {
    let text = r#"{ "lockVersion": 1, "types": { "src/a.ts#User": { "fields": {
        "pet": { "id": 0, "type": "union" }, "id": { "id": 65535, "type": "string" },
        "name": { "id": 7, "type": "string", "state": 65535 } } } },
        "unions": { "src/a.ts#Pet": { "members": { "Cat": 0 } } } }"#;
    let lock = file::parse(text).expect("valid");
    let (shapes, _, _) = build(
        "User: id: string, pet: %Pet, name: string|null\n%Pet: Cat=string, Dog=number",
        &lock,
    );
    assert_eq!(ids(&shapes, "User"), "id=8 pet=10 name=11/12 !0 !1 !2 !3 !4 !5 !6 !7");
    assert_eq!(tags(&shapes, "Pet"), "Cat=1 Dog=2");
}

#[test]
fn a_type_may_be_too_large_for_a_table() {
    let fields: Vec<String> = (0..40_000).map(|n| format!("f{n}: string")).collect();
    let members: Vec<String> = (0..300).map(|n| format!("M{n}=string")).collect();
    let text = format!("User: {}\n%Pet: {}", fields.join(", "), members.join(", "));
    let (_, _, diagnostics) = build(&text, &Lock::default());
    snapshots("lock/unit").bind(|| insta::assert_snapshot!("too_many", shown_alone(diagnostics)));
}

#[test]
fn the_abi_is_a_matter_of_structure() {
    let base = "
        User: id: string, name?: string|null, friends: @User[]
        get(id: string): @User";
    let hash = |text: &str, lock: &Lock| abi(&build(text, lock).0, "get").expect("complete");
    let (shapes, mut lock) = builds(&[base]);
    release(&shapes, &mut lock);
    let first = hash(base, &lock);
    for same in [
        "User: friends: @User[], name?: string|null, id: string\nget(id: string): @User",
        "src/b.ts#User: id: string, name?: string|null, friends: @src/b.ts#User[]\nget(id: string): @src/b.ts#User",
        "Person: name?: string|null, id: string, friends: @Person[]\nget(userId: string): @Person",
        "User: id: string, name?: string|null, friends: @User[], -hash: string\nget(id: string): @User",
    ] {
        assert_eq!(hash(same, &lock), first, "{same}");
    }
    for other in [
        "User: id: string, name: string|null, friends: @User[]\nget(id: string): @User",
        "User: id: string, name?: string, friends: @User[]\nget(id: string): @User",
        "User: id: string, name?: string|null, friends: @User[], age?: number\nget(id: string): @User",
        "User: id: 'a'|'b', name?: string|null, friends: @User[]\nget(id: string): @User",
        "User: id: string, title?: string|null, friends: @User[]\nget(id: string): @User",
        "User: id: string, name?: string|null, friends: (@User|null)[]\nget(id: string): @User",
        "User: id: string, name?: string|null, friends: @User[]\nget(id: string): @User|null",
        "User: id: string, name?: string|null, friends: @User[]\nget(id: string = \"x\"): @User",
    ] {
        assert_ne!(hash(other, &lock), first, "{other}");
    }
    // Literals in another order are the same.
    let one = "get(role: 'a'|'b'): %Pet\n%Pet: string=string, number=number";
    let (_, lock) = builds(&[one]);
    let two = "get(role: 'b'|'a'): %Pet\n%Pet: number=number, string=string";
    assert_eq!(hash(one, &lock), hash(two, &lock));
}

#[test]
fn the_file_holds_what_was_assigned() {
    let (shapes, mut lock) = builds(&[
        "
        User: id: string, nick: string|null, pet: %Pet
        %Pet: Cat=string, number=number
        get(id: string, ...string): @User",
        "
        User: id: string, pet: %Pet, age: number
        %Pet: Cat=string, boolean=boolean
        get(id: string, ...string): @User",
    ]);
    release(&shapes, &mut lock);
    let table = LockedTable {
        ptr: "tbl_users_1a2b3c4d".to_owned(),
        ty: Some("User".to_owned()),
        primary_key: "id".to_owned(),
        owned: true,
        schema: BTreeMap::from([
            (
                "id".to_owned(),
                LockedColumn { ty: "string".to_owned(), primkey: true, ..LockedColumn::default() },
            ),
            (
                "pet".to_owned(),
                LockedColumn { ty: "Pet".to_owned(), perm: Some(4), ..LockedColumn::default() },
            ),
        ]),
        hash: "sha256:0".to_owned(),
    };
    lock.tables.insert("users".to_owned(), table);
    let text = file::print(&lock);
    snapshots("lock/unit").bind(|| insta::assert_snapshot!("file", text));
    assert_eq!(file::parse(&text).expect("valid"), lock);
    assert_eq!(file::parse(&text.replace('\n', "\r\n")).expect("valid"), lock);
}

#[test]
fn a_lock_that_cannot_be_understood_is_an_error_with_its_place() {
    let (shapes, mut lock) = builds(&["User: id: string, name: string\nget(id: string): @User"]);
    release(&shapes, &mut lock);
    let good = file::print(&lock);
    let cases = [
        ("conflict", good.replace("  \"unions\"", "<<<<<<< ours\n  \"unions\"")),
        ("comma", good.replace("\"string\" },", "\"string\" }")),
        (
            "twice",
            good.replace(
                "      \"fields\": {\n",
                "      \"fields\": {\n        \"name\": { \"id\": 9, \"type\": \"string\" },\n",
            ),
        ),
        ("foreign_key", good.replace("\"removed\"", "\"forgotten\"")),
        ("negative", good.replace("\"id\": 1", "\"id\": -1")),
        ("newer", good.replace("\"lockVersion\": 1,", "\"lockVersion\": 2, \"more\": {},")),
        ("no_version", good.replace("  \"lockVersion\": 1,\n", "")),
        (
            "no_shape",
            good.replacen("    \"objects\": {\n      \"", "    \"objects\": {\n      \"0", 1),
        ),
        ("empty", String::new()),
        ("deep", "[".repeat(100_000)),
    ];
    for (name, text) in cases {
        assert_ne!(text, good, "{name}");
        let files = Memory::unix([("/app/kontract.lock.json", &text)]);
        let options = Options::defaults("/app");
        let (read_lock, diagnostics) = read(&files, &options);
        assert_eq!(read_lock, Lock::default());
        let shown = shown(&files, "/app", diagnostics);
        snapshots("lock/unit").bind(|| insta::assert_snapshot!(format!("bad_{name}"), shown));
        // It is not overwritten.
        assert!(write(&files, &options, &lock, false).is_err());
        assert_eq!(files.texts()[0].1, text);
    }
    let files = Memory::unix([("/app/kontract.lock.json", b"{\"\xff")]);
    let (_, diagnostics) = read(&files, &Options::defaults("/app"));
    let shown = shown(&files, "/app", diagnostics);
    snapshots("lock/unit").bind(|| insta::assert_snapshot!("bad_not_utf8", shown));
}

#[test]
fn the_file_is_written_when_it_changes_and_only_then() {
    let files = Memory::unix([("/app/src/a.ts", "")]);
    let options = Options::defaults("/app");
    // Nothing to remember, no file.
    assert_eq!(write(&files, &options, &Lock::default(), true), Ok(false));
    assert!(!files.is_file(&options.project.join(NAME)));

    let (_, lock) = builds(&["User: id: string, name: string"]);
    assert_eq!(write(&files, &options, &lock, false), Ok(true));
    assert_eq!(write(&files, &options, &lock, true), Ok(false));
    // A file with other white space holds the same.
    let text = file::print(&lock).replace('\n', "\r\n");
    files.add("/app/kontract.lock.json", &text);
    assert_eq!(write(&files, &options, &lock, true), Ok(false));
    assert_eq!(read(&files, &options), (lock.clone(), Vec::new()));

    let (_, next, _) =
        build("User: a: string, b: string, id: string\n%Pet: Cat=string, Dog=number", &lock);
    let refused = write(&files, &options, &next, true).expect_err("locked");
    let shown = shown(&files, "/app", vec![refused]);
    snapshots("lock/unit").bind(|| insta::assert_snapshot!("locked", shown));
    assert_eq!(read(&files, &options).0, lock);
    assert_eq!(write(&files, &options, &next, false), Ok(true));
    assert_eq!(read(&files, &options).0, next);
}

#[test]
fn what_stands_in_the_way_of_the_file_is_an_error() {
    use std::io::ErrorKind;
    let (_, lock) = builds(&["User: id: string"]);
    let options = Options::defaults("/app");
    let mut all = Vec::new();
    let folder = Memory::unix([("/app/kontract.lock.json/x", "")]);
    let link = Memory::unix([("/app/other.json", "{}")]);
    link.link("/app/kontract.lock.json", "other.json");
    let unreadable = Memory::unix([("/app/kontract.lock.json", "{}")]);
    unreadable.fail("/app/kontract.lock.json", ErrorKind::PermissionDenied);
    for files in [&folder, &link, &unreadable] {
        let (_, mut diagnostics) = read(files, &options);
        all.append(&mut diagnostics);
        assert!(write(files, &options, &lock, false).is_err());
    }
    for error in [ErrorKind::StorageFull, ErrorKind::PermissionDenied] {
        all.push(diagnostics::not_written(&error.into()));
    }
    let reports: Vec<String> =
        all.into_iter().map(|found| shown(&link, "/app", vec![found])).collect();
    snapshots("lock/unit").bind(|| insta::assert_snapshot!("in_the_way", reports.join("\n")));
}

#[test]
fn a_clash_is_shown_where_the_fields_are_written() {
    let files = Memory::unix([("/app/src/a.ts", "interface User { id: string; name: string }\n")]);
    let text = r#"{ "lockVersion": 1, "types": { "src/a.ts#User": { "fields": {
        "id": { "id": 0, "type": "string" }, "name": { "id": 0, "type": "string" } } } } }"#;
    let lock = file::parse(text).expect("valid");
    let mut shapes = shapes("User: id: string, name: string");
    let object = shapes.objects.get_mut(&key("User")).expect("there");
    for (field, start) in object.fields.iter_mut().zip([17, 29]) {
        let span = crate::model::Span::new(start, start + 2);
        field.place = Place { file: Some(crate::model::SourcePath::new("src/a.ts")), span };
    }
    let mut diagnostics = Vec::new();
    assign::assign_shapes(&mut shapes, &lock, &mut diagnostics);
    let shown = shown(&files, "/app", diagnostics);
    snapshots("lock/unit").bind(|| insta::assert_snapshot!("clash_in_the_source", shown));
}

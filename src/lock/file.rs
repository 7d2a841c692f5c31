//! The lock as a file.
//!
//! Keys are sorted and every id has a line of its own, so that git merges what two branches added.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, io,
    marker::PhantomData,
    path::PathBuf,
};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error as _, MapAccess, Visitor},
};
use serde_json::{Map, Value, to_value};

use super::{Lock, LockedTable, Released, TypeIds, UnionTags, diagnostics, merge};
use crate::{
    config::Options,
    diagnostic::position::json_error,
    files::{Files, Kind},
    hash,
    migrate::Link,
    model::{
        Span,
        diagnostic::Diagnostic,
        shape::{ObjectShape, ShapeKey, UnionShape},
    },
};

pub const NAME: &str = "kontract.lock.json";

/// Empty where there is no file, and where it cannot be read.
pub fn read(files: &dyn Files, options: &Options) -> (Lock, Vec<Diagnostic>) {
    let (lock, _, diagnostics) = read_with_text(files, options);
    (lock, diagnostics)
}

/// The same, with what stands in the file.
pub fn read_with_text(
    files: &dyn Files,
    options: &Options,
) -> (Lock, Option<String>, Vec<Diagnostic>) {
    let read = text(files, options).and_then(|text| Ok((of(text.as_deref())?, text)));
    match read {
        Ok((lock, text)) => (lock, text, Vec::new()),
        Err(diagnostic) => (Lock::default(), None, vec![diagnostic]),
    }
}

/// Returns whether the file changed. With nothing to hold none is made. `locked`: it must not
/// change.
pub fn write(
    files: &dyn Files,
    options: &Options,
    lock: &Lock,
    locked: bool,
) -> Result<bool, Diagnostic> {
    let old = of(text(files, options)?.as_deref())?;
    if old == *lock {
        return Ok(false);
    }
    if locked {
        return Err(diagnostics::would_change(&changes(&old, lock)));
    }
    write_new(files, options, lock)
}

/// The same for a lock that is another one than that in the file.
pub fn write_new(files: &dyn Files, options: &Options, lock: &Lock) -> Result<bool, Diagnostic> {
    files
        .write(&path(options), print(lock).as_bytes())
        .map_err(|error| diagnostics::not_written(&error))
}

fn of(text: Option<&str>) -> Result<Lock, Diagnostic> {
    text.map_or_else(|| Ok(Lock::default()), parse)
}

/// Without byte order mark; none where there is no file.
pub fn text(files: &dyn Files, options: &Options) -> Result<Option<String>, Diagnostic> {
    let path = path(options);
    match files.link_kind(&path) {
        Ok(Kind::File) => {}
        Ok(Kind::Link) => return Err(diagnostics::not_a_file("it is a symbolic link")),
        Ok(Kind::Folder) => return Err(diagnostics::not_a_file("it is a folder")),
        Ok(Kind::Other) => return Err(diagnostics::not_a_file("it is no regular file")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(diagnostics::unreadable(&error)),
    }
    let bytes = files.read(&path).map_err(|error| diagnostics::unreadable(&error))?;
    let text = String::from_utf8(bytes)
        .map_err(|error| diagnostics::not_utf8(error.utf8_error().valid_up_to()))?;
    Ok(Some(text.strip_prefix('\u{feff}').unwrap_or(&text).to_owned()))
}

/// In words, what differs: `` `email` of `src/types.ts#User` ``.
fn changes(old: &Lock, new: &Lock) -> Vec<String> {
    let mut changes = Vec::new();
    let mut compare = |of: &str, old: &Value, new: &Value| {
        let none = Map::new();
        let (old, new) = (old.as_object().unwrap_or(&none), new.as_object().unwrap_or(&none));
        let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        let changed = keys.into_iter().filter(|key| old.get(*key) != new.get(*key));
        changes.extend(changed.map(|key| format!("`{key}`{of}")));
    };
    let value = |value: &dyn Fn(&Lock) -> Result<Value, serde_json::Error>| {
        (value(old).unwrap_or_default(), value(new).unwrap_or_default())
    };
    let empty = TypeIds::default();
    for key in old.types.keys().chain(new.types.keys()).collect::<BTreeSet<_>>() {
        let fields = |lock: &Lock| to_value(&lock.types.get(key).unwrap_or(&empty).fields);
        let (old, new) = value(&fields);
        compare(&format!(" of `{key}`"), &old, &new);
    }
    let empty = UnionTags::default();
    for key in old.unions.keys().chain(new.unions.keys()).collect::<BTreeSet<_>>() {
        let members = |lock: &Lock| to_value(&lock.unions.get(key).unwrap_or(&empty).members);
        let (old, new) = value(&members);
        compare(&format!(" of `{key}`"), &old, &new);
    }
    let (old, new) = value(&|lock| to_value(&lock.tables));
    compare(" among the tables", &old, &new);
    let migrations = |lock: &Lock| {
        let links = lock.migrations.iter();
        links.map(|link| Ok((link.name.clone(), to_value(link)?))).collect::<Result<Map<_, _>, _>>()
    };
    let (old, new) = value(&|lock| migrations(lock).map(Value::Object));
    compare(" among the migrations", &old, &new);
    changes
}

pub fn path(options: &Options) -> PathBuf {
    options.project.join(NAME)
}

/// `text` is without a byte order mark.
pub fn parse(text: &str) -> Result<Lock, Diagnostic> {
    if let Some(marker) = merge::conflict(text) {
        return Err(diagnostics::conflict(marker));
    }
    let invalid = |error: &serde_json::Error| {
        let (span, message) = json_error(text, error);
        diagnostics::invalid(span, &message)
    };
    let document = serde_json::from_str::<Document>(text);
    // Whatever a later version has added, this one says that it is later.
    let version = if let Ok(document) = &document {
        document.lock_version
    } else {
        serde_json::from_str::<Form>(text).map_err(|error| invalid(&error))?.lock_version
    };
    if version > VERSION {
        return Err(diagnostics::newer(version));
    }
    let document = document.map_err(|error| invalid(&error))?;
    document.lock().map_err(|hash| {
        let start = text.find(&format!("\"{hash}\"")).unwrap_or_default();
        let at = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        let span = Span::new(at(start), at(start + hash.len() + 2));
        diagnostics::invalid(span, "nothing in `shapes` has this hash")
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Form {
    lock_version: u64,
}

/// The lock as it stands in the file.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Document {
    #[serde(default)]
    generator: String,
    lock_version: u64,
    #[serde(default, deserialize_with = "unique")]
    types: BTreeMap<String, TypeIds>,
    #[serde(default, deserialize_with = "unique")]
    unions: BTreeMap<String, UnionTags>,
    #[serde(default, deserialize_with = "unique")]
    tables: BTreeMap<String, LockedTable>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    migrations: Vec<Link>,
    #[serde(default, deserialize_with = "unique_twice")]
    released: BTreeMap<String, BTreeMap<String, Version>>,
    #[serde(default)]
    shapes: Shapes,
}

/// A released version of a route, by the hashes of the definitions that it reaches.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Version {
    request: ShapeKey,
    response: ShapeKey,
    #[serde(deserialize_with = "unique")]
    objects: BTreeMap<ShapeKey, String>,
    #[serde(default, deserialize_with = "unique")]
    unions: BTreeMap<ShapeKey, String>,
}

/// Definitions of released versions, by their hashes: many routes and versions share them.
#[derive(Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Shapes {
    #[serde(deserialize_with = "unique")]
    objects: BTreeMap<String, ObjectShape>,
    #[serde(deserialize_with = "unique")]
    unions: BTreeMap<String, UnionShape>,
}

impl Document {
    fn of(lock: &Lock) -> Self {
        let mut shapes = Shapes::default();
        let mut version = |released: &Released| Version {
            request: released.request.clone(),
            response: released.response.clone(),
            objects: stored(&released.objects, &mut shapes.objects),
            unions: stored(&released.unions, &mut shapes.unions),
        };
        let released = lock.released.iter().map(|(route, versions)| {
            let versions =
                versions.iter().map(|(hash, released)| (hash.clone(), version(released)));
            (route.clone(), versions.collect())
        });
        let released = released.collect();
        Self {
            generator: GENERATOR.to_owned(),
            lock_version: VERSION,
            types: lock.types.clone(),
            unions: lock.unions.clone(),
            tables: lock.tables.clone(),
            migrations: lock.migrations.clone(),
            released,
            shapes,
        }
    }

    /// Fails with a hash that nothing stands for.
    fn lock(self) -> Result<Lock, String> {
        let Self { types, unions, tables, migrations, released, shapes, .. } = self;
        let mut lock = Lock { types, unions, tables, migrations, released: BTreeMap::new() };
        for (route, versions) in released {
            let known = lock.released.entry(route).or_default();
            for (hash, version) in versions {
                let released = Released {
                    request: version.request,
                    response: version.response,
                    objects: restored(version.objects, &shapes.objects)?,
                    unions: restored(version.unions, &shapes.unions)?,
                };
                known.insert(hash, released);
            }
        }
        Ok(lock)
    }
}

fn stored<T: Clone + Serialize>(
    definitions: &BTreeMap<ShapeKey, T>,
    all: &mut BTreeMap<String, T>,
) -> BTreeMap<ShapeKey, String> {
    let mut store = |definition: &T| {
        let mut hash = hash::hex(&serde_json::to_vec(definition).unwrap_or_default());
        hash.truncate(HASH_DIGITS);
        all.entry(hash.clone()).or_insert_with(|| definition.clone());
        hash
    };
    definitions.iter().map(|(key, definition)| (key.clone(), store(definition))).collect()
}

fn restored<T: Clone>(
    hashes: BTreeMap<ShapeKey, String>,
    all: &BTreeMap<String, T>,
) -> Result<BTreeMap<ShapeKey, T>, String> {
    hashes
        .into_iter()
        .map(|(key, hash)| match all.get(&hash) {
            Some(definition) => Ok((key, definition.clone())),
            None => Err(hash),
        })
        .collect()
}

pub fn print(lock: &Lock) -> String {
    let mut text = String::new();
    if let Ok(Value::Object(document)) = to_value(Document::of(lock)) {
        print_members(&mut text, &document, 1, usize::MAX);
    }
    text.push('\n');
    text
}

/// From depth `one_line` on values stand on one line.
fn print_members(out: &mut String, object: &Map<String, Value>, depth: usize, one_line: usize) {
    out.push('{');
    for (index, (key, value)) in object.iter().enumerate() {
        let one_line = match (depth, key.as_str()) {
            (1, "shapes") => 3,
            (1, "released") => 5,
            (1, _) => 4,
            _ => one_line,
        };
        out.push_str(if index == 0 { "\n" } else { ",\n" });
        out.push_str(&"  ".repeat(depth));
        out.push_str(&Value::from(key.as_str()).to_string());
        out.push_str(": ");
        match value {
            Value::Object(members) if depth < one_line && key != "rest" && !members.is_empty() => {
                print_members(out, members, depth + 1, one_line);
            }
            Value::Array(links) if depth == 1 && !links.is_empty() => print_links(out, links),
            value => print_line(out, value),
        }
    }
    out.push('\n');
    out.push_str(&"  ".repeat(depth - 1));
    out.push('}');
}

/// A line for each member of each object.
fn print_links(out: &mut String, links: &[Value]) {
    for (index, link) in links.iter().enumerate() {
        out.push_str(if index == 0 { "[\n    " } else { ",\n    " });
        match link {
            Value::Object(members) => print_members(out, members, 3, 3),
            value => print_line(out, value),
        }
    }
    out.push_str("\n  ]");
}

/// `{ "id": 1, "type": "string" }`
fn print_line(out: &mut String, value: &Value) {
    match value {
        Value::Object(object) if !object.is_empty() => {
            for (index, (key, value)) in object.iter().enumerate() {
                out.push_str(if index == 0 { "{ " } else { ", " });
                out.push_str(&Value::from(key.as_str()).to_string());
                out.push_str(": ");
                print_line(out, value);
            }
            out.push_str(" }");
        }
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { ", " });
                print_line(out, item);
            }
            out.push(']');
        }
        value => out.push_str(&value.to_string()),
    }
}

/// A map none of whose keys stands twice, as they may after a merge.
pub fn unique<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, T>, D::Error> {
    deserializer.deserialize_map(Unique(PhantomData)).map(|Entries(map)| map)
}

/// The same for maps of maps.
pub fn unique_twice<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, BTreeMap<String, T>>, D::Error> {
    let map: BTreeMap<String, Entries<T>> = unique(deserializer)?;
    Ok(map.into_iter().map(|(key, Entries(map))| (key, map)).collect())
}

struct Entries<T>(BTreeMap<String, T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Entries<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Unique(PhantomData))
    }
}

struct Unique<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Unique<T> {
    type Value = Entries<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Entries<T>, A::Error> {
        let mut map = BTreeMap::new();
        while let Some(key) = access.next_key::<String>()? {
            if map.contains_key(&key) {
                return Err(A::Error::custom(format!("`{key}` stands here twice")));
            }
            let value = access.next_value()?;
            map.insert(key, value);
        }
        Ok(Entries(map))
    }
}

const GENERATOR: &str = "kontract build";
const VERSION: u64 = 1;
const HASH_DIGITS: usize = 16;

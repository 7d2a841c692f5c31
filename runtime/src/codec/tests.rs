//! What `tests/codec` cannot ask from outside: manifests that make no sense, rows of unions, and
//! sources that throw. That the codec does what the JavaScript ones do is shown there.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

use serde_json::{json, value::to_raw_value};

use super::{CodecError, EncodeError, FieldClass, RowCodec, Schema};
use crate::{
    failure::Failure,
    manifest::{Manifest, Table},
    value::{Kind, Source, Value},
};

#[test]
fn a_body_is_an_array_or_nothing() {
    let codec = echo();
    assert_eq!(codec.read_request(b""), Ok(vec![]));
    assert_eq!(codec.read_request(b" [ ] "), Ok(vec![]));
    for (body, message) in [
        (&b"{}"[..], "body: expected an array of arguments"),
        (b"[", "body: expected JSON"),
        (b"[\"\xff\"]", "body: expected JSON"),
        (b" ", "body: expected JSON"),
        ("[".repeat(1_000_000).as_bytes(), "body: expected JSON"),
    ] {
        let error = codec.read_request(body).expect_err(message);
        assert_eq!(error, CodecError { path: String::new(), message: message.to_owned() });
        assert_eq!(Failure::from(error), Failure::invalid(message));
    }
}

#[test]
fn what_is_wrong_with_arguments_is_the_callers_fault() {
    let error = echo().read_request(br#"[{"name":1}]"#).expect_err("a name that is none");
    let failure = Failure::invalid("args[0].name: expected string").at("args[0].name");
    assert_eq!(Failure::from(error), failure);
}

#[test]
fn no_result_is_no_property() {
    let codec = echo();
    assert_eq!(codec.write_response(&&Value::Undefined), Ok(b"{}".to_vec()));
    let user = Value::Object(vec![("name".into(), Value::String("Ada".to_owned()))]);
    assert_eq!(codec.write_response(&&user), Ok(br#"{"result":{"name":"Ada"}}"#.to_vec()));
}

#[test]
fn what_a_getter_throws_ends_it() {
    let codec = echo();
    assert_eq!(codec.encode_response(&Trap), Err(EncodeError::Thrown("a getter threw")));
    assert_eq!(codec.write_response(&Trap), Err(EncodeError::Thrown("a getter threw")));
    let row = rows();
    assert_eq!(row.write(&Trap, false), Err(EncodeError::Thrown("a getter threw")));
}

#[test]
fn rows_may_be_of_a_union() {
    let codec = rows();
    let stored = |fields: &[(&str, Value)], partial| {
        let row = Value::Object(
            fields.iter().map(|(name, value)| ((*name).into(), value.clone())).collect(),
        );
        match codec.write(&&row, partial) {
            Ok(row) => format!("{:?} {}", row.key, row.data),
            Err(EncodeError::Codec(error)) => error.message,
            Err(EncodeError::Thrown(never)) => match never {},
        }
    };
    let lives = ("lives", Value::Number(9.0));
    let breed = ("breed", Value::String("Collie".to_owned()));
    let id = ("id", Value::String("tom".to_owned()));
    assert_eq!(stored(&[id.clone(), lives.clone()], false), r#"Some("tom") {"lives":9}"#);
    assert_eq!(stored(std::slice::from_ref(&breed), false), r#"None {"breed":"Collie"}"#);
    assert_eq!(stored(&[breed], true), r#"None {"breed":"Collie"}"#);
    assert_eq!(stored(&[], true), "None {}");
    assert_eq!(stored(&[id], false), "pets: expected Cat or Dog");
    let cat = codec.read("tom", br#"{"lives": 9}"#).expect("a cat");
    assert_eq!(cat.property("id"), Some(&Value::String("tom".to_owned())));
    assert_eq!(cat.property("lives"), Some(&Value::Number(9.0)));
    assert_eq!(codec.class("lives"), Some(FieldClass::Number));
    assert_eq!(codec.class("id"), Some(FieldClass::Text));
    assert_eq!(codec.class("other"), None);
}

#[test]
fn rows_without_a_type_are_json_data() {
    let codec = schema(BTreeMap::from([("things".to_owned(), table("_id", None))]))
        .row("things")
        .expect("a table");
    let row =
        |value| Value::Object(vec![("a".into(), value), ("_id".into(), Value::String("x".into()))]);
    let stored = codec.write(&&row(Value::Array(vec![Value::Null])), false).expect("a row");
    assert_eq!((stored.key.as_deref(), &*stored.data), (Some("x"), r#"{"a":[null]}"#));
    let refused = codec.write(&&row(Value::Date(0.0)), false);
    let message = "things.a: expected JSON data".to_owned();
    assert_eq!(refused, Err(EncodeError::Codec(CodecError { path: "things.a".into(), message })));
    let read = codec.read("x", br#"{"a": [null]}"#).expect("a row");
    assert_eq!(read.property("a"), Some(&Value::Array(vec![Value::Null])));
}

#[test]
fn a_manifest_that_makes_no_sense_is_an_error() {
    let object =
        |fields: serde_json::Value| json!({ "name": "X", "kind": "arguments", "fields": fields });
    let field =
        |shape: serde_json::Value| json!([{ "name": "x", "shape": shape, "id": { "value": 0 } }]);
    let wire = |request: serde_json::Value| {
        json!({
            "objects": { "q": request, "r": { "name": "R", "kind": "result", "fields": [] } },
            "unions": {},
            "routes": { "f": { "ident": "f", "request": "q", "response": "r" } }
        })
    };
    for (wire, part) in [
        (json!(1), "`wire` of manifest.json"),
        (wire(object(json!([]))), "R in manifest.json has not one field"),
        (wire(object(field(json!({ "object": "gone" })))), "no object gone"),
        (wire(object(field(json!({ "union": "gone" })))), "no union gone"),
        (wire(object(field(json!({ "literals": [1, "a"] })))), "literals of several types"),
    ] {
        let error = Schema::load(&manifest(&wire, BTreeMap::new())).expect_err(part);
        assert!(error.contains(part), "{error}");
    }
}

/// An object whose properties cannot be read.
#[derive(Clone)]
struct Trap;

impl Source for Trap {
    type Thrown = &'static str;

    fn kind(&self) -> Kind {
        Kind::Object
    }

    fn bool(&self) -> bool {
        false
    }

    fn number(&self) -> f64 {
        f64::NAN
    }

    fn bigint(&self) -> Option<i128> {
        None
    }

    fn string(&self) -> Option<Cow<'_, str>> {
        None
    }

    fn bytes(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&[])
    }

    fn count(&self) -> usize {
        0
    }

    fn item(&self, _: usize) -> Result<Self, Self::Thrown> {
        Err("a getter threw")
    }

    fn get(&self, _: &str) -> Result<Self, Self::Thrown> {
        Err("a getter threw")
    }

    fn has(&self, _: &str) -> Result<bool, Self::Thrown> {
        Ok(true)
    }

    fn has_own(&self, _: &str) -> Result<bool, Self::Thrown> {
        Ok(true)
    }

    fn is_plain(&self) -> bool {
        true
    }

    fn keys(&self) -> Result<Vec<Option<String>>, Self::Thrown> {
        Ok(vec![Some("lives".to_owned())])
    }

    fn members(&self) -> Result<Vec<Self>, Self::Thrown> {
        Ok(Vec::new())
    }

    fn entries(&self) -> Result<Vec<(Self, Self)>, Self::Thrown> {
        Ok(Vec::new())
    }
}

fn echo() -> Arc<super::RouteCodec> {
    schema(BTreeMap::new()).route("echo").expect("a route")
}

/// Of pets, which are cats or dogs.
fn rows() -> Arc<RowCodec> {
    let tables = BTreeMap::from([("pets".to_owned(), table("id", Some("Pet")))]);
    schema(tables).row("pets").expect("a table")
}

fn table(key: &str, row: Option<&str>) -> Table {
    let table = json!({ "primaryKey": key, "fields": {}, "row": row });
    serde_json::from_value(table).expect("a table")
}

/// One route, which takes a user and gives it back, or nothing.
fn schema(tables: BTreeMap<String, Table>) -> Schema {
    let user = json!({ "object": "User" });
    let wire = json!({
        "objects": {
            "User": {
                "name": "User", "kind": "object",
                "fields": [{ "name": "name", "shape": "string", "id": { "value": 0 } }]
            },
            "echo(request)": {
                "name": "EchoRequest", "kind": "arguments",
                "fields": [{ "name": "user", "shape": user, "optional": true, "id": { "value": 0 } }]
            },
            "echo(response)": {
                "name": "EchoResponse", "kind": "result",
                "fields": [{ "name": "result", "shape": user, "undefined": true, "id": { "value": 0, "state": 1 } }]
            }
        },
        "unions": {},
        "routes": { "echo": { "ident": "echo", "request": "echo(request)", "response": "echo(response)" } }
    });
    Schema::load(&manifest(&wire, tables)).expect("a schema")
}

fn manifest(wire: &serde_json::Value, tables: BTreeMap<String, Table>) -> Manifest {
    let pet = |name: &str, field: &str, shape: serde_json::Value| {
        json!({
            "name": name, "kind": "object",
            "fields": [
                { "name": "id", "shape": "string", "id": { "value": 0 } },
                { "name": field, "shape": shape, "id": { "value": 1 } }
            ]
        })
    };
    let rows = json!({
        "objects": {
            "Cat": pet("Cat", "lives", json!({ "number": "int8" })),
            "Dog": pet("Dog", "breed", json!("string"))
        },
        "unions": {
            "Pet": {
                "name": "Pet",
                "members": [
                    { "label": "Cat", "shape": { "object": "Cat" }, "tag": 1 },
                    { "label": "Dog", "shape": { "object": "Dog" }, "tag": 2 }
                ]
            }
        }
    });
    Manifest {
        version: 1,
        build: String::new(),
        abi: String::new(),
        pins: Vec::new(),
        routes: BTreeMap::new(),
        tables,
        statements: BTreeMap::new(),
        wire: to_raw_value(wire).expect("JSON").into(),
        rows: Some(to_raw_value(&rows).expect("JSON").into()),
    }
}

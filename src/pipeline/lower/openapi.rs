//! `dist/openapi.json`: the JSON endpoint in `OpenAPI` 3.1, for other languages and for tools.
//!
//! Input: `@backend({ egroup: 'users' }) async function getUser(id: string): Promise<User>`
//! Output: the operation `POST /rpc/getUser`, which takes an array with one string and answers
//! `{ "result": … }`, and the schema `User`.

mod schemas;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use rayon::prelude::*;
use serde_json::{Map, Value, json};

use self::schemas::{Schemas, unique};
use super::pretty;
use crate::{
    model::{
        app::{App, Modules, Route},
        output::Output,
        perms,
        shape::RouteShapes,
        types::TypeExpr,
    },
    text::comment::Comment,
};

/// What the application's package.json says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Package {
    pub name: Option<String>,
    pub version: Option<String>,
    pub license: Option<String>,
}

impl Package {
    /// One that cannot be read says nothing.
    pub fn parse(text: &[u8]) -> Self {
        let value: Value = serde_json::from_slice(text).unwrap_or_default();
        let field = |name: &str| {
            value[name].as_str().filter(|text| !text.trim().is_empty()).map(str::to_owned)
        };
        Self { name: field("name"), version: field("version"), license: field("license") }
    }
}

/// None for an application without routes. `base` is the second prefix of routes.
pub fn openapi(
    app: &App,
    modules: &Modules,
    package: &Package,
    base: Option<&str>,
) -> Option<Output> {
    if app.shapes.routes.is_empty() {
        return None;
    }
    let schemas = Schemas::new(&app.shapes);
    let mut groups = BTreeSet::new();
    let mut ids = BTreeSet::new();
    let mut operations = Vec::new();
    for (name, shapes) in &app.shapes.routes {
        // Items are streamed over raystream only.
        let Some(route) = app.routes.get(name).filter(|_| !app.shapes.streams(name)) else {
            continue;
        };
        groups.extend(modules[&route.module].functions[route.function].egroup.clone());
        let id = unique(&shapes.ident, &mut ids);
        let second = base.map(|base| (base, unique(&shapes.ident, &mut ids)));
        operations.push((name, route, shapes, id, second));
    }
    let paths = operations.into_par_iter().flat_map_iter(|(name, route, shapes, id, second)| {
        let mut operation = operation(modules, &schemas, name, route, shapes, id);
        let first = (format!("/rpc/{}", escaped(name)), path(&operation));
        let second = second.map(|(base, id)| {
            operation["operationId"] = id.into();
            (format!("{base}/{}", escaped(name)), path(&operation))
        });
        second.into_iter().chain([first])
    });
    let paths: BTreeMap<String, String> = paths.collect::<Vec<_>>().into_iter().collect();
    let components = [
        ("schemas", pretty::object(schemas.components(2), 2)),
        ("responses", pretty::nested(&responses(&schemas), 2).into()),
        ("parameters", pretty::nested(&parameters(), 2).into()),
        ("securitySchemes", pretty::nested(&security_schemes(), 2).into()),
    ];
    let tags: Vec<Value> = groups.iter().map(|group| json!({ "name": group })).collect();
    let security = json!([{ "bearer": [] }, { "cookie": [] }, {}]);
    let document = [
        ("openapi", pretty::nested(&"3.1.0", 1).into()),
        ("info", pretty::nested(&info(package), 1).into()),
        ("servers", pretty::nested(&json!([{ "url": "/" }]), 1).into()),
        ("security", pretty::nested(&security, 1).into()),
        ("tags", pretty::nested(&tags, 1).into()),
        ("paths", pretty::object(paths, 1)),
        ("components", pretty::object(components, 1)),
    ];
    let text = pretty::object(document, 0).into_text("\n");
    Some(Output { path: "openapi.json".to_owned(), text })
}

/// As it stands in the document.
fn path(operation: &Value) -> String {
    pretty::nested(&BTreeMap::from([("post", operation)]), 2)
}

fn responses(schemas: &Schemas<'_>) -> Value {
    json!({
        "Failure": {
            "description": "The call failed: `error.code` says why.",
            "content": {
                "application/json": { "schema": { "$ref": schemas.failure_reference() } },
            },
        },
    })
}

fn security_schemes() -> Value {
    json!({
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "description": "The token that `/auth/login` and its like answer.",
        },
        "cookie": { "type": "apiKey", "in": "cookie", "name": "__Host-kontract" },
    })
}

fn info(package: &Package) -> Value {
    let mut info = json!({
        "title": package.name.as_deref().unwrap_or("Kontract application"),
        "version": package.version.as_deref().unwrap_or("0.0.0"),
    });
    if let Some(license) = &package.license {
        info["license"] = json!({ "name": license });
    }
    info
}

fn parameters() -> Value {
    json!({
        "CallId": {
            "name": "Idempotency-Key",
            "in": "header",
            "description": "A name of the caller's own for this call.",
            "schema": { "type": "string", "pattern": "^[A-Za-z0-9._:-]{1,128}$" },
        },
        "Contract": {
            "name": "x-kontract-abi",
            "in": "header",
            "description": "The hash of the contract that the caller was built for. A contract that the route no longer serves is answered with 409.",
            "schema": { "type": "string" },
        },
    })
}

fn operation(
    modules: &Modules,
    schemas: &Schemas<'_>,
    name: &str,
    route: &Route,
    shapes: &RouteShapes,
    id: String,
) -> Value {
    let function = &modules[&route.module].functions[route.function];
    let comment = Comment::parse(function.signature.docs.as_deref().unwrap_or_default());
    let mut operation = Map::new();
    operation.insert("operationId".to_owned(), id.into());
    operation.insert("summary".to_owned(), comment.summary().unwrap_or(name).into());
    if !comment.text.is_empty() {
        operation.insert("description".to_owned(), comment.text.clone().into());
    }
    if let Some(group) = &function.egroup {
        operation.insert("tags".to_owned(), json!([group]));
    }
    if comment.deprecated.is_some() {
        operation.insert("deprecated".to_owned(), true.into());
    }
    if let Some(group) = &function.ugroup {
        // Nobody is in a group without having logged in.
        operation.insert("security".to_owned(), json!([{ "bearer": [] }, { "cookie": [] }]));
        operation.insert("x-kontract-ugroup".to_owned(), group.clone().into());
    }
    operation.insert("x-kontract-permission".to_owned(), perms::letters(route.perm).into());
    operation.insert(
        "parameters".to_owned(),
        json!([
            { "$ref": "#/components/parameters/CallId" },
            { "$ref": "#/components/parameters/Contract" },
        ]),
    );
    let (arguments, least) = schemas.arguments(&shapes.request, &comment);
    operation.insert(
        "requestBody".to_owned(),
        json!({
            "description": "The arguments, by position.",
            "required": least > 0,
            "content": { "application/json": { "schema": arguments } },
        }),
    );
    let returns = comment.returns.as_deref().unwrap_or("The result of the call.");
    let success = json!({
        "description": returns,
        "content": { "application/json": { "schema": schemas.result(&shapes.response) } },
    });
    // A function that answers `HttpResp` chooses the status.
    let status = if chooses_status(function.signature.result.as_ref()) { "2XX" } else { "200" };
    operation.insert(
        "responses".to_owned(),
        json!({ status: success, "default": { "$ref": "#/components/responses/Failure" } }),
    );
    operation.into()
}

/// As one segment of a URL.
fn escaped(name: &str) -> String {
    let mut segment = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'$') {
            segment.push(char::from(byte));
        } else {
            let _ = write!(segment, "%{byte:02X}");
        }
    }
    segment
}

/// `Promise<HttpResp<User>>`.
fn chooses_status(result: Option<&TypeExpr>) -> bool {
    let mut found = false;
    if let Some(result) = result {
        result.walk(&mut |ty| {
            if let TypeExpr::Reference { name, .. } = ty {
                found |= name == "HttpResp" || name.ends_with(".HttpResp");
            }
        });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::Package;

    #[test]
    fn a_package_json_that_says_nothing_leaves_the_defaults() {
        for text in ["", "{", "[]", "null", r#"{"name": 1, "version": " "}"#] {
            assert_eq!(Package::parse(text.as_bytes()), Package::default(), "{text}");
        }
        let package = Package::parse(br#"{"name": "app", "version": "1.2.3"}"#);
        assert_eq!(package.name.as_deref(), Some("app"));
        assert_eq!(package.version.as_deref(), Some("1.2.3"));
    }
}

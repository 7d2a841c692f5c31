//! Shapes for tests, in few words.
//!
//! ```text
//! User: id: string, email?: string|null, tags: string[], home: @Address, shape: %Figure
//! %Figure: Circle=@Circle, string=string
//! greet(name: string, loud?: boolean): @User|null
//! ```
//! `@` names an object and `%` a union. A route makes its request and its response too.

use crate::model::shape::{
    FieldIds, FieldShape, Literal, ObjectKind, ObjectShape, Place, Rest, RouteShapes, Scalar,
    Shape, Shapes, Slot, UnionMember, UnionShape,
};

pub fn shapes(text: &str) -> Shapes {
    let mut shapes = Shapes::default();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (head, rest) = line.split_once(": ").expect("a definition");
        if let Some(name) = head.strip_prefix('%') {
            let members = rest.split(", ").map(|member| {
                let (label, ty) = member.split_once('=').expect("a member");
                UnionMember { label: label.to_owned(), shape: slot(ty).shape, tag: 0 }
            });
            let union = UnionShape {
                name: name.to_owned(),
                members: members.collect(),
                removed: Vec::new(),
                place: Place::default(),
            };
            shapes.unions.insert(key(name), union);
        } else if head.contains('(') {
            let (route, rest) = line.split_once('(').expect("a route");
            let (parameters, result) = rest.rsplit_once("): ").expect("a result");
            let (request, response) = (format!("{route}(request)"), format!("{route}(response)"));
            let object = object(route, parameters, ObjectKind::Arguments);
            shapes.objects.insert(key(&request), object);
            let result = format!("result: {result}");
            let object = self::object(route, &result, ObjectKind::Result);
            shapes.objects.insert(key(&response), object);
            let keys = RouteShapes {
                ident: route.to_owned(),
                request: key(&request),
                response: key(&response),
                at_once: false,
            };
            shapes.routes.insert(route.to_owned(), keys);
        } else {
            let name = head.rsplit('#').next().unwrap_or(head);
            shapes.objects.insert(key(head), object(name, rest, ObjectKind::Object));
        }
    }
    shapes
}

/// `User` → `src/a.ts#User`
pub fn key(name: &str) -> String {
    if name.contains('#') { name.to_owned() } else { format!("src/a.ts#{name}") }
}

fn object(name: &str, fields: &str, kind: ObjectKind) -> ObjectShape {
    let mut object = ObjectShape {
        name: name.to_owned(),
        kind,
        fields: Vec::new(),
        rest: None,
        docs: None,
        removed: Vec::new(),
        place: Place::default(),
    };
    for field in fields.split(", ").filter(|field| !field.is_empty()) {
        if let Some(rest) = field.strip_prefix("...") {
            object.rest = Some(Rest { slot: slot(rest), id: FieldIds::default() });
            continue;
        }
        let (name, ty) = field.split_once(": ").expect("a field");
        let (ty, default) = match ty.split_once(" = ") {
            Some((ty, default)) => (ty, Some(serde_json::from_str(default).expect("JSON"))),
            None => (ty, None),
        };
        let hidden = name.starts_with('-');
        let name = name.trim_start_matches('-');
        object.fields.push(FieldShape {
            name: name.trim_end_matches('?').to_owned(),
            slot: slot(ty),
            optional: name.ends_with('?'),
            hidden,
            default,
            docs: None,
            id: FieldIds::default(),
            place: Place::default(),
        });
    }
    object
}

fn slot(text: &str) -> Slot {
    let mut slot = Slot::of(Shape::Nothing);
    let mut text = text.trim();
    loop {
        if let Some(rest) = text.strip_suffix("|null") {
            (slot.null, text) = (true, rest);
        } else if let Some(rest) = text.strip_suffix("|undefined") {
            (slot.undefined, text) = (true, rest);
        } else {
            break;
        }
    }
    slot.shape = shape(text);
    slot
}

fn shape(text: &str) -> Shape {
    if let Some(element) = text.strip_suffix("[]") {
        let element =
            element.strip_prefix('(').and_then(|e| e.strip_suffix(')')).unwrap_or(element);
        return Shape::Array(Box::new(slot(element)));
    }
    if let Some(entry) = text.strip_prefix("Map<").and_then(|e| e.strip_suffix('>')) {
        let (key, value) = entry.split_once(';').expect("a key and a value");
        return Shape::Map(Box::new((slot(key), slot(value))));
    }
    if let Some(element) = text.strip_prefix("Set<").and_then(|e| e.strip_suffix('>')) {
        return Shape::Set(Box::new(slot(element)));
    }
    if let Some(name) = text.strip_prefix('@') {
        return Shape::Object(key(name));
    }
    if let Some(name) = text.strip_prefix('%') {
        return Shape::Union(key(name));
    }
    match text {
        "void" => Shape::Nothing,
        "boolean" => Shape::Boolean,
        "string" => Shape::String,
        "number" => Shape::Number(Scalar::Float64),
        "int32" => Shape::Number(Scalar::Int32),
        "bigint" => Shape::BigInt(Scalar::Int64),
        "date" => Shape::Date,
        "bytes" => Shape::Bytes,
        "unknown" => Shape::Unknown,
        literals => Shape::Literals(literals.split('|').map(literal).collect()),
    }
}

fn literal(text: &str) -> Literal {
    match text.strip_prefix('\'').and_then(|text| text.strip_suffix('\'')) {
        Some(text) => Literal::String(text.to_owned()),
        None => Literal::Number(text.parse().expect("a number")),
    }
}

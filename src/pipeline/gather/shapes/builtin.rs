//! JavaScript's and TypeScript's own types, and this package's.

use std::rc::Rc;

use super::{
    computed::literal_name,
    diagnostics::more_than_items,
    evaluate::{Evaluator, foreign},
    head::{
        ElementHead, FieldHead, Head, ObjectHead, Scope, Source, Thunk, TupleHead, property, way,
    },
    objects::{empty, put},
};
use crate::model::{
    shape::{Literal, Place},
    types::TypeExpr,
};

pub enum Known<'a> {
    Head(Head<'a>),
    /// It exists, and only TypeScript can say what it comes to.
    Undecided,
    Not,
}

/// Global types that have no form on the wire, and what to use instead.
const FOREIGN: &[(&[&str], &str)] = &[
    (&["WeakMap", "WeakSet", "WeakRef"], "a `Map` or `Set`"),
    (
        &[
            "Uint8ClampedArray",
            "Int8Array",
            "Uint16Array",
            "Int16Array",
            "Uint32Array",
            "Int32Array",
            "Float32Array",
            "Float64Array",
            "BigInt64Array",
            "BigUint64Array",
        ],
        "a `Uint8Array` of its bytes, or `number[]`",
    ),
    (&["ArrayBuffer", "SharedArrayBuffer", "DataView", "Buffer", "Blob", "File"], "a `Uint8Array`"),
    (&["FormData", "URLSearchParams", "Headers"], "an object, or a `Map<string, string>`"),
    (&["URL"], "its text as a `string`"),
    (
        &["Request", "Response"],
        "`ctx` for what came in, and `HttpResp<T>` for a status and headers",
    ),
    (
        &[
            "AsyncIterator",
            "ReadableStream",
            "WritableStream",
            "TransformStream",
            "Iterable",
            "IterableIterator",
            "Iterator",
            "Generator",
        ],
        "an array, or stream the result: `AsyncIterable<T>`",
    ),
    (&["BigInt"], "`bigint`"),
    (&["String"], "`string`"),
    (&["Number"], "`number`"),
    (&["Boolean"], "`boolean`"),
    (&["Object"], "an interface, or `unknown` for any JSON data"),
    (&["Symbol"], "a `string`"),
    (&["Function", "CallableFunction", "NewableFunction"], super::evaluate::FUNCTION),
    (&["RegExp"], "its source as a `string`"),
    (
        &[
            "Error",
            "TypeError",
            "RangeError",
            "SyntaxError",
            "ReferenceError",
            "EvalError",
            "URIError",
            "AggregateError",
        ],
        "an object with the fields that clients need",
    ),
    (
        &[
            "Node",
            "Element",
            "HTMLElement",
            "Document",
            "Window",
            "Event",
            "EventTarget",
            "AbortSignal",
            "AbortController",
        ],
        "the data that it stands for",
    ),
];

/// Computed by TypeScript alone.
const UNDECIDED: &[&str] = &[
    "ReturnType",
    "Parameters",
    "InstanceType",
    "ConstructorParameters",
    "ThisParameterType",
    "OmitThisParameter",
    "ThisType",
];

pub fn head<'a>(
    evaluator: &mut Evaluator<'a>,
    name: &str,
    ours: bool,
    arguments: &'a [TypeExpr],
    scope: &Rc<Scope<'a>>,
    path: &Rc<str>,
    at: &Place,
) -> Known<'a> {
    let argument = |index: usize, segment: &str| match arguments.get(index) {
        Some(ty) => Evaluator::thunk(ty, scope, way(path, segment), at),
        None => Thunk::known(Head::Unknown(at.clone()), &way(path, segment), at),
    };
    let known = match name {
        "Secret" => Head::Secret(Rc::new(evaluator.head(&argument(0, ""))), at.clone()),
        "HttpResp" => Head::Wrapped("HttpResp", Rc::new(argument(0, ""))),
        "Primkey" | "Perm" | "Index" | "Unique" => evaluator.head(&argument(0, "")),
        "Owned" | "Table" if ours => Head::Object(Rc::new(empty(path, at))),
        _ if ours => {
            return Known::Head(foreign(name, "your own types, as data", at));
        }
        "Promise" | "PromiseLike" => Head::Wrapped("Promise", Rc::new(argument(0, ""))),
        "AsyncIterable" | "AsyncIterableIterator" | "AsyncGenerator" => {
            for index in 1..arguments.len() {
                let head = evaluator.head(&argument(index, &format!("<{index}>")));
                if !is_nothing(&head) {
                    let diagnostic = more_than_items(&evaluator.origin, name, index, at);
                    evaluator.report(diagnostic, at);
                }
            }
            Head::Wrapped(STREAM, Rc::new(argument(0, "[]")))
        }
        "Date" => Head::Date,
        "Uint8Array" => Head::Bytes,
        "Array" | "ReadonlyArray" => Head::Array(Rc::new(argument(0, "[]"))),
        "Set" | "ReadonlySet" => Head::Set(Rc::new(argument(0, "[]"))),
        "Map" | "ReadonlyMap" => Head::Map(Rc::new((argument(0, "[key]"), argument(1, "[value]")))),
        "Record" => record(evaluator, &argument(0, "<0>"), &argument(1, "[string]"), path, at),
        "Readonly" | "NoInfer" => evaluator.head(&argument(0, "")),
        "Partial" => each_field(evaluator, &argument(0, "<0>"), path, |f| f.optional = true),
        "Required" => each_field(evaluator, &argument(0, "<0>"), path, |f| {
            if f.optional {
                f.ty = f.ty.clone().defined();
            }
            f.optional = false;
        }),
        "Pick" | "Omit" => {
            let Some(names) = names(evaluator, &argument(1, "<1>")) else {
                return Known::Undecided;
            };
            let pick = name == "Pick";
            let keep = |f: &str| names.iter().any(|n| n == f) == pick;
            let target = evaluator.head(&argument(0, "<0>")).peeled();
            return match chosen(&target, path, at, &keep) {
                Some(head) => Known::Head(head),
                None => Known::Undecided,
            };
        }
        "Exclude" | "Extract" => {
            let from = evaluator.head(&argument(0, "<0>"));
            let of = evaluator.head(&argument(1, "<1>"));
            let of = of.members();
            // Whether an object extends another is for TypeScript to say.
            let decidable = |h: &Head<'_>| is_simple(h);
            if !of.iter().all(decidable) {
                return Known::Undecided;
            }
            let extract = name == "Extract";
            let from = booleans_apart(evaluator, from, path, at);
            evaluator.filtered(&from, path, |m| of.iter().any(|o| extends(m, o)) == extract)
        }
        "NonNullable" => {
            let head = evaluator.head(&argument(0, ""));
            evaluator.filtered(&head, path, |h| !matches!(h, Head::Null | Head::Undefined))
        }
        "Awaited" => {
            let head = evaluator.head(&argument(0, ""));
            unwrapped(evaluator, head, path, at, &["Promise"])
        }
        "Uppercase" | "Lowercase" | "Capitalize" | "Uncapitalize" => {
            let head = evaluator.head(&argument(0, "<0>"));
            let mut changed = Vec::new();
            for member in head.members() {
                match member {
                    Head::Literal(Literal::String(text)) => {
                        changed.push(Head::Literal(Literal::String(cased(name, &text))));
                    }
                    Head::Refused => return Known::Head(Head::Refused),
                    _ => return Known::Undecided,
                }
            }
            evaluator.union(changed, path, at)
        }
        name if UNDECIDED.contains(&name) => return Known::Undecided,
        name => match FOREIGN.iter().find(|(names, _)| names.contains(&name)) {
            Some((_, instead)) => foreign(name, instead, at),
            None => return Known::Not,
        },
    };
    Known::Head(known)
}

/// What a stream of items is called among what wraps.
pub const STREAM: &str = "AsyncIterable";

/// A generator returns it where it returns nothing that matters.
fn is_nothing(head: &Head<'_>) -> bool {
    matches!(head, Head::Unknown(_) | Head::Undefined | Head::Never)
}

/// What is in the promises or responses. A promise of itself has nothing in it.
pub fn unwrapped<'a>(
    evaluator: &mut Evaluator<'a>,
    head: Head<'a>,
    path: &Rc<str>,
    at: &Place,
    wrappers: &[&str],
) -> Head<'a> {
    let mut head = head;
    for _ in 0..MAX_WRAPPERS {
        match head {
            Head::Wrapped(name, inner) if wrappers.contains(&name) => {
                head = evaluator.head(&inner);
            }
            Head::Union(union) if union.members.iter().any(|m| matches!(m, Head::Wrapped(..))) => {
                let mut once = Vec::new();
                for member in &union.members {
                    once.push(match member {
                        Head::Wrapped(name, inner) if wrappers.contains(name) => {
                            evaluator.head(inner)
                        }
                        other => other.clone(),
                    });
                }
                head = evaluator.union(once, path, at);
            }
            other => return other,
        }
    }
    // `type A = Promise<A>`.
    head
}

/// Promises of promises: more are none that end.
const MAX_WRAPPERS: usize = 32;

fn record<'a>(
    evaluator: &mut Evaluator<'a>,
    keys: &Thunk<'a>,
    value: &Thunk<'a>,
    path: &Rc<str>,
    at: &Place,
) -> Head<'a> {
    let mut object = empty(path, at);
    for key in evaluator.head(keys).members() {
        match &key {
            Head::Refused => return Head::Refused,
            Head::Literal(_) => {
                let Some(name) = literal_name(&key) else { continue };
                put(
                    &mut object.fields,
                    FieldHead {
                        numeric: matches!(key, Head::Literal(Literal::Number(_))),
                        ty: Thunk { way: property(path, &name), ..value.clone() },
                        name,
                        optional: false,
                        hidden: false,
                        default: None,
                        docs: None,
                        place: at.clone(),
                    },
                );
            }
            Head::Foreign(found) => return Head::Foreign(Rc::clone(found)),
            _ => object.rest = Some(value.clone()),
        }
    }
    Head::Object(Rc::new(object))
}

/// The type with its fields changed; of a union, each member's.
fn each_field<'a>(
    evaluator: &mut Evaluator<'a>,
    target: &Thunk<'a>,
    path: &Rc<str>,
    change: impl Fn(&mut FieldHead<'a>) + Copy,
) -> Head<'a> {
    let head = evaluator.head(target).peeled();
    let at = target.place.clone();
    objects_of(evaluator, &head, path, &at, &|object, path| {
        let mut object = ObjectHead { way: Rc::clone(path), ..object.clone() };
        object.fields.iter_mut().for_each(change);
        object
    })
}

fn objects_of<'a>(
    evaluator: &mut Evaluator<'a>,
    head: &Head<'a>,
    path: &Rc<str>,
    at: &Place,
    change: &dyn Fn(&ObjectHead<'a>, &Rc<str>) -> ObjectHead<'a>,
) -> Head<'a> {
    match head {
        Head::Object(object) => {
            let changed = change(object, path);
            Head::Object(Rc::new(ObjectHead { place: at.clone(), ..changed }))
        }
        Head::Union(union) => {
            let heads = union
                .members
                .iter()
                .map(|m| {
                    let label = super::names::head_label(m).unwrap_or_default();
                    let path = way(path, &format!("|{label}"));
                    objects_of(evaluator, &m.clone().peeled(), &path, at, change)
                })
                .collect();
            evaluator.union(heads, path, at)
        }
        Head::Tuple(tuple) => {
            // `Partial<[A, B]>`: each position as if it were a field.
            let mut object = empty(path, at);
            for (i, element) in tuple.elements.iter().enumerate() {
                object.fields.push(FieldHead {
                    name: i.to_string(),
                    numeric: true,
                    ty: element.ty.clone(),
                    optional: element.optional,
                    hidden: false,
                    default: None,
                    docs: None,
                    place: tuple.place.clone(),
                });
            }
            let changed = change(&object, path);
            let elements = tuple
                .elements
                .iter()
                .zip(changed.fields)
                .map(|(own, field)| ElementHead {
                    label: own.label.clone(),
                    optional: field.optional,
                    ty: field.ty,
                })
                .collect();
            Head::Tuple(Rc::new(TupleHead {
                way: Rc::clone(path),
                place: at.clone(),
                elements,
                rest: tuple.rest.clone(),
            }))
        }
        other => other.clone(),
    }
}

/// `Pick`, `Omit`: of a union these take what all members have in common.
fn chosen<'a>(
    target: &Head<'a>,
    path: &Rc<str>,
    at: &Place,
    keep: &dyn Fn(&str) -> bool,
) -> Option<Head<'a>> {
    match target {
        Head::Object(object) => {
            let mut object =
                ObjectHead { way: Rc::clone(path), place: at.clone(), ..(**object).clone() };
            object.fields.retain(|f| keep(&f.name));
            Some(Head::Object(Rc::new(object)))
        }
        Head::Union(union) => {
            let mut common: Option<ObjectHead<'a>> = None;
            for member in &union.members {
                let Head::Object(object) = member.clone().peeled() else { return None };
                common = Some(match common {
                    None => ObjectHead { way: Rc::clone(path), ..(*object).clone() },
                    Some(mut common) => {
                        common.fields.retain(|f| object.fields.iter().any(|o| o.name == f.name));
                        for field in &mut common.fields {
                            let other = object.fields.iter().find(|o| o.name == field.name)?;
                            if field.ty.way != other.ty.way {
                                field.ty = Thunk {
                                    source: Source::Any(Rc::from([
                                        field.ty.clone(),
                                        other.ty.clone(),
                                    ])),
                                    way: property(path, &field.name),
                                    place: field.place.clone(),
                                };
                            }
                            field.optional |= other.optional;
                        }
                        common
                    }
                });
            }
            let common = Head::Object(Rc::new(common?));
            chosen(&common, path, at, keep)
        }
        Head::Refused => Some(Head::Refused),
        _ => None,
    }
}

/// The names in a union of literals; None where there is anything else.
fn names<'a>(evaluator: &mut Evaluator<'a>, keys: &Thunk<'a>) -> Option<Vec<String>> {
    evaluator.head(keys).members().iter().map(literal_name).collect()
}

/// `boolean` as `true | false`, so that one can be taken out.
fn booleans_apart<'a>(
    evaluator: &mut Evaluator<'a>,
    head: Head<'a>,
    path: &Rc<str>,
    at: &Place,
) -> Head<'a> {
    if !head.members().iter().any(|m| matches!(m, Head::Boolean)) {
        return head;
    }
    let apart = head.members().into_iter().flat_map(|m| match m {
        Head::Boolean => {
            vec![Head::Literal(Literal::Boolean(true)), Head::Literal(Literal::Boolean(false))]
        }
        other => vec![other],
    });
    let apart = apart.collect();
    evaluator.union(apart, path, at)
}

fn is_simple(head: &Head<'_>) -> bool {
    matches!(
        head,
        Head::Never
            | Head::Undefined
            | Head::Null
            | Head::Boolean
            | Head::String
            | Head::Number(_)
            | Head::BigInt(_)
            | Head::Literal(_)
            | Head::Date
            | Head::Bytes
            | Head::Object(_)
    )
}

/// `a extends b`, of simple types and of objects by name or by their discriminating literals.
fn extends(a: &Head<'_>, b: &Head<'_>) -> bool {
    match (a, b) {
        (Head::Literal(a), Head::Literal(b)) => a == b,
        (Head::Literal(Literal::String(_)) | Head::String, Head::String)
        | (Head::Literal(Literal::Number(_)) | Head::Number(_), Head::Number(_))
        | (Head::Literal(Literal::Boolean(_)) | Head::Boolean, Head::Boolean)
        | (Head::Literal(Literal::BigInt { .. }) | Head::BigInt(_), Head::BigInt(_))
        | (Head::Undefined, Head::Undefined)
        | (Head::Null, Head::Null)
        | (Head::Date, Head::Date)
        | (Head::Bytes, Head::Bytes) => true,
        (Head::Object(a), Head::Object(b)) => a.way == b.way,
        _ => false,
    }
}

fn cased(how: &str, text: &str) -> String {
    let mut chars = text.chars();
    match how {
        "Uppercase" => text.to_uppercase(),
        "Lowercase" => text.to_lowercase(),
        "Capitalize" => {
            chars.next().into_iter().flat_map(char::to_uppercase).chain(chars).collect()
        }
        _ => chars.next().into_iter().flat_map(char::to_lowercase).chain(chars).collect(),
    }
}

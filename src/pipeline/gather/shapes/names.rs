//! Texts for types: keys of instantiations, labels of union members, identifiers.

use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
};

use super::{
    head::{Head, Scope, Source, Thunk},
    lookup::{Name, lookup},
};
use crate::{
    model::{
        SourcePath,
        contract::TypeDeclarationKind,
        shape::{Literal, ShapeKey},
        types::{Key, LiteralType, MemberKind, TypeExpr},
    },
    pipeline::gather::symbols::Symbols,
    text::types::Printer,
};

/// The type as TypeScript writes it, where it has no parts.
pub fn head_text(head: &Head<'_>) -> Option<String> {
    Some(match head {
        Head::Never => "never".to_owned(),
        Head::Number(_) => "number".to_owned(),
        Head::BigInt(_) => "bigint".to_owned(),
        Head::Literal(Literal::String(text)) => serde_json::to_string(text).ok()?,
        Head::Undefined
        | Head::Null
        | Head::Boolean
        | Head::String
        | Head::Date
        | Head::Bytes
        | Head::Unknown(_)
        | Head::Literal(_) => head_label(head)?,
        _ => return None,
    })
}

/// What tells a member of a union from the others as it is written: its name, the literal that
/// discriminates it, or its first field.
pub fn written_label(ty: &TypeExpr) -> String {
    match ty {
        TypeExpr::Keyword(name) => name.clone(),
        TypeExpr::Literal(literal) => literal_text(literal),
        TypeExpr::Reference { name, arguments, .. } => {
            let arguments: Vec<String> = arguments.iter().map(written_label).collect();
            if arguments.is_empty() {
                name.clone()
            } else {
                format!("{name}<{}>", arguments.join(", "))
            }
        }
        TypeExpr::Array(item) => format!("{}[]", written_label(item)),
        TypeExpr::Operator { operand, .. } => written_label(operand),
        TypeExpr::Object(members) => {
            let fields = members.iter().filter_map(|m| match &m.kind {
                MemberKind::Property { key: Key::Name(name) | Key::Number(name), ty, .. } => {
                    Some((name, ty))
                }
                _ => None,
            });
            let discriminant = fields.clone().find_map(|(_, ty)| match ty {
                TypeExpr::Literal(literal) => Some(literal_text(literal)),
                _ => None,
            });
            discriminant
                .or_else(|| fields.clone().next().map(|(name, _)| format!("{{{name}}}")))
                .unwrap_or_else(|| if members.is_empty() { "{}" } else { "record" }.to_owned())
        }
        TypeExpr::Tuple(_) => "[]".to_owned(),
        TypeExpr::Intersection(types) => {
            types.iter().map(written_label).collect::<Vec<_>>().join("&")
        }
        TypeExpr::Union(types) => types.iter().map(written_label).collect::<Vec<_>>().join("|"),
        TypeExpr::Import { qualifier, .. } => qualifier.clone().unwrap_or_default(),
        _ => "computed".to_owned(),
    }
}

fn literal_text(literal: &LiteralType) -> String {
    match literal {
        LiteralType::String(text) => text.clone(),
        LiteralType::Number(text) | LiteralType::BigInt(text) => text.clone(),
        LiteralType::Boolean(value) => value.to_string(),
    }
}

/// The type in words, for messages.
pub fn words(ty: &TypeExpr) -> String {
    let what = match ty {
        TypeExpr::Conditional { .. } => "this conditional type",
        TypeExpr::Mapped(_) => "this mapped type",
        TypeExpr::Template { .. } => "this template literal type",
        _ => {
            let text = Printer { specifier: &str::to_owned }.ty(ty);
            let short = text.len() <= MAX_WORDS && !text.contains('\n');
            return if short { format!("`{text}`") } else { "this type".to_owned() };
        }
    };
    what.to_owned()
}

const MAX_WORDS: usize = 60;

/// The same text for the same type, without looking into it: part of the keys of what is made with
/// it as an argument. Names of `home` stand without their file. None where it is too long for a
/// key: second names that hold second names twice grow exponentially.
pub fn text(symbols: Symbols<'_>, thunk: &Thunk<'_>, home: &SourcePath) -> Option<String> {
    let left = Cell::new(MAX_PARTS);
    let text = thunk_text(symbols, thunk, home, &left);
    (left.get() > 0).then_some(text)
}

/// A text has so many types in it at most.
const MAX_PARTS: usize = 10_000;

fn thunk_text(
    symbols: Symbols<'_>,
    thunk: &Thunk<'_>,
    home: &SourcePath,
    left: &Cell<usize>,
) -> String {
    match &thunk.source {
        // An argument may hold arguments, and those again.
        Source::Written(ty, scope) => stacker::maybe_grow(128 << 10, 4 << 20, || {
            written_text(symbols, ty, scope, &thunk.way, home, (0, left))
        }),
        Source::Known(head) => head_label(head).unwrap_or_else(|| at_home(&thunk.way, home)),
        _ => at_home(&thunk.way, home),
    }
}

fn at_home(way: &str, home: &SourcePath) -> String {
    let inside = way.strip_prefix(home.as_str()).and_then(|rest| rest.strip_prefix('#'));
    inside.unwrap_or(way).to_owned()
}

/// How many steps lead from what a key names to what it means: fields, elements, members.
pub fn steps(key: &str) -> usize {
    let mut depth = 0_usize;
    let mut steps = 0;
    for c in key.rsplit_once('#').map_or(key, |(_, way)| way).chars() {
        match c {
            '<' => depth += 1,
            '>' => depth = depth.saturating_sub(1),
            '.' | '[' | '|' if depth == 0 => steps += 1,
            _ => {}
        }
    }
    steps
}

/// How deep arguments lie within arguments in a key, arrays counted too.
pub fn nesting(key: &str) -> usize {
    let (mut depth, mut deepest, mut arrays) = (0_usize, 0, 0);
    for c in key.chars() {
        match c {
            '<' | '(' => depth += 1,
            '>' | ')' => depth = depth.saturating_sub(1),
            '[' => arrays += 1,
            ']' => {}
            _ => arrays = 0,
        }
        deepest = deepest.max(depth + arrays);
    }
    deepest
}

fn written_text(
    symbols: Symbols<'_>,
    ty: &TypeExpr,
    scope: &std::rc::Rc<Scope<'_>>,
    way: &str,
    home: &SourcePath,
    (depth, left): (usize, &Cell<usize>),
) -> String {
    left.set(left.get().saturating_sub(1));
    if depth > 64 || left.get() == 0 {
        return at_home(way, home);
    }
    let sub = |ty: &TypeExpr| written_text(symbols, ty, scope, way, home, (depth + 1, left));
    let all = |types: &[TypeExpr], by: &str| types.iter().map(&sub).collect::<Vec<_>>().join(by);
    match ty {
        TypeExpr::Keyword(name) => name.clone(),
        TypeExpr::Literal(LiteralType::String(text)) => format!("{text:?}"),
        TypeExpr::Literal(LiteralType::BigInt(text)) => format!("{text}n"),
        TypeExpr::Literal(literal) => literal_text(literal),
        TypeExpr::Array(item) if is_plain(item) => format!("{}[]", sub(item)),
        TypeExpr::Array(item) => format!("({})[]", sub(item)),
        TypeExpr::Union(types) => all(types, " | "),
        TypeExpr::Intersection(types) => all(types, " & "),
        TypeExpr::Operator { operator, operand } => format!("{operator} {}", sub(operand)),
        TypeExpr::Indexed { object, index } => format!("{}[{}]", sub(object), sub(index)),
        TypeExpr::Reference { name, arguments, .. } => {
            let arguments = if arguments.is_empty() {
                String::new()
            } else {
                format!("<{}>", all(arguments, ", "))
            };
            match lookup(symbols, scope, name) {
                Name::Bound(thunk) => thunk_text(symbols, &thunk, home, left),
                Name::Found(found) => {
                    // A plain second name for a type.
                    if let [declaration] = found.declarations.as_slice()
                        && declaration.type_parameters.is_empty()
                        && let TypeDeclarationKind::Alias(inner @ TypeExpr::Reference { .. }) =
                            &declaration.kind
                    {
                        let scope = Scope {
                            file: found.file.clone(),
                            namespaces: found.namespaces.clone(),
                            bound: Vec::new(),
                            outer: None,
                        };
                        let scope = std::rc::Rc::new(scope);
                        let inside = (depth + 1, left);
                        return written_text(symbols, inner, &scope, way, home, inside);
                    }
                    if found.file == *home {
                        format!("{}{arguments}", found.path)
                    } else {
                        format!("{}#{}{arguments}", symbols.label(&found.file), found.path)
                    }
                }
                Name::EnumMember(found, member) => {
                    format!("{}#{}.{member}", symbols.label(&found.file), found.path)
                }
                _ => format!("{name}{arguments}"),
            }
        }
        _ => at_home(way, home),
    }
}

fn is_plain(ty: &TypeExpr) -> bool {
    !matches!(ty, TypeExpr::Union(_) | TypeExpr::Intersection(_) | TypeExpr::Operator { .. })
}

/// What a member of a union is called, where that can be told from its outside.
pub fn head_label(head: &Head<'_>) -> Option<String> {
    Some(match head {
        Head::Boolean => "boolean".to_owned(),
        Head::String => "string".to_owned(),
        Head::Number(scalar) => format!("number {scalar:?}").to_lowercase(),
        Head::BigInt(scalar) => format!("bigint {scalar:?}").to_lowercase(),
        Head::Date => "Date".to_owned(),
        Head::Bytes => "Uint8Array".to_owned(),
        Head::Undefined => "undefined".to_owned(),
        Head::Null => "null".to_owned(),
        Head::Unknown(_) => "unknown".to_owned(),
        Head::Literal(Literal::String(text)) => format!("{text:?}"),
        Head::Literal(Literal::Number(number)) => number.to_string(),
        Head::Literal(Literal::Boolean(value)) => value.to_string(),
        Head::Literal(Literal::BigInt { bigint }) => format!("{bigint}n"),
        Head::Object(object) => last_label(&object.way),
        Head::Tuple(tuple) => last_label(&tuple.way),
        Head::Union(union) => last_label(&union.way),
        Head::Secret(inner, _) => return head_label(inner),
        _ => return None,
    })
}

/// What a key calls its last part: a member's label, or the whole behind the file.
pub fn last_label(key: &str) -> String {
    let mut depth = 0_usize;
    let mut start = 0;
    let mut previous = ' ';
    for (at, c) in key.char_indices() {
        match c {
            '<' => depth += 1,
            '>' => depth = depth.saturating_sub(1),
            // ` | ` stands between arguments, and not here.
            '#' | '|' if depth == 0 && previous != ' ' => start = at + 1,
            _ => {}
        }
        previous = c;
    }
    key[start..].to_owned()
}

/// Identifiers for all keys, none twice.
pub fn identifiers<'k>(keys: impl Iterator<Item = &'k ShapeKey>) -> BTreeMap<ShapeKey, String> {
    let mut keys: Vec<&ShapeKey> = keys.collect();
    // Short keys first: a declared type is called by its name, and what lies in another yields.
    keys.sort_by_key(|key| (is_inner(key), key.len(), *key));
    let mut taken = BTreeSet::new();
    let mut names = BTreeMap::new();
    for key in keys {
        let name = identifier(key);
        let mut unique = name.clone();
        let mut count = 2;
        while !taken.insert(unique.to_lowercase()) {
            unique = format!("{name}{count}");
            count += 1;
        }
        names.insert(key.clone(), unique);
    }
    names
}

fn is_inner(key: &str) -> bool {
    key.rsplit('#').next().is_some_and(|name| name.contains(['.', '[', '|', '(']))
}

const MAX_IDENTIFIER: usize = 60;

/// `src/types.ts#Page<User>.items[]` → `PageOfUserItemsItem`.
fn identifier(key: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    let flush = |word: &mut String, words: &mut Vec<String>| {
        if !word.is_empty() {
            words.push(std::mem::take(word));
        }
    };
    // Where the part began that a `#` shows to be a file's path.
    let mut start = 0;
    let mut chars = key.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '#' => {
                word.clear();
                words.truncate(start);
            }
            '<' => {
                flush(&mut word, &mut words);
                words.push("Of".to_owned());
                start = words.len();
            }
            ',' => {
                flush(&mut word, &mut words);
                words.push("And".to_owned());
                start = words.len();
            }
            '|' if !words.is_empty() || !word.is_empty() => {
                flush(&mut word, &mut words);
                words.push("Or".to_owned());
                start = words.len();
            }
            '[' if chars.peek() == Some(&']') => {
                chars.next();
                flush(&mut word, &mut words);
                words.push("Item".to_owned());
            }
            c if c.is_ascii_alphanumeric() => word.push(c),
            _ => flush(&mut word, &mut words),
        }
    }
    flush(&mut word, &mut words);
    let mut name: String = words.iter().map(|word| capitalized(word)).collect();
    for (end, short) in [("ResponseResult", "Result"), ("OrOr", "Or")] {
        name = name.replace(end, short);
    }
    name.truncate(MAX_IDENTIFIER);
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        name.insert(0, 'T');
    }
    name
}

fn capitalized(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().into_iter().flat_map(char::to_uppercase).chain(chars).collect()
}

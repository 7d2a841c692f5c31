//! `data->>'age' > 18`: what `->>` gives is text, and text compares by its letters. And
//! `data->>'id'`, which is nothing: the key is a column of its own.

use serde_json::Value;

use super::{
    fault::FaultKind,
    walk::{Walk, is_absent, variant},
};

/// A comparison: `BinaryOp` or `Between`.
pub fn check(walk: &mut Walk<'_>, node: &Value) {
    if let Some(field) = field(node)
        && field == walk.table.key
    {
        let message =
            format!("`{field}` is the key of `{}`, and stands not in `data`", walk.table.name);
        let help = "use the column `id`";
        return walk.fault(FaultKind::KeyInData, Some(node), message, "always null", help);
    }
    let sides: Vec<&Value> = ["left", "right", "expr", "low", "high"]
        .iter()
        .filter_map(|side| node.get(side))
        .filter(|side| !is_absent(side))
        .collect();
    let orders = match node.get("op").and_then(Value::as_str) {
        None | Some("Gt" | "GtEq" | "Lt" | "LtEq") => true,
        Some("Eq" | "NotEq") => false,
        Some(_) => return,
    };
    for side in &sides {
        let Some(text) = Text::of(side) else { continue };
        let others = || sides.iter().filter(|other| !std::ptr::eq(**other, *side));
        let holds_number =
            text.field.is_some_and(|field| walk.table.numbers.get(field) == Some(&true));
        let meets_number = others().any(|other| {
            is_number(other)
                || parameter(other).is_some_and(|number| {
                    walk.given.is_some_and(|given| given.get(number - 1) == Some(&true)) && orders
                })
        });
        let meets_text = others().all(|other| Text::of(other).is_some());
        if meets_number || holds_number && orders && !meets_text {
            let name = text.field.unwrap_or("field");
            let message = if holds_number || text.field.is_none() {
                "text is compared where numbers are meant".to_owned()
            } else {
                format!("`{name}` is compared as text with a number")
            };
            let help = format!("`->>` gives text: write `(data->>'{name}')::numeric`");
            let node = (*side).clone();
            walk.fault(FaultKind::TextAgainstNumber, Some(&node), message, "this is text", help);
            return;
        }
    }
}

/// The text that `->>` or `#>>` gives.
struct Text<'a> {
    /// A field of the row: `data->>'age'`.
    field: Option<&'a str>,
}

impl<'a> Text<'a> {
    fn of(node: &'a Value) -> Option<Self> {
        let operation = bare(node).get("BinaryOp")?;
        let is_text = matches!(operation["op"].as_str(), Some("LongArrow" | "HashLongArrow"));
        is_text.then(|| Self { field: field(operation) })
    }
}

/// `age` of `data->'age'` and `users.data->>'age'`.
fn field(operation: &Value) -> Option<&str> {
    if !matches!(operation["op"].as_str(), Some("Arrow" | "LongArrow")) {
        return None;
    }
    let left = bare(&operation["left"]);
    let name = match variant(left)? {
        "Identifier" => &left["Identifier"],
        "CompoundIdentifier" => left["CompoundIdentifier"].as_array()?.last()?,
        _ => return None,
    };
    let is_data = name["value"].as_str()?.eq_ignore_ascii_case("data");
    let field = operation["right"].pointer("/Value/value/SingleQuotedString")?.as_str()?;
    is_data.then_some(field)
}

fn is_number(node: &Value) -> bool {
    let node = bare(node);
    if let Some(inner) = node.pointer("/UnaryOp/expr") {
        return is_number(inner);
    }
    node.pointer("/Value/value/Number").is_some()
        || node
            .pointer("/Cast/data_type")
            .and_then(variant)
            .is_some_and(|name| NUMBERS.contains(&name))
}

fn parameter(node: &Value) -> Option<usize> {
    let text = bare(node).pointer("/Value/value/Placeholder")?.as_str()?;
    text.strip_prefix('$')?.parse().ok().filter(|number| *number > 0)
}

fn bare(node: &Value) -> &Value {
    let mut node = node;
    while let Some(inner) = node.get("Nested") {
        node = inner;
    }
    node
}

const NUMBERS: &[&str] = &[
    "SmallInt",
    "Int2",
    "Int",
    "Int4",
    "Integer",
    "BigInt",
    "Int8",
    "Numeric",
    "Decimal",
    "Real",
    "Float4",
    "Float8",
    "DoublePrecision",
];

//! The walk over every node of a statement's tree: what [`grammar`](super::grammar) does not know is
//! a fault, and what is printed in a form of ours is put into it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{
    Table,
    allowed::{self, CLOCKS, SYNTAX},
    compare,
    fault::{Fault, FaultKind},
    grammar::{self, Kind, Meaning},
    position::Lines,
};

pub struct Walk<'a> {
    sql: &'a str,
    pub lines: &'a Lines<'a>,
    pub table: &'a Table<'a>,
    pub given: Option<&'a [bool]>,
    faults: Vec<Fault>,
    /// Faults of nodes that hold no token: they are placed where the next one around stands.
    unplaced: Vec<usize>,
    parameters: BTreeSet<usize>,
}

impl<'a> Walk<'a> {
    pub fn new(
        sql: &'a str,
        lines: &'a Lines<'a>,
        table: &'a Table<'a>,
        given: Option<&'a [bool]>,
    ) -> Self {
        Self {
            sql,
            lines,
            table,
            given,
            faults: Vec::new(),
            unplaced: Vec::new(),
            parameters: BTreeSet::new(),
        }
    }

    pub fn statement(&mut self, node: &mut Value) {
        match variant(node) {
            Some("Query") => self.walk(node, &grammar::STATEMENT),
            other => {
                let what = other.unwrap_or("nothing").to_lowercase();
                self.fault(
                    FaultKind::NotOneSelect,
                    None,
                    format!("`exec` runs one SELECT: this is `{what}`"),
                    "not a SELECT",
                    "write with `set`, `update` and `delete`",
                );
            }
        }
    }

    /// How many parameters there are, where nothing is wrong.
    pub fn finish(mut self) -> Result<usize, Vec<Fault>> {
        let highest = self.parameters.last().copied().unwrap_or(0);
        if let Some(missing) = (1..=highest).find(|number| !self.parameters.contains(number)) {
            let message = format!("`${missing}` is not used, though there is `${highest}`");
            let help = "number the parameters `$1`, `$2`, … without gaps";
            self.fault(FaultKind::Parameters, None, message, "this statement", help);
        }
        if let Some(given) = self.given
            && given.len() != highest
            && self.faults.is_empty()
        {
            let plural = if highest == 1 { "" } else { "s" };
            let called = given.len();
            let message = format!(
                "the statement has {highest} parameter{plural}, and is called with {called}"
            );
            self.fault(
                FaultKind::Parameters,
                None,
                message,
                "this statement",
                "give a value for each `$n`, in their order",
            );
        }
        if self.faults.is_empty() { Ok(highest) } else { Err(self.faults) }
    }

    /// A fault at a node, or at what is around the one at hand.
    pub fn fault(
        &mut self,
        kind: FaultKind,
        node: Option<&Value>,
        message: impl Into<String>,
        label: &'static str,
        help: impl Into<String>,
    ) {
        if self.faults.len() < MAX_FAULTS {
            let extent = node.and_then(|node| self.lines.extent(node));
            if extent.is_none() {
                self.unplaced.push(self.faults.len());
            }
            let span = extent.unwrap_or(0..self.sql.len());
            self.faults.push(Fault::new(kind, span, message, label, help));
        }
    }

    fn refuse(&mut self, node: &Value, what: &str) {
        let (name, help) = clause(what);
        let message = format!("{name} cannot be used in `exec`");
        self.fault(FaultKind::NotAllowed, Some(node), message, "not allowed", help);
    }

    fn walk(&mut self, node: &mut Value, kind: &'static Kind) {
        let unplaced = self.unplaced.len();
        match kind {
            Kind::Place => {}
            Kind::Flag if node.is_boolean() => {}
            Kind::Length if node.is_u64() || node.is_null() => {}
            Kind::List(of) if node.is_array() => {
                node.as_array_mut().into_iter().flatten().for_each(|item| self.walk(item, of));
            }
            Kind::Tuple(of) if node.as_array().is_some_and(|items| items.len() == of.len()) => {
                let items = node.as_array_mut().into_iter().flatten();
                let items = items.zip(*of).filter(|(item, _)| !is_absent(item));
                items.for_each(|(item, kind)| self.walk(item, kind));
            }
            Kind::Struct(of) if node.is_object() => self.fields(node, of),
            Kind::Enum(of) => self.choice(node, of),
            Kind::Either(first, second) => {
                let Kind::Enum(of) = first else { return self.refuse(node, "") };
                let is_first = variant(node).is_some_and(|name| of.iter().any(|v| v.0 == name));
                self.walk(node, if is_first { first } else { second });
            }
            Kind::Is(meaning, form) => {
                let faults = self.faults.len();
                self.meant(*meaning, node);
                // What is refused as a whole is not looked into.
                if self.faults.len() == faults {
                    self.walk(node, form);
                }
                if *meaning == Meaning::Operand {
                    parenthesize(node);
                }
            }
            _ => self.refuse(&node.clone(), ""),
        }
        self.place(node, unplaced);
    }

    /// Says where the faults stand that a node has had since.
    fn place(&mut self, node: &Value, since: usize) {
        if self.unplaced.len() > since
            && let Some(extent) = self.lines.extent(node)
        {
            for fault in self.unplaced.drain(since..) {
                self.faults[fault].span = extent.clone();
            }
        }
    }

    fn fields(&mut self, node: &mut Value, of: &'static [(&'static str, &'static Kind)]) {
        for (name, value) in node.as_object_mut().into_iter().flatten() {
            if is_absent(value) {
                continue;
            }
            match of.iter().find(|(known, _)| known == name) {
                Some((_, kind)) => self.walk(value, kind),
                None => self.refuse(value, name),
            }
        }
    }

    fn choice(&mut self, node: &mut Value, of: &'static [(&'static str, &'static Kind)]) {
        let name = variant(node).unwrap_or_default().to_owned();
        match (of.iter().find(|(known, _)| *known == name), node) {
            (Some((_, Kind::Tuple([]))), Value::String(_)) => {}
            (Some((_, kind)), Value::Object(held)) if held.len() == 1 => {
                let inner = held.values_mut().next();
                if let Some(inner) = inner.filter(|inner| !is_absent(inner)) {
                    self.walk(inner, kind);
                }
            }
            (_, node) => self.refuse(&node.clone(), &name),
        }
    }

    fn meant(&mut self, meaning: Meaning, node: &mut Value) {
        match meaning {
            Meaning::Name => self.name(node),
            Meaning::ObjectName => self.object_name(node),
            Meaning::Literal => self.literal(node),
            Meaning::Function => self.function(node),
            Meaning::Relation if is_absent(&node["args"]) => self.relation(node),
            Meaning::Relation => self.function(node),
            Meaning::Type => self.data_type(node),
            Meaning::Operator => self.operator(node),
            Meaning::Comparison => compare::check(self, node),
            Meaning::Signed => self.signed(node),
            Meaning::Operand => {}
        }
    }

    /// `-2 ^ 2` is 4 for PostgreSQL, and -4 for the parser.
    fn signed(&mut self, node: &mut Value) {
        let operand = &node["expr"];
        let binds = operand["BinaryOp"]["op"] == "PGExp" || operand.get("AtTimeZone").is_some();
        if binds && node["op"] != "Not" {
            let at = node.clone();
            let message = "a sign before `^` or AT TIME ZONE could belong to either";
            let help = "put what belongs together in parentheses";
            self.fault(FaultKind::Spelling, Some(&at), message, "not clear", help);
        }
    }

    /// `Name` becomes `"name"`, as PostgreSQL reads it, and `"Name"` stays.
    fn name(&mut self, node: &mut Value) {
        let quoted = node["quote_style"].as_str();
        let value = node["value"].as_str().unwrap_or_default();
        let plain = !value.contains(|c: char| c == '"' || c == '\\' || c.is_control());
        if !matches!(quoted, None | Some("\""))
            || !plain
            || value.is_empty()
            || value.len() > MAX_NAME
        {
            let message = format!("`{value}` is no name that `exec` takes");
            let help = "names stand bare or in double quotes, with at most 63 bytes and without \
                        quotes, backslashes and control characters in them";
            let at = node.clone();
            return self.fault(FaultKind::Spelling, Some(&at), message, "this name", help);
        }
        if quoted.is_none() {
            // Tables are called as in TypeScript, with capitals.
            let is_table = value.eq_ignore_ascii_case(self.table.name);
            let name =
                if is_table { self.table.name.to_owned() } else { value.to_ascii_lowercase() };
            node["value"] = name.into();
            node["quote_style"] = "\"".into();
        }
    }

    fn object_name(&mut self, node: &mut Value) {
        if node.as_array().is_some_and(|parts| parts.len() > 1) {
            let name = dotted(node);
            let message = format!("`{name}` names a schema");
            let help = format!("write `{}` alone", self.table.name);
            let at = node.clone();
            self.fault(FaultKind::Qualified, Some(&at), message, "qualified name", help);
        }
    }

    /// The name of a table: which it is, is seen to by [`scope`](super::scope).
    fn relation(&mut self, node: &mut Value) {
        self.object_name(&mut node["name"]);
        let parts = node["name"].as_array_mut().into_iter().flatten();
        for part in parts {
            match part.get_mut("Identifier") {
                Some(name) => self.name(name),
                None => self.refuse(&part.clone(), "name"),
            }
        }
    }

    fn function(&mut self, node: &mut Value) {
        let written = dotted(&node["name"]);
        let name = match node["name"].as_array().map(Vec::as_slice) {
            Some([part]) => match part["Identifier"]["quote_style"].as_str() {
                None => written.to_ascii_lowercase(),
                Some(_) => written.clone(),
            },
            _ => written.clone(),
        };
        let at = node["name"].clone();
        let subquery = node["args"].get("Subquery").is_some();
        if CLOCKS.contains(&name.as_str()) {
            let message = format!("`{name}` depends on when the statement is run");
            let help = "pass the time as a parameter: `$1::timestamptz`, with `new Date()`";
            return self.fault(FaultKind::Function, Some(&at), message, "tells the time", help);
        }
        if !allowed::is_function(&name) || subquery && name != "array" {
            let message = format!("the function `{written}` cannot be used in `exec`");
            let help = similar(&name).map_or_else(
                || "use functions that compute from their arguments alone".to_owned(),
                |other| format!("did you mean `{other}`?"),
            );
            return self.fault(FaultKind::Function, Some(&at), message, "not allowed", help);
        }
        if node["args"] == json!("None") {
            return self.refuse(&at, "a function without parentheses");
        }
        let style = if SYNTAX.contains(&name.as_str()) { Value::Null } else { json!("\"") };
        let identifier = &mut node["name"][0]["Identifier"];
        identifier["value"] = name.into();
        identifier["quote_style"] = style;
    }

    fn literal(&mut self, node: &mut Value) {
        let form = variant(&node["value"]).unwrap_or_default().to_owned();
        let held = &node["value"][&form];
        match form.as_str() {
            "Boolean" | "Null" => {}
            "Number" if held[0].as_str().is_some_and(is_number) && held[1] == json!(false) => {}
            "SingleQuotedString" | "EscapedStringLiteral" | "DollarQuotedString" => {
                let text = held.as_str().or_else(|| held["value"].as_str()).unwrap_or_default();
                if text.contains('\0') {
                    let at = node.clone();
                    return self.fault(
                        FaultKind::Spelling,
                        Some(&at),
                        "a text of PostgreSQL holds no NUL",
                        "this text",
                        "leave it out",
                    );
                }
                let form = if text.contains(['\'', '\\']) {
                    "EscapedStringLiteral"
                } else {
                    "SingleQuotedString"
                };
                node["value"] = json!({ form: text });
            }
            "Placeholder" => {
                let text = held.as_str().unwrap_or_default().to_owned();
                let number = text.strip_prefix('$').and_then(|rest| rest.parse::<usize>().ok());
                match number.filter(|n| (1..=MAX_PARAMETERS).contains(n)) {
                    Some(number) if text == format!("${number}") => {
                        self.parameters.insert(number);
                    }
                    _ => {
                        let at = node.clone();
                        self.fault(
                            FaultKind::Parameters,
                            Some(&at),
                            format!("`{text}` is no parameter"),
                            "this parameter",
                            format!("parameters are `$1` to `${MAX_PARAMETERS}`"),
                        );
                    }
                }
            }
            _ => {
                let at = node.clone();
                self.fault(
                    FaultKind::Spelling,
                    Some(&at),
                    "a value in a form that `exec` does not take",
                    "this value",
                    "write `'text'`, `1.5`, `true`, `null` or a parameter",
                );
            }
        }
    }

    fn data_type(&mut self, node: &mut Value) {
        let mut inner = &*node;
        while let Some(of) = inner.pointer("/Array/SquareBracket/0") {
            inner = of;
        }
        let name = variant(inner).unwrap_or_default();
        if !grammar::is_type(name) {
            let written = match inner.pointer("/Custom/0") {
                Some(name) => dotted(name),
                None => name.to_lowercase(),
            };
            let message = format!("the type `{written}` cannot be used in `exec`");
            let help = "use text, numbers, boolean, dates and times, interval, uuid, json, jsonb \
                        and arrays of them";
            self.fault(FaultKind::Type, None, message, "not allowed", help);
        }
    }

    fn operator(&mut self, node: &mut Value) {
        let name = variant(node).unwrap_or_default();
        if !node.is_string() || !allowed::is_operator(name) {
            let message = "this operator cannot be used in `exec`";
            let help = "use comparisons, arithmetic, `||`, patterns and the operators of JSON";
            self.fault(FaultKind::Operator, None, message, "this operation", help);
        }
    }
}

/// What an operand is printed as must be what it is, whatever binds stronger.
fn parenthesize(node: &mut Value) {
    const ATOMS: &[&str] = &[
        "Identifier",
        "CompoundIdentifier",
        "Nested",
        "Value",
        "Function",
        "Case",
        "Exists",
        "Subquery",
        "Tuple",
        "Array",
        "Extract",
        "Ceil",
        "Floor",
        "Position",
        "Substring",
        "Trim",
        "Overlay",
        "TypedString",
    ];
    if variant(node).is_some_and(|name| !ATOMS.contains(&name)) {
        *node = json!({ "Nested": node.take() });
    }
}

/// What stands for nothing: a field that was not written.
pub fn is_absent(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

/// The name of an enum's variant.
pub fn variant(node: &Value) -> Option<&str> {
    match node {
        Value::String(name) => Some(name),
        Value::Object(held) if held.len() == 1 => held.keys().next().map(String::as_str),
        _ => None,
    }
}

/// `public.users`
fn dotted(name: &Value) -> String {
    let parts = name.as_array().into_iter().flatten();
    let parts: Vec<&str> =
        parts.map(|part| part["Identifier"]["value"].as_str().unwrap_or("?")).collect();
    parts.join(".")
}

fn is_number(text: &str) -> bool {
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => (&text[..at], Some(text[at + 1..].trim_start_matches(['+', '-']))),
        None => (text, None),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    digits(whole)
        && digits(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && exponent.is_none_or(|exponent| !exponent.is_empty() && digits(exponent))
}

fn similar(name: &str) -> Option<&'static str> {
    let near =
        allowed::FUNCTIONS.iter().map(|known| (strsim::damerau_levenshtein(name, known), *known));
    near.min().filter(|(distance, _)| distance * 4 <= name.len()).map(|(_, known)| known)
}

/// What a field or variant is called in SQL, and what to write instead.
fn clause(name: &str) -> (String, &'static str) {
    let (name, help) = match name {
        "locks" => {
            ("a locking clause", "leave it out: what a call reads is compared when it commits")
        }
        "into" => ("INTO", "use the rows that `exec` returns"),
        "recursive" => ("RECURSIVE", "read the rows and follow them in the function"),
        "sample" => ("TABLESAMPLE", "use WHERE and LIMIT"),
        "Collate" => ("COLLATE", "leave it out: texts compare by the database's order"),
        "Insert" | "Update" | "Delete" | "Merge" => {
            ("a statement that writes", "write with `set`, `update` and `delete`")
        }
        "Table" => ("TABLE", "write `SELECT * FROM …`"),
        "Natural" => ("NATURAL", "say with ON or USING what belongs together"),
        "JsonTable" => ("JSON_TABLE", "use `jsonb_array_elements`"),
        "Wildcard" | "QualifiedWildcard" => ("`*` in this place", "name the columns"),
        "Dot" => ("`(…).name`", "name columns as `table.column`, and fields as `data->>'field'`"),
        "optimizer_hints" => ("a hint to the planner", "leave it out"),
        "" => ("this", "write a plainer SELECT"),
        other => {
            return (
                format!("`{}`", other.replace('_', " ").to_lowercase()),
                "write a plainer SELECT",
            );
        }
    };
    (name.to_owned(), help)
}

const MAX_NAME: usize = 63;
const MAX_PARAMETERS: usize = 100;
/// More would not help.
const MAX_FAULTS: usize = 8;

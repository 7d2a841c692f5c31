//! Text of a codec file, with what it imports.

use std::collections::BTreeSet;

use super::plan::{Definition, Plan, Table, shape_width};
use crate::{
    model::shape::{Literal, ObjectKind, ObjectShape, Scalar, Shape, Slot},
    text::values::{is_identifier, number, string},
};

/// What is converted from and to JSON.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Arguments and results: what is read holds nothing undeclared.
    Calls,
    /// Rows: what is written does not, and what is read may be of an earlier version.
    Rows,
}

pub struct Emitter<'a> {
    pub plan: &'a Plan<'a>,
    pub purpose: Purpose,
    pub out: String,
    indent: usize,
    /// Names from `kontract/codec`.
    support: BTreeSet<&'static str>,
    /// Names from the shared file.
    pub shared: BTreeSet<String>,
    pub defined: BTreeSet<String>,
    /// Definitions whose values have to be told from others by their structure.
    pub tested: &'a BTreeSet<String>,
}

impl<'a> Emitter<'a> {
    pub fn new(plan: &'a Plan<'a>, tested: &'a BTreeSet<String>, purpose: Purpose) -> Self {
        Self {
            plan,
            purpose,
            out: String::new(),
            indent: 0,
            support: BTreeSet::new(),
            shared: BTreeSet::new(),
            defined: BTreeSet::new(),
            tested,
        }
    }

    /// What both say, one behind the other.
    pub fn and(mut self, other: Self) -> Self {
        self.out.push_str(&other.out);
        self.support.extend(other.support);
        self.shared.extend(other.shared);
        self.defined.extend(other.defined);
        self
    }

    /// The functions of a definition.
    pub fn definition(&mut self, name: &str, definition: &Definition<'_>) {
        if let Definition::Literals(literals) = definition {
            return self.literals(name, literals);
        }
        if let Some(table) = self.plan.table(definition) {
            self.encode_table(name, definition, &table);
            self.decode_table(name, definition, &table);
        }
        match definition {
            Definition::Object(object) => {
                self.json_object(name, object);
                self.test_object(name, object);
            }
            Definition::Union(union) => {
                self.choose(name, union);
                self.encode_union(name, union);
                self.decode_union(name, union);
                self.json_union(name, union);
                self.test_union(name, union);
            }
            Definition::Array(slot) => {
                self.encode_array(name, slot);
                self.decode_array(name, slot);
                self.json_array(name, slot);
                self.test_array(name, slot);
            }
            Definition::Set(slot) => {
                self.encode_set(name, slot);
                self.decode_set(name, slot);
                self.json_set(name, slot);
                self.test_set(name, slot);
            }
            Definition::Map(key, value) => {
                self.encode_map(name, key, value);
                self.decode_map(name, key, value);
                self.json_map(name, key, value);
                self.test_map(name, key, value);
            }
            Definition::Item(_) | Definition::Entry(..) | Definition::Literals(_) => {}
        }
    }

    /// The functions of a route, and those for the server in one object. Bundlers drop it, and with
    /// it the server's functions, from clients.
    pub fn route(&mut self, ident: &str, request: &str, response: &str) {
        let functions = [
            ("encodeRequest", "encode", "args", "args", request, "encode"),
            ("decodeRequest", "decode", "args", "bytes", request, "decode"),
            ("readRequest", "json", "args", "value", request, "read"),
            ("encodeResponse", "encode", "result", "result", response, "encode"),
            ("decodeResponse", "decode", "result", "bytes", response, "decode"),
            ("writeResponse", "json", "result", "result", response, "write"),
        ];
        for (name, helper, root, parameter, table, suffix) in functions {
            let helper = self.support(helper);
            self.open(&format!("export function {ident}_{name}({parameter}) {{"));
            self.line(&format!(
                "return {helper}({}, {parameter}, {table}_{suffix});",
                string(root)
            ));
            self.close("}");
        }
        let served = ["decodeRequest", "readRequest", "encodeResponse", "writeResponse"]
            .map(|name| format!("{name}: {ident}_{name}"));
        self.line(&format!("export const {ident}_codec = {{ {} }};", served.join(", ")));
    }

    pub fn line(&mut self, text: &str) {
        self.out.push_str(&"  ".repeat(self.indent));
        self.out.push_str(text);
        self.out.push('\n');
    }

    /// A line that begins a block.
    pub fn open(&mut self, text: &str) {
        self.line(text);
        self.indent += 1;
    }

    /// A line that ends one.
    pub fn close(&mut self, text: &str) {
        self.indent -= 1;
        self.line(text);
    }

    /// The end of a block that has no line of its own: a `case`.
    pub fn indent_back(&mut self) {
        self.indent -= 1;
    }

    /// `if (…) {`, or the next branch, `} else if (…) {`.
    pub fn branch(&mut self, text: &str) {
        if text.starts_with('}') {
            self.next(text);
        } else {
            self.open(text);
        }
    }

    /// A line that ends one block and begins another.
    pub fn next(&mut self, text: &str) {
        self.close(text);
        self.indent += 1;
    }

    /// A name of the support library.
    pub fn support(&mut self, name: &'static str) -> &'static str {
        self.support.insert(name);
        name
    }

    /// `User_encode`, imported where it is defined elsewhere.
    pub fn function(&mut self, name: &str, suffix: &str) -> String {
        let function = format!("{name}_{suffix}");
        self.shared.insert(function.clone());
        function
    }

    /// The function that encodes, decodes, reads or writes values of a shape.
    pub fn passage(&mut self, shape: &Shape, suffix: &str) -> String {
        let Some([put, get, read, write]) = leaf(shape) else {
            let name = self.plan.name(shape).to_owned();
            return self.function(&name, suffix);
        };
        let name = match suffix {
            "encode" => put,
            "decode" => get,
            "read" => read,
            _ => write,
        };
        self.support(name).to_owned()
    }

    /// `export function User_encode(parameters) {`.
    pub fn begin(&mut self, name: &str, suffix: &str, parameters: &str) {
        self.defined.insert(format!("{name}_{suffix}"));
        self.open(&format!("export function {name}_{suffix}({parameters}) {{"));
    }

    pub fn constant(&mut self, name: &str, suffix: &str, value: &str) {
        self.defined.insert(format!("{name}_{suffix}"));
        self.line(&format!("export const {name}_{suffix} = {value};"));
    }

    /// The import of the support library.
    pub fn support_import(&self) -> String {
        import(self.support.iter().copied(), "\"kontract/codec\"")
    }

    /// The import of shared definitions.
    pub fn imports(&self, specifier: &str) -> String {
        import(self.undefined().map(String::as_str), specifier)
    }

    /// Functions that are called and not defined.
    pub fn undefined(&self) -> impl Iterator<Item = &String> {
        self.shared.difference(&self.defined)
    }

    /// `openObject(w, x, d++, key);`, or for arrays of a known length.
    pub fn open_container(&mut self, state: &str, object: &ObjectShape) {
        match (object.kind, &object.rest) {
            (ObjectKind::Object, _) => {
                let open = self.support("openObject");
                self.line(&format!("{open}({state}, x, d++, key);"));
            }
            (ObjectKind::Result | ObjectKind::Item, _) => {
                let enter = self.support("enter");
                self.line(&format!("{enter}({state}, d++, key);"));
            }
            (_, None) => {
                let open = self.support("openTuple");
                self.line(&format!("{open}({state}, x, {}, d++, key);", object.fields.len()));
            }
            (_, Some(_)) => {
                let open = self.support("openArray");
                self.line(&format!("{open}({state}, x, d++, key);"));
            }
        }
    }
}

fn import<'n>(names: impl Iterator<Item = &'n str>, specifier: &str) -> String {
    let names: Vec<&str> = names.collect();
    if names.is_empty() {
        return String::new();
    }
    format!("import {{ {} }} from {specifier};\n", names.join(", "))
}

/// The functions of the support library for a shape without parts: to put it into a message, to
/// get it from one, to read it from JSON and to write it there.
pub fn leaf(shape: &Shape) -> Option<[&'static str; 4]> {
    Some(match shape {
        Shape::Boolean => ["putBoolean", "getBoolean", "checkBoolean", "checkBoolean"],
        Shape::String => ["putString", "getString", "checkString", "checkString"],
        Shape::Number(scalar) => match scalar {
            Scalar::Int8 => ["putInt8", "getInt8", "checkInt8", "checkInt8"],
            Scalar::Int16 => ["putInt16", "getInt16", "checkInt16", "checkInt16"],
            Scalar::Int32 => ["putInt32", "getInt32", "checkInt32", "checkInt32"],
            Scalar::Int64 => ["putInt64", "getInt64", "checkInt64", "checkInt64"],
            Scalar::Uint8 => ["putUint8", "getUint8", "checkUint8", "checkUint8"],
            Scalar::Uint16 => ["putUint16", "getUint16", "checkUint16", "checkUint16"],
            Scalar::Uint32 => ["putUint32", "getUint32", "checkUint32", "checkUint32"],
            Scalar::Uint64 => ["putUint64", "getUint64", "checkUint64", "checkUint64"],
            Scalar::Float32 => ["putFloat32", "getFloat32", "checkFloat32", "checkFloat32"],
            Scalar::Float64 => ["putFloat64", "getFloat64", "checkFloat64", "checkFloat64"],
        },
        Shape::BigInt(Scalar::Uint64) => {
            ["putBigUint64", "getBigUint64", "readBigUint64", "writeBigUint64"]
        }
        Shape::BigInt(_) => ["putBigInt64", "getBigInt64", "readBigInt64", "writeBigInt64"],
        Shape::Date => ["putDate", "getDate", "readDate", "writeDate"],
        Shape::Bytes => ["putBytes", "getBytes", "readBytes", "writeBytes"],
        Shape::Unknown => ["putUnknown", "getUnknown", "readUnknown", "writeUnknown"],
        _ => return None,
    })
}

/// How a path names what stands under a property.
pub fn segment(name: &str) -> String {
    string(name)
}

/// The value of a property of `x`. Names that every object inherits count where they are its own.
pub fn property(name: &str) -> String {
    let access =
        if is_identifier(name) { format!("x.{name}") } else { format!("x[{}]", string(name)) };
    if INHERITED.contains(&name) {
        format!("(Object.hasOwn(x, {}) ? {access} : undefined)", string(name))
    } else {
        access
    }
}

/// Whether `x` has a property, be it undefined.
pub fn has_property(name: &str) -> String {
    if INHERITED.contains(&name) {
        format!("Object.hasOwn(x, {})", string(name))
    } else {
        format!("{} in x", string(name))
    }
}

/// `name: ` in an object literal.
pub fn property_key(name: &str) -> String {
    if is_identifier(name) { name.to_owned() } else { string(name) }
}

pub fn literal(literal: &Literal) -> String {
    match literal {
        Literal::Boolean(value) => value.to_string(),
        Literal::Number(value) => number(*value),
        Literal::String(text) => string(text),
        Literal::BigInt { bigint } => format!("{bigint}n"),
    }
}

/// What an error says was expected of a value of this shape, as text.
pub fn expected(plan: &Plan<'_>, shape: &Shape) -> String {
    match shape {
        Shape::Nothing => "undefined".to_owned(),
        Shape::Boolean => "boolean".to_owned(),
        Shape::String => "string".to_owned(),
        Shape::Number(Scalar::Float64) => "number".to_owned(),
        Shape::Number(scalar) => scalar.name().to_lowercase(),
        Shape::BigInt(_) => "bigint".to_owned(),
        Shape::Date => "date".to_owned(),
        Shape::Bytes => "Uint8Array".to_owned(),
        Shape::Unknown => "JSON data".to_owned(),
        Shape::Literals(literals) => one_of(literals.iter().map(literal).collect(), "values"),
        Shape::Array(_) => "array".to_owned(),
        Shape::Set(_) => "Set".to_owned(),
        Shape::Map(_) => "Map".to_owned(),
        Shape::Object(key) => match plan.shapes.objects.get(key) {
            Some(object) if object.kind == ObjectKind::Tuple => "array".to_owned(),
            Some(object) => object.name.clone(),
            None => "object".to_owned(),
        },
        Shape::Union(key) => match plan.shapes.unions.get(key) {
            Some(union) => {
                let mut members: Vec<String> =
                    union.members.iter().map(|m| expected(plan, &m.shape)).collect();
                members.dedup();
                one_of(members, "types")
            }
            None => String::new(),
        },
    }
}

/// `a, b or c`; of many, the first and how many they are.
pub fn one_of(mut names: Vec<String>, what: &str) -> String {
    if names.len() > 8 {
        return format!("{}, … ({} {what})", names[..6].join(", "), names.len());
    }
    match names.pop() {
        None => String::new(),
        Some(last) if names.is_empty() => last,
        Some(last) => format!("{} or {last}", names.join(", ")),
    }
}

/// Bits: 1 for undefined, 2 for null.
pub fn admitted(slot: &Slot) -> u8 {
    u8::from(slot.undefined) | (u8::from(slot.null) << 1)
}

/// The size of an element in its vector.
pub fn element_width(slot: &Slot) -> u32 {
    if slot.is_direct() { shape_width(&slot.shape) } else { 4 }
}

/// The offset of a field's entry from the start of its vtable.
pub fn entry(id: u16) -> u32 {
    4 + 2 * u32::from(id)
}

pub fn table_function(table: &Table) -> &'static str {
    if table.wide { "wideTable" } else { "table" }
}

/// What `Object.prototype` has.
const INHERITED: &[&str] = &[
    "__defineGetter__",
    "__defineSetter__",
    "__lookupGetter__",
    "__lookupSetter__",
    "__proto__",
    "constructor",
    "hasOwnProperty",
    "isPrototypeOf",
    "propertyIsEnumerable",
    "toLocaleString",
    "toString",
    "valueOf",
];

//! Types and declarations → TypeScript text.

use std::fmt::Write as _;

use swc_ecma_ast::Ident;

use crate::model::{
    contract::{Constant, ConstantValue, EnumMember, TypeDeclaration, TypeDeclarationKind},
    types::{
        FunctionType, Key, LiteralType, Member, MemberKind, Parameter, TypeExpr, TypeParameter,
    },
};

/// Prints types of one declaration file.
pub struct Printer<'a> {
    /// `import('…')` as written → as printed.
    pub specifier: &'a dyn Fn(&str) -> String,
}

/// How tightly a type must hold together where it stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Tightness {
    Loose,
    /// A member of `|`.
    Union,
    /// A member of `&`.
    Intersection,
    /// Behind `keyof`, `readonly`.
    Operand,
    /// Before `[]` or `[…]`.
    Postfix,
}

impl Printer<'_> {
    pub fn ty(&self, ty: &TypeExpr) -> String {
        let mut out = String::new();
        self.write(&mut out, ty, Tightness::Loose, 0);
        out
    }

    fn write(&self, out: &mut String, ty: &TypeExpr, needed: Tightness, indent: usize) {
        let own = match ty {
            TypeExpr::Conditional { .. } | TypeExpr::Function(_) | TypeExpr::Predicate { .. } => {
                Tightness::Loose
            }
            TypeExpr::Infer { constraint: Some(_), .. } => Tightness::Loose,
            TypeExpr::Union(_) => Tightness::Union,
            TypeExpr::Intersection(_) => Tightness::Intersection,
            TypeExpr::Operator { .. } | TypeExpr::Infer { .. } | TypeExpr::Query { .. } => {
                Tightness::Operand
            }
            _ => Tightness::Postfix,
        };
        // A union inside a union needs none, but a function type does.
        if own < needed {
            out.push('(');
            self.write_bare(out, ty, indent);
            out.push(')');
        } else {
            self.write_bare(out, ty, indent);
        }
    }

    fn write_bare(&self, out: &mut String, ty: &TypeExpr, indent: usize) {
        match ty {
            TypeExpr::Keyword(name) => out.push_str(name),
            TypeExpr::Literal(literal) => match literal {
                LiteralType::String(text) => out.push_str(&string(text)),
                LiteralType::Number(text) => out.push_str(text),
                LiteralType::BigInt(text) => {
                    let _ = write!(out, "{text}n");
                }
                LiteralType::Boolean(value) => out.push_str(if *value { "true" } else { "false" }),
            },
            TypeExpr::Template { texts, types } => {
                out.push('`');
                for (i, text) in texts.iter().enumerate() {
                    out.push_str(text);
                    if let Some(ty) = types.get(i) {
                        out.push_str("${");
                        self.write(out, ty, Tightness::Loose, indent);
                        out.push('}');
                    }
                }
                out.push('`');
            }
            TypeExpr::Reference { name, arguments, .. } => {
                out.push_str(name);
                self.arguments(out, arguments, indent);
            }
            TypeExpr::Array(item) => {
                self.write(out, item, Tightness::Postfix, indent);
                out.push_str("[]");
            }
            TypeExpr::Tuple(elements) => {
                out.push('[');
                for (i, element) in elements.iter().enumerate() {
                    if i > 0 {
                        out.push_str(", ");
                    }
                    if element.rest {
                        out.push_str("...");
                    }
                    if let Some(label) = &element.label {
                        out.push_str(label);
                        out.push_str(if element.optional { "?: " } else { ": " });
                        self.write(out, &element.ty, Tightness::Loose, indent);
                    } else {
                        let needed =
                            if element.optional { Tightness::Postfix } else { Tightness::Loose };
                        self.write(out, &element.ty, needed, indent);
                        if element.optional {
                            out.push('?');
                        }
                    }
                }
                out.push(']');
            }
            TypeExpr::Object(members) => self.object(out, members, indent),
            TypeExpr::Union(types) => self.joined(out, types, " | ", Tightness::Union, indent),
            TypeExpr::Intersection(types) => {
                self.joined(out, types, " & ", Tightness::Intersection, indent);
            }
            TypeExpr::Function(function) => {
                if function.is_abstract {
                    out.push_str("abstract ");
                }
                if function.constructor {
                    out.push_str("new ");
                }
                self.signature(out, function, " => ", indent);
            }
            TypeExpr::Operator { operator, operand } => {
                out.push_str(operator);
                out.push(' ');
                self.write(out, operand, Tightness::Operand, indent);
            }
            TypeExpr::Indexed { object, index } => {
                self.write(out, object, Tightness::Postfix, indent);
                out.push('[');
                self.write(out, index, Tightness::Loose, indent);
                out.push(']');
            }
            TypeExpr::Conditional { check, extends, then, otherwise } => {
                self.write(out, check, Tightness::Union, indent);
                out.push_str(" extends ");
                self.write(out, extends, Tightness::Union, indent);
                out.push_str(" ? ");
                self.write(out, then, Tightness::Loose, indent);
                out.push_str(" : ");
                self.write(out, otherwise, Tightness::Loose, indent);
            }
            TypeExpr::Infer { name, constraint } => {
                let _ = write!(out, "infer {name}");
                if let Some(constraint) = constraint {
                    out.push_str(" extends ");
                    self.write(out, constraint, Tightness::Union, indent);
                }
            }
            TypeExpr::Mapped(mapped) => {
                out.push_str("{ ");
                if !mapped.readonly.is_empty() {
                    out.push_str(&mapped.readonly);
                    out.push(' ');
                }
                let _ = write!(out, "[{} in ", mapped.parameter);
                self.write(out, &mapped.constraint, Tightness::Loose, indent);
                if let Some(name) = &mapped.name {
                    out.push_str(" as ");
                    self.write(out, name, Tightness::Loose, indent);
                }
                out.push(']');
                out.push_str(&mapped.optional);
                if let Some(ty) = &mapped.ty {
                    out.push_str(": ");
                    self.write(out, ty, Tightness::Loose, indent);
                }
                out.push_str(" }");
            }
            TypeExpr::Query { name, arguments, .. } => {
                let _ = write!(out, "typeof {name}");
                self.arguments(out, arguments, indent);
            }
            TypeExpr::Import { specifier, qualifier, arguments, .. } => {
                let _ = write!(out, "import({})", string(&(self.specifier)(specifier)));
                if let Some(qualifier) = qualifier {
                    let _ = write!(out, ".{qualifier}");
                }
                self.arguments(out, arguments, indent);
            }
            TypeExpr::Predicate { asserts, parameter, ty } => {
                if *asserts {
                    out.push_str("asserts ");
                }
                out.push_str(parameter);
                if let Some(ty) = ty {
                    out.push_str(" is ");
                    self.write(out, ty, Tightness::Loose, indent);
                }
            }
        }
    }

    fn joined(
        &self,
        out: &mut String,
        types: &[TypeExpr],
        separator: &str,
        needed: Tightness,
        indent: usize,
    ) {
        if types.is_empty() {
            out.push_str("never");
        }
        for (i, ty) in types.iter().enumerate() {
            if i > 0 {
                out.push_str(separator);
            }
            self.write(out, ty, needed, indent);
        }
    }

    fn arguments(&self, out: &mut String, arguments: &[TypeExpr], indent: usize) {
        if arguments.is_empty() {
            return;
        }
        out.push('<');
        for (i, argument) in arguments.iter().enumerate() {
            if i > 0 {
                out.push_str(", ");
            }
            self.write(out, argument, Tightness::Loose, indent);
        }
        out.push('>');
    }

    fn object(&self, out: &mut String, members: &[Member], indent: usize) {
        if members.is_empty() {
            out.push_str("{}");
        } else if members.iter().all(|m| m.docs.is_none()) {
            out.push_str("{ ");
            for (i, member) in members.iter().enumerate() {
                if i > 0 {
                    out.push_str("; ");
                }
                self.member(out, member, indent);
            }
            out.push_str(" }");
        } else {
            self.block(out, members, indent);
        }
    }

    /// Members on lines of their own, with their docs.
    fn block(&self, out: &mut String, members: &[Member], indent: usize) {
        out.push_str("{\n");
        for member in members {
            docs(out, member.docs.as_deref(), indent + 1);
            pad(out, indent + 1);
            self.member(out, member, indent + 1);
            out.push_str(";\n");
        }
        pad(out, indent);
        out.push('}');
    }

    fn member(&self, out: &mut String, member: &Member, indent: usize) {
        match &member.kind {
            MemberKind::Property { key: name, optional, readonly, ty, .. } => {
                if *readonly {
                    out.push_str("readonly ");
                }
                out.push_str(&key(name));
                out.push_str(if *optional { "?: " } else { ": " });
                self.write(out, ty, Tightness::Loose, indent);
            }
            MemberKind::Method { key: name, optional, signature } => {
                out.push_str(&key(name));
                if *optional {
                    out.push('?');
                }
                self.signature(out, signature, ": ", indent);
            }
            MemberKind::Getter { key: name, ty } => {
                let _ = write!(out, "get {}(): ", key(name));
                self.write(out, ty, Tightness::Loose, indent);
            }
            MemberKind::Setter { key: name, parameter } => {
                let _ = write!(out, "set {}(", key(name));
                self.parameter(out, parameter, indent);
                out.push(')');
            }
            MemberKind::Call(signature) => self.signature(out, signature, ": ", indent),
            MemberKind::Construct(signature) => {
                out.push_str("new ");
                self.signature(out, signature, ": ", indent);
            }
            MemberKind::Index { parameter, readonly, ty } => {
                if *readonly {
                    out.push_str("readonly ");
                }
                out.push('[');
                self.parameter(out, parameter, indent);
                out.push_str("]: ");
                self.write(out, ty, Tightness::Loose, indent);
            }
        }
    }

    fn signature(&self, out: &mut String, function: &FunctionType, arrow: &str, indent: usize) {
        self.type_parameters(out, &function.type_parameters, indent);
        out.push('(');
        for (i, parameter) in function.parameters.iter().enumerate() {
            if i > 0 {
                out.push_str(", ");
            }
            self.parameter(out, parameter, indent);
        }
        out.push(')');
        if let Some(result) = &function.result {
            out.push_str(arrow);
            self.write(out, result, Tightness::Loose, indent);
        } else {
            out.push_str(arrow);
            out.push_str("any");
        }
    }

    pub fn type_parameters(&self, out: &mut String, parameters: &[TypeParameter], indent: usize) {
        if parameters.is_empty() {
            return;
        }
        out.push('<');
        for (i, parameter) in parameters.iter().enumerate() {
            if i > 0 {
                out.push_str(", ");
            }
            for modifier in &parameter.modifiers {
                let _ = write!(out, "{modifier} ");
            }
            out.push_str(&parameter.name);
            if let Some(constraint) = &parameter.constraint {
                out.push_str(" extends ");
                self.write(out, constraint, Tightness::Loose, indent);
            }
            if let Some(default) = &parameter.default {
                out.push_str(" = ");
                self.write(out, default, Tightness::Loose, indent);
            }
        }
        out.push('>');
    }

    pub fn parameter(&self, out: &mut String, parameter: &Parameter, indent: usize) {
        if parameter.rest {
            out.push_str("...");
        }
        out.push_str(&parameter.name);
        if parameter.optional {
            out.push('?');
        }
        out.push_str(": ");
        match &parameter.ty {
            Some(ty) => self.write(out, ty, Tightness::Loose, indent),
            None => out.push_str("any"),
        }
    }

    // ---- declarations ------------------------------------------------------------------------

    /// A type declaration of a `.d.ts`, without `export`: names are exported at the end.
    pub fn declaration(&self, out: &mut String, declaration: &TypeDeclaration, indent: usize) {
        docs(out, declaration.docs.as_deref(), indent);
        pad(out, indent);
        match &declaration.kind {
            TypeDeclarationKind::Alias(ty) => {
                let _ = write!(out, "type {}", declaration.name);
                self.type_parameters(out, &declaration.type_parameters, indent);
                out.push_str(" = ");
                self.write(out, ty, Tightness::Loose, indent);
                out.push_str(";\n");
            }
            TypeDeclarationKind::Interface { extends, members } => {
                self.interface(out, declaration, extends.iter(), members, indent);
            }
            // The instance side, so that no value is promised.
            TypeDeclarationKind::Class { extends, members } => {
                self.interface(out, declaration, extends.iter(), members, indent);
            }
            TypeDeclarationKind::Enum { members, .. } => {
                let _ = writeln!(
                    out,
                    "{}enum {} {{",
                    if indent == 0 { "declare " } else { "" },
                    declaration.name
                );
                for member in members {
                    docs(out, member.docs.as_deref(), indent + 1);
                    pad(out, indent + 1);
                    out.push_str(&key(&Key::Name(member.name.clone())));
                    if let Some(value) = &member.value {
                        let _ = write!(out, " = {}", constant(value, 0));
                    }
                    out.push_str(",\n");
                }
                pad(out, indent);
                out.push_str("}\n");
            }
            TypeDeclarationKind::Namespace(declarations) => {
                let _ = writeln!(
                    out,
                    "{}namespace {} {{",
                    if indent == 0 { "declare " } else { "" },
                    declaration.name
                );
                for inner in declarations {
                    self.declaration(out, inner, indent + 1);
                }
                pad(out, indent);
                out.push_str("}\n");
            }
        }
    }

    fn interface<'t>(
        &self,
        out: &mut String,
        declaration: &TypeDeclaration,
        extends: impl Iterator<Item = &'t TypeExpr>,
        members: &[Member],
        indent: usize,
    ) {
        let _ = write!(out, "interface {}", declaration.name);
        self.type_parameters(out, &declaration.type_parameters, indent);
        for (i, parent) in extends.enumerate() {
            out.push_str(if i == 0 { " extends " } else { ", " });
            self.write(out, parent, Tightness::Postfix, indent);
        }
        out.push(' ');
        self.block(out, members, indent);
        out.push('\n');
    }

    /// `declare const`, with the declared type or that of the value.
    pub fn constant_declaration(&self, out: &mut String, name: &str, value: &Constant) {
        docs(out, value.docs.as_deref(), 0);
        match (&value.ty, &value.value) {
            (Some(ty), _) => {
                let _ = writeln!(out, "declare const {name}: {};", self.ty(ty));
            }
            (None, ConstantValue::String(_) | ConstantValue::Boolean(_)) => {
                let _ = writeln!(out, "declare const {name} = {};", constant(&value.value, 0));
            }
            (None, ConstantValue::Number(n)) if n.is_finite() => {
                let _ = writeln!(out, "declare const {name} = {};", constant(&value.value, 0));
            }
            (None, other) => {
                let _ = writeln!(
                    out,
                    "declare const {name}: {};",
                    constant_type(other, value.as_const)
                );
            }
        }
    }
}

/// An enum at run time: names to values and, of numbers, back.
pub fn enumeration(members: &[EnumMember]) -> String {
    let mut entries: Vec<(String, String)> = Vec::new();
    let mut set = |name: String, value: String| match entries.iter_mut().find(|(n, _)| *n == name) {
        Some(entry) => entry.1 = value,
        None => entries.push((name, value)),
    };
    for member in members {
        let Some(value) = &member.value else { continue };
        let text = constant(value, 0);
        set(key(&Key::Name(member.name.clone())), text.clone());
        if let ConstantValue::Number(n) = value {
            set(string(&number(*n)), string(&member.name));
        }
    }
    let entries: Vec<String> =
        entries.into_iter().map(|(name, value)| format!("  {name}: {value},\n")).collect();
    format!("{{\n{}}}", entries.concat())
}

/// A constant as JavaScript.
pub fn constant(value: &ConstantValue, indent: usize) -> String {
    match value {
        ConstantValue::Undefined => "undefined".to_owned(),
        ConstantValue::Null => "null".to_owned(),
        ConstantValue::Boolean(value) => value.to_string(),
        ConstantValue::Number(n) => number(*n),
        ConstantValue::BigInt(text) => format!("{text}n"),
        ConstantValue::String(text) => string(text),
        ConstantValue::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| constant(item, indent)).collect();
            format!("[{}]", items.join(", "))
        }
        ConstantValue::Object(fields) if fields.is_empty() => "{}".to_owned(),
        ConstantValue::Object(fields) => {
            let fields: Vec<String> = fields
                .iter()
                .map(|(name, value)| {
                    // `__proto__: x` would set the prototype.
                    let name = if *name == Key::Name("__proto__".to_owned()) {
                        "[\"__proto__\"]".to_owned()
                    } else {
                        key(name)
                    };
                    format!("{}{name}: {}", "  ".repeat(indent + 1), constant(value, indent + 1))
                })
                .collect();
            format!("{{\n{}\n{}}}", fields.join(",\n"), "  ".repeat(indent))
        }
    }
}

fn constant_type(value: &ConstantValue, exact: bool) -> String {
    let readonly = if exact { "readonly " } else { "" };
    match value {
        ConstantValue::Undefined => "undefined".to_owned(),
        ConstantValue::Null => "null".to_owned(),
        ConstantValue::Boolean(_) if !exact => "boolean".to_owned(),
        ConstantValue::Number(n) if !exact || !n.is_finite() => "number".to_owned(),
        ConstantValue::BigInt(_) if !exact => "bigint".to_owned(),
        ConstantValue::String(_) if !exact => "string".to_owned(),
        ConstantValue::Boolean(_)
        | ConstantValue::Number(_)
        | ConstantValue::BigInt(_)
        | ConstantValue::String(_) => constant(value, 0),
        ConstantValue::Array(items) if exact => {
            let items: Vec<String> = items.iter().map(|item| constant_type(item, true)).collect();
            format!("readonly [{}]", items.join(", "))
        }
        ConstantValue::Array(items) => {
            let mut types: Vec<String> = Vec::new();
            for item in items {
                let ty = constant_type(item, false);
                if !types.contains(&ty) {
                    types.push(ty);
                }
            }
            match types.as_slice() {
                [] => "never[]".to_owned(),
                [one] => format!("{one}[]"),
                several => format!("({})[]", several.join(" | ")),
            }
        }
        ConstantValue::Object(fields) if fields.is_empty() => "{}".to_owned(),
        ConstantValue::Object(fields) => {
            let fields: Vec<String> = fields
                .iter()
                .map(|(name, value)| {
                    format!("{readonly}{}: {}", key(name), constant_type(value, exact))
                })
                .collect();
            format!("{{ {} }}", fields.join("; "))
        }
    }
}

/// A doc comment; what would end it early is defused.
pub fn docs(out: &mut String, text: Option<&str>, indent: usize) {
    let Some(text) = text else { return };
    let text = text.replace("*/", "*\\/");
    let lines: Vec<&str> = text.lines().collect();
    pad(out, indent);
    if let [line] = lines.as_slice() {
        let _ = writeln!(out, "/** {line} */");
        return;
    }
    out.push_str("/**\n");
    for line in lines {
        pad(out, indent);
        out.push_str(" *");
        if !line.is_empty() {
            out.push(' ');
            out.push_str(line);
        }
        out.push('\n');
    }
    pad(out, indent);
    out.push_str(" */\n");
}

fn pad(out: &mut String, indent: usize) {
    for _ in 0..indent {
        out.push_str("  ");
    }
}

pub fn key(key: &Key) -> String {
    match key {
        Key::Name(name) if is_identifier(name) => name.clone(),
        Key::Name(name) => string(name),
        Key::Number(text) => text.clone(),
        Key::Computed(path) => format!("[{path}]"),
    }
}

/// Good for a property name, reserved words included.
pub fn is_identifier(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(Ident::is_valid_start) && chars.all(Ident::is_valid_continue)
}

/// A string literal that is right in JavaScript and TypeScript alike.
pub fn string(text: &str) -> String {
    let json = serde_json::Value::String(text.to_owned()).to_string();
    json.replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}

/// A number as JavaScript prints it.
pub fn number(n: f64) -> String {
    if n.is_nan() {
        "NaN".to_owned()
    } else if n.is_infinite() {
        if n > 0.0 { "Infinity".to_owned() } else { "-Infinity".to_owned() }
    } else if n == 0.0 && n.is_sign_negative() {
        "-0".to_owned()
    } else if n.abs() >= 1e21 || (n != 0.0 && n.abs() < 1e-6) {
        format!("{n:e}").replace('e', if n.abs() >= 1.0 { "e+" } else { "e" })
    } else {
        format!("{n}")
    }
}

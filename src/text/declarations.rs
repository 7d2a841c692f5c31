//! Declarations → TypeScript text.

use std::fmt::Write as _;

use crate::model::{
    contract::{Constant, ConstantValue, TypeDeclaration, TypeDeclarationKind},
    types::{Key, Member, TypeExpr},
};

use super::{
    types::{Printer, Tightness},
    values::{constant, key},
};

impl Printer<'_> {
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

pub fn pad(out: &mut String, indent: usize) {
    for _ in 0..indent {
        out.push_str("  ");
    }
}

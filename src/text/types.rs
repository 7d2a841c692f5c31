//! Types → TypeScript text.

use std::fmt::Write as _;

use crate::model::types::{
    FunctionType, LiteralType, Member, MemberKind, Parameter, TypeExpr, TypeParameter,
};

use super::{
    declarations::{docs, pad},
    values::{key, string},
};

/// Prints types of one declaration file.
pub struct Printer<'a> {
    /// `import('…')` as written → as printed.
    pub specifier: &'a (dyn Fn(&str) -> String + Sync),
}

/// How tightly a type must hold together where it stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tightness {
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

    pub fn write(&self, out: &mut String, ty: &TypeExpr, needed: Tightness, indent: usize) {
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
            // The names are this package's, and say no more to TypeScript.
            TypeExpr::Scalar { bigint, .. } => {
                out.push_str(if *bigint { "bigint" } else { "number" });
            }
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

    pub fn joined(
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

    pub fn arguments(&self, out: &mut String, arguments: &[TypeExpr], indent: usize) {
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
    pub fn block(&self, out: &mut String, members: &[Member], indent: usize) {
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
}

//! The arguments of annotations: one object or keyword arguments → typed values.

use swc_common::Spanned;
use swc_ecma_ast::{
    AssignOp, AssignTarget, Expr, ExprOrSpread, MemberExpr, MemberProp, Prop, PropName,
    PropOrSpread, SimpleAssignTarget,
};

use super::{
    Extractor,
    constant::NotConstant,
    diagnostics::{
        invalid_route_name, not_available, not_constant, not_endpoints, positional, repeated,
        unknown_argument, unknown_perm, wrong_value,
    },
};
use crate::{
    model::{
        Span,
        contract::{ConstantValue, Filter, FilterPart, Isolation, Located, NamedFilter},
    },
    source::{Annotation, span},
};

/// One named argument of an annotation.
struct Argument<'a> {
    name: String,
    name_span: Span,
    value: &'a Expr,
}

/// What `@backend` says.
#[derive(Default)]
pub struct Backend {
    pub ugroup: Option<String>,
    pub egroup: Option<String>,
    pub perm: Option<u8>,
    pub route: Option<String>,
    pub isolation: Isolation,
    pub retry: bool,
}

const BACKEND: &[&str] = &["ugroup", "perm", "egroup", "name", "isolation", "retry"];
const FILTER: &[&str] = &["prefixurl", "egroup", "endpoints"];

impl Extractor<'_> {
    pub fn backend(&self, arguments: &[ExprOrSpread]) -> Backend {
        let mut backend = Backend::default();
        for argument in self.named("backend", arguments, BACKEND) {
            match argument.name.as_str() {
                "ugroup" => backend.ugroup = self.string(&argument),
                "egroup" => backend.egroup = self.string(&argument),
                "perm" => backend.perm = self.perm(&argument),
                "name" => {
                    backend.route = self.string(&argument).filter(|name| {
                        let valid = is_route_name(name);
                        if !valid {
                            self.report(invalid_route_name(
                                self.file,
                                span(argument.value.span()),
                                name,
                            ));
                        }
                        valid
                    });
                }
                "isolation" => backend.isolation = self.isolation(&argument),
                _ => backend.retry = self.flag(&argument),
            }
        }
        backend
    }

    pub fn filter(&self, arguments: &[ExprOrSpread]) -> Filter {
        let mut filter = Filter::default();
        if let [ExprOrSpread { spread: None, expr }] = arguments
            && let Some(named) = self.elsewhere(FilterPart::Whole, expr)
        {
            filter.named.push(named);
            return filter;
        }
        for argument in self.named("mwfilter", arguments, FILTER) {
            let at = span(argument.value.span());
            let part = match argument.name.as_str() {
                "prefixurl" => FilterPart::Prefixurl,
                "egroup" => FilterPart::Egroup,
                _ => FilterPart::Endpoints,
            };
            if let Some(named) = self.elsewhere(part, argument.value) {
                filter.named.push(named);
                continue;
            }
            let text = || self.string(&argument).map(|value| Located { value, span: at });
            match part {
                FilterPart::Prefixurl => filter.prefixurl = text(),
                FilterPart::Egroup => filter.egroup = text(),
                _ => filter.endpoints = self.endpoints(&argument, &mut filter.named),
            }
        }
        filter
    }

    /// A name whose value may be known in another file, or in an object of this one.
    fn elsewhere(&self, part: FilterPart, expr: &Expr) -> Option<NamedFilter> {
        if self.constants.evaluate(expr).is_ok() {
            return None;
        }
        let path = path(self.constants.peel(expr))?;
        Some(NamedFilter { part, path, span: span(expr.span()) })
    }

    /// `@perm(perms.R__)`: the one annotation with a positional value.
    pub fn field_perm(&self, annotation: &Annotation) -> Option<u8> {
        if self.is_unreadable(annotation) {
            return None;
        }
        match annotation.arguments.as_deref() {
            Some([argument]) if argument.spread.is_none() => self.perm(&Argument {
                name: "perm".to_owned(),
                name_span: annotation.span,
                value: &argument.expr,
            }),
            _ => {
                self.report(wrong_value(
                    self.file,
                    annotation.span,
                    "perm",
                    "one mask",
                    "write `@perm(perms.R__)`, say",
                ));
                None
            }
        }
    }

    /// `@table("people")`.
    pub fn table_name(&self, annotation: &Annotation) -> Option<Located<String>> {
        if self.is_unreadable(annotation) {
            return None;
        }
        match annotation.arguments.as_deref() {
            Some([argument]) if argument.spread.is_none() => {
                let at = span(argument.expr.span());
                self.string(&Argument {
                    name: "table".to_owned(),
                    name_span: annotation.span,
                    value: &argument.expr,
                })
                .map(|value| Located { value, span: at })
            }
            _ => {
                self.report(wrong_value(
                    self.file,
                    annotation.span,
                    "table",
                    "one name",
                    "write `@table(\"people\")`, say",
                ));
                None
            }
        }
    }

    /// Its arguments did not parse, which has been reported.
    fn is_unreadable(&self, annotation: &Annotation) -> bool {
        let inside = |at: Option<Span>| at.is_some_and(|at| annotation.span.contains(at));
        self.diagnostics.borrow().iter().any(|d| d.code == "K009" && inside(d.span))
    }

    pub fn no_arguments(&self, annotation: &Annotation) {
        if let Some(arguments) = annotation.arguments.as_deref() {
            self.named(annotation.name.as_str(), arguments, &[]);
        }
    }

    pub fn later(&self, annotation: &Annotation, instead: &str) {
        self.report(not_available(
            self.file,
            annotation.span,
            &format!("`@{}`", annotation.name.as_str()),
            instead,
        ));
    }

    pub fn check_repeated(&self, earlier: &[&Annotation], annotation: &Annotation) {
        if let Some(first) = earlier.iter().find(|a| a.name == annotation.name) {
            let name = format!("@{}", annotation.name.as_str());
            self.report(repeated(self.file, annotation.span, first.span, &name));
        }
    }

    fn named<'e>(
        &'e self,
        annotation: &str,
        arguments: &'e [ExprOrSpread],
        known: &[&str],
    ) -> Vec<Argument<'e>> {
        let mut found: Vec<Argument<'e>> = Vec::new();
        for (i, argument) in arguments.iter().enumerate() {
            let at = span(argument.expr.span());
            if argument.spread.is_some() {
                self.report(not_constant(self.file, at, &arguments_of(annotation)));
                continue;
            }
            match &*argument.expr {
                // `ugroup="admin"` reads as an assignment.
                Expr::Assign(assign) if assign.op == AssignOp::Assign => match &assign.left {
                    AssignTarget::Simple(SimpleAssignTarget::Ident(name)) => self.add(
                        &mut found,
                        Argument {
                            name: name.id.sym.to_string(),
                            name_span: span(name.id.span),
                            value: &assign.right,
                        },
                    ),
                    _ => self.report(positional(self.file, at, annotation, known)),
                },
                expr if i == 0 && arguments.len() == 1 => match self.constants.peel(expr) {
                    Expr::Object(object) => {
                        for prop in &object.props {
                            self.object_argument(annotation, prop, &mut found);
                        }
                    }
                    _ => self.report(positional(self.file, at, annotation, known)),
                },
                _ => self.report(positional(self.file, at, annotation, known)),
            }
        }
        found.retain(|argument| {
            let valid = known.contains(&argument.name.as_str());
            if !valid {
                self.report(unknown_argument(
                    self.file,
                    argument.name_span,
                    annotation,
                    &argument.name,
                    known,
                ));
            }
            valid
        });
        found
    }

    fn object_argument<'e>(
        &'e self,
        annotation: &str,
        prop: &'e PropOrSpread,
        found: &mut Vec<Argument<'e>>,
    ) {
        let at = span(prop.span());
        let PropOrSpread::Prop(prop) = prop else {
            self.report(not_constant(self.file, at, &arguments_of(annotation)));
            return;
        };
        match &**prop {
            Prop::KeyValue(pair) => {
                let name = match &pair.key {
                    PropName::Ident(name) => name.sym.to_string(),
                    PropName::Str(name) => name.value.to_string_lossy().into_owned(),
                    _ => {
                        self.report(not_constant(self.file, at, &arguments_of(annotation)));
                        return;
                    }
                };
                self.add(
                    found,
                    Argument { name, name_span: span(pair.key.span()), value: &pair.value },
                );
            }
            // `{ perm }` names a constant of this file.
            Prop::Shorthand(name) => match self.constants.initializer(&name.sym) {
                Some(value) => {
                    self.add(found, Argument { name: name.sym.to_string(), name_span: at, value });
                }
                None => self.report(not_constant(self.file, at, &format!("`{}`", name.sym))),
            },
            _ => self.report(not_constant(self.file, at, &arguments_of(annotation))),
        }
    }

    fn add<'e>(&self, found: &mut Vec<Argument<'e>>, argument: Argument<'e>) {
        match found.iter().find(|a| a.name == argument.name) {
            Some(first) => self.report(repeated(
                self.file,
                argument.name_span,
                first.name_span,
                &argument.name,
            )),
            None => found.push(argument),
        }
    }

    fn evaluate(&self, argument: &Argument<'_>) -> Option<ConstantValue> {
        match self.constants.evaluate(argument.value) {
            Ok(ConstantValue::Undefined) => None,
            Ok(value) => Some(value),
            Err(NotConstant::Unknown(at)) => {
                self.report(not_constant(self.file, at, &format!("`{}`", argument.name)));
                None
            }
            Err(NotConstant::UnknownPerm { name, span }) => {
                self.report(unknown_perm(self.file, span, &name));
                None
            }
        }
    }

    fn string(&self, argument: &Argument<'_>) -> Option<String> {
        match self.evaluate(argument)? {
            ConstantValue::String(value) if !value.is_empty() => Some(value),
            _ => {
                self.report(wrong_value(
                    self.file,
                    span(argument.value.span()),
                    &argument.name,
                    "a non-empty string",
                    "write a text in quotes, or leave it out",
                ));
                None
            }
        }
    }

    fn isolation(&self, argument: &Argument<'_>) -> Isolation {
        match self.evaluate(argument) {
            None => Isolation::Serializable,
            Some(ConstantValue::String(name)) if name == "serializable" => Isolation::Serializable,
            Some(ConstantValue::String(name)) if name == "none" => Isolation::None,
            Some(_) => {
                self.report(wrong_value(
                    self.file,
                    span(argument.value.span()),
                    &argument.name,
                    "'serializable' or 'none'",
                    "write `'none'` where each operation shall apply at once, or leave it out",
                ));
                Isolation::Serializable
            }
        }
    }

    fn flag(&self, argument: &Argument<'_>) -> bool {
        match self.evaluate(argument) {
            None => false,
            Some(ConstantValue::Boolean(value)) => value,
            Some(_) => {
                self.report(wrong_value(
                    self.file,
                    span(argument.value.span()),
                    &argument.name,
                    "true or false",
                    "write `true` where the function may run again after it had effects outside",
                ));
                false
            }
        }
    }

    fn endpoints(
        &self,
        argument: &Argument<'_>,
        named: &mut Vec<NamedFilter>,
    ) -> Option<Vec<Located<String>>> {
        let whole = span(argument.value.span());
        let Expr::Array(array) = self.constants.peel(argument.value) else {
            self.report(not_endpoints(self.file, whole));
            return None;
        };
        let mut names = Vec::with_capacity(array.elems.len());
        for element in array.elems.iter().flatten() {
            if let Some(name) = self.elsewhere(FilterPart::Endpoints, &element.expr) {
                named.push(name);
                continue;
            }
            let at = span(element.expr.span());
            match self.constants.evaluate(&element.expr) {
                Ok(value) if is_endpoint(&value, element.spread.is_some()) => {
                    let texts = value.texts().unwrap_or_default().into_iter();
                    names.extend(texts.map(|value| Located { value, span: at }));
                }
                _ => {
                    self.report(not_endpoints(self.file, at));
                    return None;
                }
            }
        }
        if array.elems.is_empty() {
            self.report(wrong_value(
                self.file,
                whole,
                &argument.name,
                "an array of at least one route name",
                "name the routes, or leave it out for all",
            ));
            return None;
        }
        Some(names)
    }

    fn perm(&self, argument: &Argument<'_>) -> Option<u8> {
        match self.evaluate(argument)? {
            ConstantValue::Number(n) if (0.0..=7.0).contains(&n) && n.fract() == 0.0 =>
            {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "an integer from 0 to 7"
                )]
                Some(n as u8)
            }
            _ => {
                self.report(wrong_value(
                    self.file,
                    span(argument.value.span()),
                    &argument.name,
                    "a mask from 0 to 7",
                    "write `perms.RW_`, say, or several with `|` between",
                ));
                None
            }
        }
    }
}

fn is_endpoint(value: &ConstantValue, spread: bool) -> bool {
    matches!(value, ConstantValue::Array(_)) == spread && value.texts().is_some()
}

/// `admin` or `groups.admin`.
fn path(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Ident(name) if name.sym != "undefined" => Some(name.sym.to_string()),
        Expr::Member(MemberExpr { obj, prop: MemberProp::Ident(name), .. }) => {
            Some(format!("{}.{}", path(obj)?, name.sym))
        }
        _ => None,
    }
}

fn arguments_of(annotation: &str) -> String {
    format!("each argument of `{annotation}`")
}

/// Names with dots between: they stand in a URL's path as they are.
pub fn is_route_name(name: &str) -> bool {
    name.len() <= 128
        && name.split('.').all(|part| {
            let mut chars = part.chars();
            chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_' || c == '$')
                && chars.all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '$')
        })
        && !name.split('.').any(is_reserved_route_part)
}

/// `api` is an object, in which these mean something else.
pub fn is_reserved_route_part(part: &str) -> bool {
    matches!(part, "__proto__" | "constructor" | "prototype")
}

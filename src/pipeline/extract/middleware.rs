//! The entries of `defineMiddleware([...])` in the middleware file.
//!
//! Input:
//! ```ts
//! export default defineMiddleware([
//!   @mwfilter(egroup="admin") async (ctx, next) => { await next(); },
//!   mwfilter({ prefixurl: '/rpc' }, limit),
//!   { fn: audit, filter: { endpoints: ['deleteUser'] } },
//!   logger,
//!   ...guards,
//! ]);
//! ```
//! Output: a `Middleware` each, in order.

use swc_common::{BytePos, Spanned};
use swc_ecma_ast::{
    ArrayLit, CallExpr, Decl, ExportDecl, Expr, ExprOrSpread, Module, ModuleDecl, ModuleItem, Prop,
    PropName, PropOrSpread, Stmt,
};

use super::{
    Extractor,
    diagnostics::{no_middleware_list, unreadable_middleware},
};
use crate::{
    model::{
        Span,
        contract::{Filter, Middleware},
    },
    source::{AnnotationName, span},
};

impl Extractor<'_> {
    /// None where the file has no list (which is reported).
    pub fn middleware(&self, module: &Module) -> Option<Vec<Middleware>> {
        let default = module.body.iter().find_map(|item| match item {
            ModuleItem::ModuleDecl(ModuleDecl::ExportDefaultExpr(export)) => Some(&*export.expr),
            _ => None,
        });
        let Some(default) = default else {
            self.report(no_middleware_list(self.file, None));
            return None;
        };
        let list = match self.constants.peel(default) {
            Expr::Call(call) if self.names.is_call(call, "defineMiddleware") => {
                match call.args.as_slice() {
                    [argument] if argument.spread.is_none() => self.constants.peel(&argument.expr),
                    _ => default,
                }
            }
            other => other,
        };
        let Expr::Array(array) = list else {
            self.report(no_middleware_list(self.file, Some(span(default.span()))));
            return None;
        };
        let mut entries = Vec::new();
        self.list(module, array, &mut vec![array.span.lo], &mut entries);
        Some(entries)
    }

    fn list(
        &self,
        module: &Module,
        array: &ArrayLit,
        read: &mut Vec<BytePos>,
        entries: &mut Vec<Middleware>,
    ) {
        for entry in &array.elems {
            let Some(entry) = entry else {
                let at = span(array.span);
                self.report(unreadable_middleware(self.file, at, "a place is left empty"));
                continue;
            };
            if entry.spread.is_none() {
                entries.push(self.entry(module, &entry.expr));
                continue;
            }
            match self.constants.peel(&entry.expr) {
                // Each array once: it may spread itself, and its annotations are taken.
                Expr::Array(array) if !read.contains(&array.span.lo) => {
                    read.push(array.span.lo);
                    self.list(module, array, read, entries);
                }
                Expr::Array(_) => self.report(unreadable_middleware(
                    self.file,
                    span(entry.expr.span()),
                    "this array is in the list already",
                )),
                _ => self.report(unreadable_middleware(
                    self.file,
                    span(entry.expr.span()),
                    "only an array constant of this file can be spread",
                )),
            }
        }
    }

    fn entry(&self, module: &Module, entry: &Expr) -> Middleware {
        let at = span(entry.span());
        let mut function = None;
        let taken = self.annotations.take(entry.span(), entry.span());
        let mut filter = Filter::default();
        for (i, annotation) in taken.iter().enumerate() {
            self.check_repeated(&taken[..i], annotation);
            if annotation.name == AnnotationName::MwFilter {
                filter = self.filter(annotation.arguments.as_deref().unwrap_or_default());
            } else {
                let help = format!(
                    "`@{}` stands before {}",
                    annotation.name.as_str(),
                    super::belongs(annotation.name)
                );
                let name = annotation.name.as_str();
                self.report(super::diagnostics::wrong_kind(
                    self.file,
                    annotation.span,
                    name,
                    "a middleware",
                    &help,
                ));
            }
        }
        match self.constants.peel(entry) {
            expr @ (Expr::Arrow(_) | Expr::Fn(_) | Expr::Ident(_)) => {
                function = self.text(module, expr);
            }
            Expr::Member(_) => {}
            Expr::Call(call) if self.names.is_call(call, "mwfilter") => {
                filter = self.wrapped(call);
                function = call.args.get(1).and_then(|fun| self.text(module, &fun.expr));
            }
            // `rateLimit({ max: 10 })` makes a middleware.
            Expr::Call(_) => {}
            Expr::Object(object) => {
                let (mut has_function, mut has_spread) = (false, false);
                for prop in &object.props {
                    let PropOrSpread::Prop(prop) = prop else {
                        self.report(unreadable_middleware(
                            self.file,
                            span(prop.span()),
                            "what the spread brings is not known at build time",
                        ));
                        has_spread = true;
                        continue;
                    };
                    let (name, value) = match &**prop {
                        Prop::KeyValue(pair) => match &pair.key {
                            PropName::Ident(name) => (name.sym.to_string(), Some(&pair.value)),
                            PropName::Str(name) => {
                                (name.value.to_string_lossy().into_owned(), Some(&pair.value))
                            }
                            _ => (String::new(), None),
                        },
                        Prop::Shorthand(name) => (name.sym.to_string(), None),
                        Prop::Method(method) => match &method.key {
                            PropName::Ident(name) => (name.sym.to_string(), None),
                            _ => (String::new(), None),
                        },
                        _ => (String::new(), None),
                    };
                    match (name.as_str(), value) {
                        ("fn", value) => {
                            has_function = true;
                            function = match (&**prop, value) {
                                (Prop::Method(method), _) => Some(span(method.function.span)),
                                (Prop::Shorthand(name), _) => {
                                    self.text(module, &Expr::Ident(name.clone()))
                                }
                                (_, Some(value)) => self.text(module, value),
                                _ => None,
                            };
                        }
                        ("filter", Some(value)) => {
                            filter =
                                self.filter(&[ExprOrSpread { spread: None, expr: value.clone() }]);
                        }
                        _ => self.report(unreadable_middleware(
                            self.file,
                            span(prop.span()),
                            "only `fn` and `filter` are known",
                        )),
                    }
                }
                if !has_function && !has_spread {
                    self.report(unreadable_middleware(self.file, at, "it has no `fn`"));
                }
            }
            _ => self.report(unreadable_middleware(self.file, at, "it is no function")),
        }
        Middleware { filter, span: at, function }
    }

    /// The function that an expression stands for, where this file holds its text.
    fn text(&self, module: &Module, expr: &Expr) -> Option<Span> {
        match self.constants.peel(expr) {
            Expr::Arrow(arrow) => Some(span(arrow.span)),
            Expr::Fn(function) => Some(span(function.function.span)),
            Expr::Ident(name) => module.body.iter().find_map(|item| match item {
                ModuleItem::Stmt(Stmt::Decl(Decl::Fn(declaration)))
                | ModuleItem::ModuleDecl(ModuleDecl::ExportDecl(ExportDecl {
                    decl: Decl::Fn(declaration),
                    ..
                })) if declaration.ident.sym == name.sym && declaration.function.body.is_some() => {
                    Some(span(declaration.function.span))
                }
                _ => None,
            }),
            _ => None,
        }
    }

    fn wrapped(&self, call: &CallExpr) -> Filter {
        self.consumed.borrow_mut().insert(call.span.lo);
        match call.args.as_slice() {
            [options, function] if options.spread.is_none() && function.spread.is_none() => {
                self.filter(std::slice::from_ref(options))
            }
            _ => {
                self.report(unreadable_middleware(
                    self.file,
                    span(call.span),
                    "`mwfilter` takes a filter and a function",
                ));
                Filter::default()
            }
        }
    }
}

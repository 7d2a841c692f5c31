//! What calling the functions of a module gives, and what they write into tables.

use std::collections::BTreeMap;

use swc_ecma_ast::{
    ArrowExpr, ArrowFunctionBody, Class, ClassMember, Decl, DefaultDecl, Expr, Function, Module,
    ModuleDecl, ModuleItem, Pat, Prop, PropOrSpread, Stmt,
};

use super::{Extractor, constant::property_key, infer, unparenthesized};
use crate::model::{
    contract::{FunctionResult, Insert},
    types::{Key, TypeExpr},
};

#[derive(Default)]
pub struct Results {
    pub functions: BTreeMap<String, FunctionResult>,
    pub inserts: Vec<Insert>,
    /// Names with several signatures.
    overloaded: Vec<String>,
}

impl Extractor<'_> {
    /// By the name that calls in this module use: `load`, `Service.find`, `default`.
    pub fn results(&self, module: &Module) -> Results {
        let mut results = Results::default();
        for item in &module.body {
            match item {
                ModuleItem::ModuleDecl(ModuleDecl::ExportDecl(export)) => {
                    self.results_of(&export.decl, &mut results);
                }
                ModuleItem::Stmt(Stmt::Decl(decl)) => self.results_of(decl, &mut results),
                ModuleItem::ModuleDecl(ModuleDecl::ExportDefaultDecl(export)) => {
                    match &export.decl {
                        DefaultDecl::Fn(function) => {
                            let name = function.ident.as_ref().map_or("default", |i| &i.sym);
                            self.function_result(name, &function.function, None, &mut results);
                        }
                        DefaultDecl::Class(class) => {
                            if let Some(ident) = &class.ident {
                                self.class_results(&ident.sym, &class.class, &mut results);
                            }
                        }
                        DefaultDecl::TsInterfaceDecl(_) => {}
                    }
                }
                ModuleItem::ModuleDecl(ModuleDecl::ExportDefaultExpr(export)) => {
                    self.value_result("default", &export.expr, &mut results);
                }
                _ => {}
            }
        }
        for name in std::mem::take(&mut results.overloaded) {
            results.functions.remove(&name);
        }
        results
    }

    fn results_of(&self, decl: &Decl, results: &mut Results) {
        match decl {
            Decl::Fn(function) => {
                self.function_result(&function.ident.sym, &function.function, None, results);
            }
            Decl::Class(class) => self.class_results(&class.ident.sym, &class.class, results),
            Decl::Var(var) => {
                for declarator in &var.decls {
                    if let (Pat::Ident(ident), Some(init)) = (&declarator.name, &declarator.init) {
                        self.value_result(&ident.id.sym, init, results);
                    }
                }
            }
            _ => {}
        }
    }

    fn value_result(&self, name: &str, value: &Expr, results: &mut Results) {
        match unparenthesized(value) {
            Expr::Arrow(arrow) => self.arrow_result(name, arrow, results),
            Expr::Fn(function) => self.function_result(name, &function.function, None, results),
            Expr::Call(call) if self.names.is_call(call, "backend") => {
                if let Some(last) = call.args.last() {
                    self.value_result(name, &last.expr, results);
                }
            }
            Expr::Object(object) => {
                for prop in &object.props {
                    let PropOrSpread::Prop(prop) = prop else { continue };
                    match &**prop {
                        Prop::KeyValue(pair) => {
                            if let Some(Key::Name(key)) = property_key(&pair.key)
                                && matches!(&*pair.value, Expr::Arrow(_) | Expr::Fn(_))
                            {
                                self.value_result(&format!("{name}.{key}"), &pair.value, results);
                            }
                        }
                        Prop::Method(method) => {
                            if let Some(Key::Name(key)) = property_key(&method.key) {
                                let of = Some(name);
                                let name = format!("{name}.{key}");
                                self.function_result(&name, &method.function, of, results);
                            }
                        }
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }

    fn class_results(&self, name: &str, class: &Class, results: &mut Results) {
        for member in &class.body {
            if let ClassMember::Method(method) = member
                && let Some(Key::Name(key)) = property_key(&method.key)
            {
                let path = format!("{name}.{key}");
                self.function_result(&path, &method.function, Some(name), results);
            }
        }
    }

    fn function_result(
        &self,
        name: &str,
        function: &Function,
        class: Option<&str>,
        results: &mut Results,
    ) {
        let patterns: Vec<&Pat> = function.params.iter().map(|p| &p.pat).collect();
        let Some(body) = &function.body else {
            results.overloaded.push(name.to_owned());
            return;
        };
        self.add_result(
            name,
            Looked {
                declared: self.annotation(function.return_type.as_deref()),
                type_parameters: self
                    .type_parameters(function.type_params.as_deref())
                    .into_iter()
                    .map(|p| p.name)
                    .collect(),
                patterns: &patterns,
                body: infer::Body::Block(&body.stmts),
                is_async: function.is_async,
                is_generator: function.is_generator,
                class,
            },
            results,
        );
    }

    fn arrow_result(&self, name: &str, arrow: &ArrowExpr, results: &mut Results) {
        let patterns: Vec<&Pat> = arrow.params.iter().collect();
        self.add_result(
            name,
            Looked {
                declared: self.annotation(arrow.return_type.as_deref()),
                type_parameters: self
                    .type_parameters(arrow.type_params.as_deref())
                    .into_iter()
                    .map(|p| p.name)
                    .collect(),
                patterns: &patterns,
                body: match &*arrow.body {
                    ArrowFunctionBody::FunctionBody(body) => infer::Body::Block(&body.stmts),
                    ArrowFunctionBody::Expr(expr) => infer::Body::Expr(expr),
                },
                is_async: arrow.is_async,
                is_generator: arrow.is_generator,
                class: None,
            },
            results,
        );
    }

    fn add_result(&self, name: &str, looked: Looked<'_>, results: &mut Results) {
        let Looked { declared, type_parameters, patterns, body, is_async, is_generator, class } =
            looked;
        // Reading a body costs time, and most say nothing that is asked for.
        let mut inferred = None;
        if (declared.is_none() && !is_generator) || self.mentions_storage {
            let parameters: Vec<_> = self
                .parameters(patterns.iter().copied())
                .into_iter()
                .filter(|p| p.name != "this")
                .collect();
            let subject = infer::Subject { patterns, parameters: &parameters, body, class };
            let (ty, inserts) = self.look_into(&subject);
            results.inserts.extend(inserts);
            inferred = ty.map(|ty| if is_async { infer::promise(ty) } else { ty });
        }
        if let Some(ty) = declared.or(inferred.filter(|_| !is_generator)) {
            results.functions.insert(name.to_owned(), FunctionResult { ty, type_parameters });
        }
    }
}

struct Looked<'a> {
    declared: Option<TypeExpr>,
    type_parameters: Vec<String>,
    patterns: &'a [&'a Pat],
    body: infer::Body<'a>,
    is_async: bool,
    is_generator: bool,
    class: Option<&'a str>,
}

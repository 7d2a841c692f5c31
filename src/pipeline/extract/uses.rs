//! What a module's code uses: imported names as values, free `ctx` and `env`, tables, strings.

use rustc_hash::FxHashSet;
use swc_atoms::{Atom, Wtf8Atom};
use swc_common::{Span as SwcSpan, Spanned, SyntaxContext};
use swc_ecma_ast::{
    ArrayPat, ArrowExpr, AssignPatProp, CallExpr, Callee, ExportNamedSpecifier, Expr, Function,
    Ident, ImportDecl, JSXAttrName, JSXElementName, JSXMemberExpr, JSXObject, KeyValueProp, Lit,
    MemberExpr, MemberProp, ModuleExportName, NamedExport, ObjectPatProp, ParenExpr, Pat, Prop,
    PropName, Str, TsAsExpr, TsEntityName, TsExprWithTypeArgs, TsImportEqualsDecl, TsInterfaceDecl,
    TsModuleName, TsModuleRef, TsNonNullExpr, TsType, TsTypeAliasDecl, TsTypeParamDecl,
    TsTypeParamInstantiation, UnaryExpr, UnaryOp, UsingDecl, VarDecl, VarDeclarator,
};
use swc_ecma_visit::{Visit, VisitWith};

use super::{
    Extractor,
    diagnostics::{misplaced_call, not_available, not_offered, reserved_name},
};
use crate::{
    model::contract::{ContextUse, Import, TableUse},
    source::{diagnostics::syntax, span},
};

/// Shorter strings occur everywhere.
const MIN_STRING: usize = 6;

#[derive(Default)]
pub struct Uses {
    /// Top-level names used as values.
    pub values: FxHashSet<Atom>,
    pub context: Vec<ContextUse>,
    pub tables: Vec<TableUse>,
    pub dynamic_imports: Vec<Import>,
    /// As atoms: most modules are no server modules, and theirs are thrown away.
    pub strings: FxHashSet<Wtf8Atom>,
}

pub struct Visitor<'a> {
    pub extractor: &'a Extractor<'a>,
    /// What the resolver gave to names that nothing declares.
    pub unresolved: SyntaxContext,
    pub top_level: SyntaxContext,
    /// `ctx`, `env` are declared by `declare const`, or imported from `kontract/runtime`.
    pub ambient: FxHashSet<String>,
    pub uses: Uses,
    /// `await` is allowed here.
    pub awaits: bool,
}

impl Visitor<'_> {
    pub fn is_context(&self, ident: &Ident, name: &str) -> bool {
        if ident.ctxt == self.top_level {
            return self.extractor.names.imported_as(&ident.sym) == Some(name)
                || (ident.sym == name && self.ambient.contains(name));
        }
        ident.sym == name && ident.ctxt == self.unresolved
    }

    /// A call of Kontract's `backend`: imported, or undeclared and around a function.
    fn is_backend(&self, head: &Ident, callee: &Expr, call: &CallExpr) -> bool {
        (head.ctxt == self.top_level
            && self.extractor.names.is_imported_reference(callee, "backend"))
            || (head.ctxt == self.unresolved
                && self.extractor.names.is_call(call, "backend")
                && super::takes_function(call))
    }

    fn is_env(&self, expr: &Expr) -> bool {
        matches!(expr, Expr::Ident(ident) if self.is_context(ident, "env"))
    }

    fn is_storage(&self, expr: &Expr) -> bool {
        matches!(expr, Expr::Member(member) if self.is_env(&member.obj) && member.prop.is_ident_with("storage"))
    }

    fn use_ident(&mut self, ident: &Ident) {
        for name in ["ctx", "env"] {
            if self.is_context(ident, name) {
                let found = ContextUse { name: name.to_owned(), span: span(ident.span) };
                self.uses.context.push(found);
            }
        }
        if ident.ctxt == self.top_level && !self.uses.values.contains(&ident.sym) {
            self.uses.values.insert(ident.sym.clone());
        }
    }

    fn table(&mut self, name: &str, at: SwcSpan) {
        if !self.uses.tables.iter().any(|t| t.table == name) {
            self.uses.tables.push(TableUse { table: name.to_owned(), span: span(at) });
        }
    }

    fn string(&mut self, value: &Wtf8Atom) {
        if value.as_str().is_some_and(is_long) {
            self.uses.strings.insert(value.clone());
        }
    }

    fn later(&self, at: SwcSpan, what: &str, instead: &str) {
        self.extractor.report(not_available(self.extractor.file, span(at), what, instead));
    }
}

impl Visit for Visitor<'_> {
    fn visit_ident(&mut self, ident: &Ident) {
        self.use_ident(ident);
    }

    // Names that are declared, or belong to types, are no uses.
    fn visit_import_decl(&mut self, import: &ImportDecl) {
        for specifier in &import.specifiers {
            if !import.type_only {
                self.declared(specifier.local());
            }
        }
    }
    fn visit_ts_type(&mut self, _: &TsType) {}
    fn visit_ts_interface_decl(&mut self, _: &TsInterfaceDecl) {}
    fn visit_ts_type_alias_decl(&mut self, _: &TsTypeAliasDecl) {}
    fn visit_ts_expr_with_type_args(&mut self, _: &TsExprWithTypeArgs) {}
    fn visit_ts_type_param_decl(&mut self, _: &TsTypeParamDecl) {}
    fn visit_ts_type_param_instantiation(&mut self, _: &TsTypeParamInstantiation) {}

    fn visit_pat(&mut self, pat: &Pat) {
        match pat {
            Pat::Ident(ident) => self.declared(&ident.id),
            Pat::Rest(rest) => self.visit_pat(&rest.arg),
            pat => pat.visit_children_with(self),
        }
    }

    fn visit_array_pat(&mut self, pattern: &ArrayPat) {
        for ident in pattern.elems.iter().flatten().filter_map(Pat::as_ident) {
            if ident.id.sym == "this" {
                self.invalid(ident.id.span, "`this` cannot be declared");
            }
        }
        pattern.visit_children_with(self);
    }

    fn visit_function(&mut self, function: &Function) {
        let outer = std::mem::replace(&mut self.awaits, function.is_async);
        function.visit_children_with(self);
        self.awaits = outer;
    }

    fn visit_arrow_expr(&mut self, arrow: &ArrowExpr) {
        let outer = std::mem::replace(&mut self.awaits, arrow.is_async);
        arrow.visit_children_with(self);
        self.awaits = outer;
    }

    fn visit_using_decl(&mut self, using: &UsingDecl) {
        if using.is_await && !self.awaits {
            self.invalid(using.span, "`await using` belongs in async functions");
        }
        using.visit_children_with(self);
    }

    fn visit_object_pat_prop(&mut self, prop: &ObjectPatProp) {
        prop.visit_children_with(self);
    }

    fn visit_assign_pat_prop(&mut self, prop: &AssignPatProp) {
        self.declared(&prop.key);
        prop.value.visit_with(self);
    }

    fn visit_binding_ident(&mut self, ident: &swc_ecma_ast::BindingIdent) {
        // Assignment targets come here as well: `count = 1` uses `count`.
        self.use_ident(&ident.id);
    }

    fn visit_unary_expr(&mut self, unary: &UnaryExpr) {
        let mut operand = &*unary.arg;
        while let Expr::Paren(ParenExpr { expr, .. })
        | Expr::TsAs(TsAsExpr { expr, .. })
        | Expr::TsNonNull(TsNonNullExpr { expr, .. }) = operand
        {
            operand = expr;
        }
        if unary.op == UnaryOp::Delete && operand.is_ident() {
            self.invalid(unary.span, "`delete` removes properties, not variables");
        }
        unary.visit_children_with(self);
    }

    fn visit_fn_decl(&mut self, function: &swc_ecma_ast::FnDecl) {
        if function.ident.sym == "this" {
            self.invalid(function.ident.span, "`this` cannot be declared");
        }
        self.declared(&function.ident);
        function.function.visit_with(self);
    }

    fn visit_class_decl(&mut self, class: &swc_ecma_ast::ClassDecl) {
        self.declared(&class.ident);
        class.class.visit_with(self);
    }

    fn visit_fn_expr(&mut self, function: &swc_ecma_ast::FnExpr) {
        function.function.visit_with(self);
    }

    fn visit_class_expr(&mut self, class: &swc_ecma_ast::ClassExpr) {
        class.class.visit_with(self);
    }

    fn visit_ts_enum_decl(&mut self, decl: &swc_ecma_ast::TsEnumDecl) {
        if !decl.declare {
            self.declared(&decl.id);
            for member in &decl.members {
                member.init.visit_with(self);
            }
        }
    }

    fn visit_ts_module_decl(&mut self, module: &swc_ecma_ast::TsModuleDecl) {
        if !module.declare {
            if let TsModuleName::Ident(name) = &module.id {
                self.declared(name);
            }
            module.body.visit_with(self);
        }
    }

    fn visit_ts_import_equals_decl(&mut self, import: &TsImportEqualsDecl) {
        if let TsModuleRef::TsEntityName(name) = &import.module_ref
            && !import.is_type_only
        {
            let mut name = name;
            while let TsEntityName::TsQualifiedName(qualified) = name {
                name = &qualified.left;
            }
            if let TsEntityName::Ident(ident) = name {
                self.use_ident(ident);
            }
        }
    }

    fn visit_named_export(&mut self, export: &NamedExport) {
        if export.src.is_none() && !export.type_only {
            export.visit_children_with(self);
        }
    }

    fn visit_export_named_specifier(&mut self, specifier: &ExportNamedSpecifier) {
        if let ModuleExportName::Ident(ident) = &specifier.orig
            && !specifier.is_type_only
        {
            self.use_ident(ident);
        }
    }

    fn visit_prop(&mut self, prop: &Prop) {
        match prop {
            Prop::Shorthand(ident) => self.use_ident(ident),
            Prop::Method(method) if method.function.body.is_none() => {
                self.invalid(method.function.span, "Expected '{'");
            }
            prop => prop.visit_children_with(self),
        }
    }

    fn visit_key_value_prop(&mut self, pair: &KeyValueProp) {
        pair.key.visit_with(self);
        pair.value.visit_with(self);
    }

    fn visit_prop_name(&mut self, name: &PropName) {
        match name {
            PropName::Computed(computed) => computed.expr.visit_with(self),
            PropName::Str(s) => self.visit_str(s),
            _ => {}
        }
    }

    fn visit_jsx_element_name(&mut self, name: &JSXElementName) {
        match name {
            JSXElementName::Ident(ident) => {
                // Lower-case names are elements of the page, not values.
                if ident.sym.chars().next().is_some_and(|c| !c.is_ascii_lowercase()) {
                    self.use_ident(ident);
                }
            }
            JSXElementName::JSXMemberExpr(member) => self.visit_jsx_member_expr(member),
            JSXElementName::JSXNamespacedName(_) => {}
        }
    }

    fn visit_jsx_member_expr(&mut self, member: &JSXMemberExpr) {
        match &member.obj {
            JSXObject::Ident(ident) => self.use_ident(ident),
            JSXObject::JSXMemberExpr(inner) => self.visit_jsx_member_expr(inner),
        }
    }

    fn visit_jsx_attr_name(&mut self, _: &JSXAttrName) {}

    fn visit_var_decl(&mut self, var: &VarDecl) {
        if !var.declare {
            var.visit_children_with(self);
        }
    }

    fn visit_var_declarator(&mut self, declarator: &VarDeclarator) {
        // `const { users, posts } = env.storage`
        if let (Pat::Object(object), Some(init)) = (&declarator.name, &declarator.init)
            && self.is_storage(init)
        {
            for prop in &object.props {
                match prop {
                    ObjectPatProp::Assign(prop) => self.table(&prop.key.id.sym, prop.span),
                    ObjectPatProp::KeyValue(pair) => {
                        if let PropName::Ident(name) = &pair.key {
                            self.table(&name.sym, name.span);
                        }
                    }
                    ObjectPatProp::Rest(_) => {}
                }
            }
        }
        declarator.visit_children_with(self);
    }

    fn visit_member_expr(&mut self, member: &MemberExpr) {
        let name = match &member.prop {
            MemberProp::Ident(name) => Some(name.sym.as_str()),
            MemberProp::Computed(computed) => match &*computed.expr {
                Expr::Lit(Lit::Str(s)) => s.value.as_str(),
                _ => None,
            },
            MemberProp::PrivateName(_) => None,
        };
        if let Some(name) = name {
            let at = member.prop.span();
            if self.is_storage(&member.obj) {
                match name {
                    "get" | "transaction" => {}
                    _ => self.table(name, at),
                }
            } else if self.is_env(&member.obj) {
                match name {
                    "events" => self.later(at, "`env.events`", "poll a route"),
                    "trxs" => self.extractor.report(not_offered(
                        self.extractor.file,
                        span(at),
                        "`env.trxs`",
                        "it would expose sessions",
                    )),
                    _ => {}
                }
            }
        }
        member.obj.visit_with(self);
        if let MemberProp::Computed(computed) = &member.prop {
            computed.visit_with(self);
        }
    }

    fn visit_call_expr(&mut self, call: &CallExpr) {
        match &call.callee {
            Callee::Import(_) => {
                if let Some(argument) = call.args.first()
                    && let Expr::Lit(Lit::Str(specifier)) = &*argument.expr
                    && let Some(text) = specifier.value.as_str()
                {
                    self.uses.dynamic_imports.push(Import {
                        specifier: text.to_owned(),
                        span: span(specifier.span),
                        names: Vec::new(),
                        runtime: true,
                    });
                    return;
                }
            }
            Callee::Expr(callee) => {
                if let Some(head) = leading_ident(callee)
                    && self.is_backend(head, callee, call)
                    && !self.extractor.consumed.borrow().contains(&call.span.lo)
                {
                    self.extractor.report(misplaced_call(
                        self.extractor.file,
                        span(callee.span()),
                        "backend",
                    ));
                }
                // env.storage.get('users')
                if let Expr::Member(member) = &**callee
                    && self.is_storage(&member.obj)
                    && member.prop.is_ident_with("get")
                    && let Some(argument) = call.args.first()
                    && let Expr::Lit(Lit::Str(table)) = &*argument.expr
                    && let Some(table_name) = table.value.as_str()
                {
                    self.table(table_name, table.span);
                }
            }
            Callee::Super(_) => {}
        }
        call.visit_children_with(self);
    }

    fn visit_str(&mut self, s: &Str) {
        self.string(&s.value);
    }

    fn visit_tpl_element(&mut self, element: &swc_ecma_ast::TplElement) {
        if let Some(text) = &element.cooked {
            self.string(text);
        }
    }
}

impl Visitor<'_> {
    /// What the parser accepts although it is no JavaScript.
    fn invalid(&self, at: SwcSpan, message: &str) {
        self.extractor.report(syntax(self.extractor.file, span(at), message, None));
    }

    fn declared(&mut self, ident: &Ident) {
        if ident.ctxt == self.top_level
            && (ident.sym.starts_with("__kontract") || ident.sym.starts_with("__chain"))
        {
            self.extractor.report(reserved_name(self.extractor.file, span(ident.span), &ident.sym));
        }
    }
}

/// At least [`MIN_STRING`] UTF-16 units.
fn is_long(text: &str) -> bool {
    text.len() >= MIN_STRING
        && (text.len() >= 3 * MIN_STRING || text.encode_utf16().count() >= MIN_STRING)
}

fn leading_ident(expr: &Expr) -> Option<&Ident> {
    match expr {
        Expr::Ident(ident) => Some(ident),
        Expr::Member(member) => leading_ident(&member.obj),
        _ => None,
    }
}

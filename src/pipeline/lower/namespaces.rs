//! Namespaces declared in several parts: what one part exports, the others see.
//!
//! Input:
//! ```ts
//! namespace Size { export const base = 4; }
//! namespace Size { export const twice = base * 2; }
//! ```
//! Output:
//! ```ts
//! namespace Size { export const base = 4; }
//! namespace Size { export const twice = Size.base * 2; }
//! ```

use rustc_hash::{FxHashMap, FxHashSet};
use swc_common::DUMMY_SP;
use swc_ecma_ast::{
    AssignPatProp, AssignTarget, BindingIdent, Decl, Expr, Id, Ident, KeyValueProp, MemberExpr,
    MemberProp, Module, ModuleDecl, ModuleItem, Prop, PropName, SimpleAssignTarget, Stmt,
    TsModuleDecl, TsModuleName, TsNamespaceBody, TsType,
};
use swc_ecma_visit::{Visit, VisitMut, VisitMutWith, VisitWith};

/// Runs behind the resolver. Parts of dotted names (`namespace A.B {}`) stay apart.
pub fn join(module: &mut Module) {
    join_items(&mut module.body);
}

fn join_items(items: &mut [ModuleItem]) {
    let mut parts: FxHashMap<Id, Vec<Part>> = FxHashMap::default();
    for declaration in items.iter().filter_map(declaration) {
        if let TsModuleName::Ident(name) = &declaration.id {
            parts.entry(name.to_id()).or_default().push(Part::of(declaration));
        }
    }
    let mut seen: FxHashMap<Id, usize> = FxHashMap::default();
    for declaration in items.iter_mut().filter_map(declaration_mut) {
        let TsModuleName::Ident(name) = &declaration.id else { continue };
        let index = seen.entry(name.to_id()).or_default();
        let siblings = &parts[&name.to_id()];
        let own = &siblings[*index];
        *index += 1;
        let visible: FxHashSet<String> = siblings
            .iter()
            .flat_map(|part| &part.exports)
            .filter(|export| !own.declared.contains(export.as_str()))
            .cloned()
            .collect();
        let name = name.clone();
        let Some(TsNamespaceBody::TsModuleBlock(block)) = &mut declaration.body else { continue };
        if !visible.is_empty() {
            let mut bound = Bound::default();
            block.body.visit_with(&mut bound);
            let mut qualify = Qualify { namespace: &name, visible: &visible, bound: &bound.0 };
            block.body.visit_mut_with(&mut qualify);
        }
        join_items(&mut block.body);
    }
}

/// One declaration of a namespace.
#[derive(Default)]
struct Part {
    exports: FxHashSet<String>,
    /// Everything at its top level, exports included.
    declared: FxHashSet<String>,
}

impl Part {
    fn of(declaration: &TsModuleDecl) -> Self {
        let mut part = Self::default();
        let Some(TsNamespaceBody::TsModuleBlock(block)) = &declaration.body else { return part };
        for item in &block.body {
            let (decl, exported) = match item {
                ModuleItem::Stmt(Stmt::Decl(decl)) => (decl, false),
                ModuleItem::ModuleDecl(ModuleDecl::ExportDecl(export)) => (&export.decl, true),
                ModuleItem::ModuleDecl(ModuleDecl::TsImportEquals(import)) => {
                    part.declared.insert(import.id.sym.to_string());
                    if import.is_export {
                        part.exports.insert(import.id.sym.to_string());
                    }
                    continue;
                }
                _ => continue,
            };
            let mut names = FxHashSet::default();
            match decl {
                Decl::Class(class) => drop(names.insert(class.ident.sym.to_string())),
                Decl::Fn(function) => drop(names.insert(function.ident.sym.to_string())),
                Decl::TsEnum(decl) => drop(names.insert(decl.id.sym.to_string())),
                Decl::TsModule(decl) => {
                    if let TsModuleName::Ident(name) = &decl.id {
                        names.insert(name.sym.to_string());
                    }
                }
                Decl::Var(var) => {
                    let mut bound = Bound::default();
                    var.decls.iter().for_each(|d| d.name.visit_with(&mut bound));
                    names.extend(bound.0.into_iter().map(|(name, _)| name.to_string()));
                }
                Decl::Using(_) | Decl::TsInterface(_) | Decl::TsTypeAlias(_) => {}
            }
            if exported {
                part.exports.extend(names.iter().cloned());
            }
            part.declared.extend(names);
        }
        part
    }
}

fn declaration(item: &ModuleItem) -> Option<&TsModuleDecl> {
    match item {
        ModuleItem::Stmt(Stmt::Decl(Decl::TsModule(module))) => Some(&**module),
        ModuleItem::ModuleDecl(ModuleDecl::ExportDecl(export)) => {
            export.decl.as_ts_module().map(|module| &**module)
        }
        _ => None,
    }
    .filter(|module| !module.declare)
}

fn declaration_mut(item: &mut ModuleItem) -> Option<&mut TsModuleDecl> {
    match item {
        ModuleItem::Stmt(Stmt::Decl(Decl::TsModule(module))) => Some(&mut **module),
        ModuleItem::ModuleDecl(ModuleDecl::ExportDecl(export)) => {
            export.decl.as_mut_ts_module().map(|module| &mut **module)
        }
        _ => None,
    }
    .filter(|module| !module.declare)
}

/// Every name that is declared somewhere inside.
#[derive(Default)]
struct Bound(FxHashSet<Id>);

impl Visit for Bound {
    fn visit_binding_ident(&mut self, ident: &BindingIdent) {
        self.0.insert(ident.to_id());
    }

    /// What an assignment names is declared elsewhere.
    fn visit_simple_assign_target(&mut self, target: &SimpleAssignTarget) {
        if !target.is_ident() {
            target.visit_children_with(self);
        }
    }

    fn visit_assign_pat_prop(&mut self, prop: &AssignPatProp) {
        self.0.insert(prop.key.to_id());
        prop.value.visit_with(self);
    }

    fn visit_decl(&mut self, decl: &Decl) {
        match decl {
            Decl::Class(class) => drop(self.0.insert(class.ident.to_id())),
            Decl::Fn(function) => drop(self.0.insert(function.ident.to_id())),
            Decl::TsEnum(decl) => drop(self.0.insert(decl.id.to_id())),
            _ => {}
        }
        decl.visit_children_with(self);
    }

    fn visit_fn_expr(&mut self, function: &swc_ecma_ast::FnExpr) {
        self.0.extend(function.ident.as_ref().map(Ident::to_id));
        function.function.visit_with(self);
    }

    fn visit_class_expr(&mut self, class: &swc_ecma_ast::ClassExpr) {
        self.0.extend(class.ident.as_ref().map(Ident::to_id));
        class.class.visit_with(self);
    }
}

struct Qualify<'a> {
    namespace: &'a Ident,
    visible: &'a FxHashSet<String>,
    bound: &'a FxHashSet<Id>,
}

impl Qualify<'_> {
    fn member(&self, ident: &Ident) -> Option<MemberExpr> {
        if !self.visible.contains(ident.sym.as_str()) || self.bound.contains(&ident.to_id()) {
            return None;
        }
        Some(MemberExpr {
            span: ident.span,
            obj: Box::new(Expr::Ident(Ident { span: DUMMY_SP, ..self.namespace.clone() })),
            prop: MemberProp::Ident(ident.sym.clone().into()),
        })
    }
}

impl VisitMut for Qualify<'_> {
    fn visit_mut_expr(&mut self, expr: &mut Expr) {
        if let Expr::Ident(ident) = expr
            && let Some(member) = self.member(ident)
        {
            *expr = Expr::Member(member);
            return;
        }
        expr.visit_mut_children_with(self);
    }

    fn visit_mut_assign_target(&mut self, target: &mut AssignTarget) {
        if let AssignTarget::Simple(SimpleAssignTarget::Ident(ident)) = target
            && let Some(member) = self.member(&ident.id)
        {
            *target = AssignTarget::Simple(SimpleAssignTarget::Member(member));
            return;
        }
        target.visit_mut_children_with(self);
    }

    fn visit_mut_prop(&mut self, prop: &mut Prop) {
        if let Prop::Shorthand(ident) = prop
            && let Some(member) = self.member(ident)
        {
            let key = PropName::Ident(ident.sym.clone().into());
            *prop = Prop::KeyValue(KeyValueProp { key, value: Box::new(Expr::Member(member)) });
            return;
        }
        prop.visit_mut_children_with(self);
    }

    fn visit_mut_ts_type(&mut self, _: &mut TsType) {}
}

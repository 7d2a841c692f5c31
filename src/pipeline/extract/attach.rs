//! Which annotation belongs to which node: an annotation's anchor, the first token behind it,
//! starts the node or one of its modifiers.

use std::cell::Cell;

use swc_common::{Span as SwcSpan, Spanned};
use swc_ecma_ast::{
    ClassMember, Decl, Expr, Module, ModuleDecl, ModuleItem, Pat, Prop, Stmt, TsFnParam,
    TsParamProp, TsTypeElement,
};
use swc_ecma_visit::{Visit, VisitWith};

use crate::source::{Annotation, AnnotationName, span};

pub const PARAMETER: &str = "a parameter";

pub struct Attachments {
    annotations: Vec<(Annotation, Cell<bool>)>,
}

impl Attachments {
    pub fn new(annotations: Vec<Annotation>) -> Self {
        Self { annotations: annotations.into_iter().map(|a| (a, Cell::new(false))).collect() }
    }

    pub fn is_empty(&self) -> bool {
        self.annotations.is_empty()
    }

    /// The annotations of a node that spans `node` and whose name (or, without one, body) starts
    /// at `name`; they count as attached from then on.
    pub fn take(&self, node: SwcSpan, name: SwcSpan) -> Vec<&Annotation> {
        if self.annotations.is_empty() {
            return Vec::new();
        }
        let (from, to) = (span(node).start, span(name).start);
        // In the order of the file, so by rising anchor.
        let first = self.annotations.partition_point(|(a, _)| a.anchor < from);
        let mut found = Vec::new();
        for (annotation, taken) in &self.annotations[first..] {
            if annotation.anchor > to {
                break;
            }
            taken.set(true);
            found.push(annotation);
        }
        found
    }

    /// Like `take`, for a node that takes no others than those that `wants` names.
    pub fn take_some(
        &self,
        node: SwcSpan,
        name: SwcSpan,
        wants: impl Fn(AnnotationName) -> bool,
    ) -> Vec<&Annotation> {
        let (from, to) = (span(node).start, span(name).start);
        let first = self.annotations.partition_point(|(a, _)| a.anchor < from);
        let found = self.annotations[first..].iter().take_while(|(a, _)| a.anchor <= to);
        found
            .filter(|(a, _)| wants(a.name))
            .map(|(a, taken)| {
                taken.set(true);
                a
            })
            .collect()
    }

    pub fn left(&self) -> impl Iterator<Item = &Annotation> {
        self.annotations.iter().filter(|(_, taken)| !taken.get()).map(|(a, _)| a)
    }
}

/// What starts at `position` in words, for an annotation that stands where it cannot.
pub fn kind_at(module: &Module, position: u32) -> Option<&'static str> {
    let mut finder = KindAt { position, kind: None };
    module.visit_with(&mut finder);
    finder.kind
}

struct KindAt {
    position: u32,
    kind: Option<&'static str>,
}

impl KindAt {
    /// Outer nodes come first, so the first match stays.
    fn check(&mut self, node: SwcSpan, kind: &'static str) {
        if span(node).start == self.position {
            self.kind.get_or_insert(kind);
        }
    }
}

impl Visit for KindAt {
    fn visit_module_item(&mut self, item: &ModuleItem) {
        let at = item.span();
        match item {
            ModuleItem::ModuleDecl(ModuleDecl::ExportDecl(export)) => {
                self.check(at, declaration(&export.decl, ""));
            }
            ModuleItem::ModuleDecl(ModuleDecl::Import(_)) => self.check(at, "an import"),
            ModuleItem::ModuleDecl(_) => self.check(at, "an export"),
            ModuleItem::Stmt(Stmt::Decl(decl)) => self.check(at, declaration(decl, "")),
            ModuleItem::Stmt(_) => self.check(at, "a statement"),
        }
        item.visit_children_with(self);
    }

    fn visit_stmt(&mut self, statement: &Stmt) {
        match statement {
            Stmt::Decl(decl) => self.check(statement.span(), declaration(decl, "nested")),
            _ => self.check(statement.span(), "a statement"),
        }
        statement.visit_children_with(self);
    }

    fn visit_class_member(&mut self, member: &ClassMember) {
        let kind = match member {
            ClassMember::Constructor(_) => "a constructor",
            ClassMember::Method(_) | ClassMember::PrivateMethod(_) => "a method of a nested class",
            ClassMember::StaticBlock(_) => "a static block",
            _ => "a field of a nested class",
        };
        self.check(member.span(), kind);
        member.visit_children_with(self);
    }

    fn visit_ts_type_element(&mut self, member: &TsTypeElement) {
        let kind = match member {
            TsTypeElement::TsPropertySignature(_) => "a field of an inner type",
            _ => "a member that is no field",
        };
        self.check(member.span(), kind);
        member.visit_children_with(self);
    }

    fn visit_ts_fn_param(&mut self, param: &TsFnParam) {
        self.check(param.span(), PARAMETER);
        param.visit_children_with(self);
    }

    fn visit_ts_param_prop(&mut self, param: &TsParamProp) {
        self.check(param.span, PARAMETER);
        param.visit_children_with(self);
    }

    fn visit_prop(&mut self, prop: &Prop) {
        let kind = match prop {
            Prop::Method(_) => "a method of an object",
            _ => "a property of an object",
        };
        self.check(prop.span(), kind);
        prop.visit_children_with(self);
    }

    fn visit_pat(&mut self, pat: &Pat) {
        self.check(pat.span(), PARAMETER);
        pat.visit_children_with(self);
    }

    fn visit_expr(&mut self, expr: &Expr) {
        let kind = match expr {
            Expr::Arrow(_) => "an arrow function",
            Expr::Fn(_) => "a function expression",
            Expr::Class(_) => "a class expression",
            _ => "an expression",
        };
        self.check(expr.span(), kind);
        expr.visit_children_with(self);
    }
}

fn declaration(decl: &Decl, nested: &str) -> &'static str {
    match (decl, nested) {
        (Decl::Fn(_), "nested") => "a nested function",
        (Decl::Class(_), "nested") => "a nested class",
        (Decl::TsInterface(_), "nested") => "a nested interface",
        (Decl::Fn(_), _) => "a function",
        (Decl::Class(_), _) => "a class",
        (Decl::Var(_) | Decl::Using(_), _) => "a variable",
        (Decl::TsInterface(_), _) => "an interface",
        (Decl::TsTypeAlias(_), _) => "a type alias",
        (Decl::TsEnum(_), _) => "an enum",
        (Decl::TsModule(_), _) => "a namespace",
    }
}

//! The functions of middlewares, found again in the lowered module by where they stand.

use rustc_hash::{FxHashMap, FxHashSet};
use swc_common::Spanned;
use swc_ecma_ast::{
    ArrowExpr, ArrowFunctionBody, AssignTarget, FnDecl, FnExpr, ForHead, Function, Id, Ident,
    Program, ReturnStmt, SimpleAssignTarget, Stmt, UpdateExpr,
};
use swc_ecma_utils::find_pat_ids;
use swc_ecma_visit::{Visit, VisitWith};

use super::forms::Text;
use crate::{model::Span, source::span};

/// Of each entry, where the module holds it.
pub struct Texts(pub Vec<Option<Text>>);

impl Texts {
    pub fn of(program: &Program, entries: &[Option<Span>]) -> Self {
        let mut places: FxHashMap<Span, Vec<usize>> = FxHashMap::default();
        for (index, entry) in entries.iter().enumerate() {
            if let Some(place) = entry {
                places.entry(*place).or_default().push(index);
            }
        }
        let mut search = Search { places, found: Vec::new(), assigned: FxHashSet::default() };
        search.found.resize_with(entries.len(), || None);
        program.visit_with(&mut search);
        let Search { found, assigned, .. } = search;
        let stays =
            |text: &Text| text.declared.as_ref().is_none_or(|name| !assigned.contains(name));
        Self(found.into_iter().map(|text| text.filter(stays)).collect())
    }
}

struct Search {
    /// Which entries stand where.
    places: FxHashMap<Span, Vec<usize>>,
    found: Vec<Option<Text>>,
    /// Names that something is assigned to.
    assigned: FxHashSet<Id>,
}

impl Search {
    fn find(&mut self, place: swc_common::Span, text: impl Fn() -> Option<Text>) {
        for index in self.places.get(&span(place)).into_iter().flatten() {
            self.found[*index] = text();
        }
    }

    fn function(
        &mut self,
        function: &Function,
        own_name: Option<&Ident>,
        declared: Option<&Ident>,
    ) {
        self.find(function.span, || {
            Some(Text {
                parameters: function.params.iter().map(|param| param.pat.clone()).collect(),
                body: function.body.as_ref()?.stmts.clone(),
                generator: function.is_generator,
                own_name: own_name.map(Ident::to_id),
                declared: declared.map(Ident::to_id),
            })
        });
        function.visit_children_with(self);
    }
}

impl Visit for Search {
    fn visit_arrow_expr(&mut self, arrow: &ArrowExpr) {
        self.find(arrow.span, || {
            let body = match &*arrow.body {
                ArrowFunctionBody::FunctionBody(body) => body.stmts.clone(),
                ArrowFunctionBody::Expr(value) => {
                    vec![Stmt::Return(ReturnStmt { span: value.span(), arg: Some(value.clone()) })]
                }
            };
            let parameters = arrow.params.clone();
            Some(Text { parameters, body, generator: false, own_name: None, declared: None })
        });
        arrow.visit_children_with(self);
    }

    fn visit_fn_expr(&mut self, expr: &FnExpr) {
        self.function(&expr.function, expr.ident.as_ref(), None);
    }

    fn visit_fn_decl(&mut self, declaration: &FnDecl) {
        self.function(&declaration.function, None, Some(&declaration.ident));
    }

    /// A method.
    fn visit_function(&mut self, function: &Function) {
        self.function(function, None, None);
    }

    fn visit_assign_target(&mut self, target: &AssignTarget) {
        match target {
            AssignTarget::Simple(SimpleAssignTarget::Ident(name)) => {
                self.assigned.insert(name.id.to_id());
            }
            AssignTarget::Pat(pattern) => self.assigned.extend(find_pat_ids::<_, Id>(pattern)),
            AssignTarget::Simple(_) => {}
        }
        target.visit_children_with(self);
    }

    fn visit_for_head(&mut self, head: &ForHead) {
        self.assigned.extend(find_pat_ids::<_, Id>(head));
        head.visit_children_with(self);
    }

    fn visit_update_expr(&mut self, update: &UpdateExpr) {
        self.assigned.extend(update.arg.as_ident().map(Ident::to_id));
        update.visit_children_with(self);
    }
}

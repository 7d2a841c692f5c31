use swc_ecma_ast::{BreakStmt, ContinueStmt, Ident, LabeledStmt};
use swc_ecma_visit::{VisitMut, VisitMutWith};

/// Labels get a suffix, so that those of nested middlewares differ.
pub struct Labels(pub usize);

impl Labels {
    fn rename(&self, label: &mut Ident) {
        label.sym = format!("{}_{}", label.sym, self.0).into();
    }
}

impl VisitMut for Labels {
    fn visit_mut_labeled_stmt(&mut self, statement: &mut LabeledStmt) {
        self.rename(&mut statement.label);
        statement.body.visit_mut_with(self);
    }

    fn visit_mut_break_stmt(&mut self, statement: &mut BreakStmt) {
        statement.label.iter_mut().for_each(|label| self.rename(label));
    }

    fn visit_mut_continue_stmt(&mut self, statement: &mut ContinueStmt) {
        statement.label.iter_mut().for_each(|label| self.rename(label));
    }
}

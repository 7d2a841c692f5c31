//! What names stand for, once nothing renames them any more.

use rustc_hash::FxHashSet;
use swc_atoms::Atom;
use swc_common::{Mark, SyntaxContext};
use swc_ecma_ast::{Id, Ident, Pass, Program, Stmt};
use swc_ecma_transforms_base::resolver;
use swc_ecma_visit::{Visit, VisitMut, VisitMutWith, VisitWith};

/// Gives every name the identity that follows from where it stands, as in a text. Returns the marks
/// of free names and of the module's own.
pub fn resolve(program: &mut Program) -> (Mark, Mark) {
    program.visit_mut_with(&mut Forget);
    let (unresolved, top_level) = (Mark::new(), Mark::new());
    resolver(unresolved, top_level, false).process(program);
    (unresolved, top_level)
}

struct Forget;

impl VisitMut for Forget {
    fn visit_mut_syntax_context(&mut self, context: &mut SyntaxContext) {
        *context = SyntaxContext::empty();
    }
}

/// Names that stand nowhere in the module.
pub struct Fresh(FxHashSet<Atom>);

impl Fresh {
    pub fn of(program: &Program) -> Self {
        let mut names = Mentioned::default();
        program.visit_with(&mut names);
        Self(names.0.into_iter().map(|(name, _)| name).collect())
    }

    /// `wanted`, or the first of `wanted_1`, `wanted_2`, … that is free.
    pub fn name(&mut self, wanted: &str) -> Atom {
        let mut name = Atom::from(wanted);
        let mut count = 0;
        while !self.0.insert(name.clone()) {
            count += 1;
            name = format!("{wanted}_{count}").into();
        }
        name
    }
}

/// Every identifier: bindings, references, labels.
#[derive(Default)]
pub struct Mentioned(pub FxHashSet<Id>);

impl Visit for Mentioned {
    fn visit_ident(&mut self, ident: &Ident) {
        self.0.insert(ident.to_id());
    }
}

pub fn mentions(statements: &[Stmt], id: &Id) -> bool {
    let mut names = Mentioned::default();
    statements.visit_with(&mut names);
    names.0.contains(id)
}

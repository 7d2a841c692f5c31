//! A middleware as a labelled block.

use rustc_hash::FxHashMap;
use swc_atoms::Atom;
use swc_common::Spanned;
use swc_ecma_ast::{
    BlockStmt, BreakStmt, Decl, Expr, Id, Ident, LabeledStmt, Pat, Stmt, VarDecl, VarDeclKind,
    VarDeclarator,
};
use swc_ecma_transforms_base::rename::rename;
use swc_ecma_visit::VisitMutWith;

use super::{
    super::scope::{Fresh, mentions},
    Names,
    forms::Form,
    labels::Labels,
    splice::Splice,
    template::statements,
};

pub struct Block {
    pub form: Form,
    label: String,
}

impl Block {
    /// `taken` are names that other middlewares have from the module or from outside: what this one
    /// declares must not hide them.
    pub fn of(
        mut form: Form,
        index: usize,
        taken: &impl Fn(&Atom) -> bool,
        names: &Names,
        fresh: &mut Fresh,
    ) -> Self {
        let mut stmts = std::mem::take(&mut form.body);
        if !is_unused(&form.context, &stmts) {
            stmts.insert(0, bind(form.context.clone(), &names.context));
        }
        let mut body = BlockStmt { stmts, ..BlockStmt::default() };
        body.visit_mut_with(&mut Labels(index));
        let mut declared: Vec<Id> = form.declared.drain().collect();
        declared.sort();
        let renames: FxHashMap<Id, Atom> = declared
            .into_iter()
            .filter(|id| form.vars.contains(id) || taken(&id.0))
            .map(|id| {
                let name = fresh.name(&format!("{}_{index}", id.0));
                (id, name)
            })
            .collect();
        body.visit_mut_with(&mut rename(&renames));
        form.body = body.stmts;
        Self { form, label: format!("mw{index}") }
    }

    /// The block with `inner` in the place of `next()`.
    pub fn around(&self, inner: Vec<Stmt>, names: &Names) -> Vec<Stmt> {
        let Names { result, answered, returned, .. } = names;
        let Form { next, site, answers, overtaken, .. } = &self.form;
        let (label, overtaken) = (&*self.label, *overtaken);
        let mut splice = Splice { next, inner, result, returned, label, overtaken };
        let mut stmts = self.form.body.clone();
        stmts.visit_mut_with(&mut splice);
        if stmts.last().is_some_and(|last| self.leaves(last)) {
            stmts.pop();
        } else {
            stmts.extend(splice.forget(*site));
        }
        let body = Box::new(Stmt::Block(BlockStmt { stmts, ..BlockStmt::default() }));
        let label = Ident::new_no_ctxt(label.into(), *site);
        let block = Stmt::Labeled(LabeledStmt { span: *site, label, body });
        if !answers {
            return vec![block];
        }
        let text = format!(
            "{{
                let {returned};
                ;
                if ({returned} !== void 0 && ({returned} = await {returned}) !== void 0) {{
                    {result} = {returned};
                    {answered} = true;
                }}
            }}"
        );
        statements(&text, *site, vec![block])
    }

    fn leaves(&self, statement: &Stmt) -> bool {
        matches!(statement, Stmt::Break(BreakStmt { label: Some(l), .. }) if *l.sym == *self.label)
    }
}

/// A plain parameter that nothing mentions.
fn is_unused(pattern: &Pat, body: &[Stmt]) -> bool {
    pattern.as_ident().is_some_and(|name| !mentions(body, &name.id.to_id()))
}

/// `let <pattern> = <context>;`
fn bind(pattern: Pat, context: &Atom) -> Stmt {
    let span = pattern.span();
    let init = Expr::Ident(Ident::new_no_ctxt(context.clone(), span));
    let one = VarDeclarator { span, name: pattern, init: Some(Box::new(init)), definite: false };
    let var = VarDecl { span, kind: VarDeclKind::Let, decls: vec![one], ..VarDecl::default() };
    Stmt::Decl(Decl::Var(Box::new(var)))
}

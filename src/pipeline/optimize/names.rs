//! Names say what they mean again: the minifier tells apart by their identity what it brought into
//! one scope under one name.

use rustc_hash::FxHashMap;
use swc_atoms::Atom;
use swc_common::{Mark, SyntaxContext};
use swc_ecma_ast::{
    ArrowExpr, Class, Decl, Function, GetterProp, Id, ModuleItem, Pass, Program, SetterProp, Stmt,
    VarDecl, VarDeclKind,
};
use swc_ecma_transforms_base::{hygiene::hygiene, rename::rename};
use swc_ecma_utils::find_pat_ids;
use swc_ecma_visit::{Visit, VisitMutWith, VisitWith};

use crate::pipeline::lower::scope::Fresh;

/// The module's own names stay: generated text and other modules know them.
pub fn settle(program: &mut Program, top_level: Mark) {
    let mut names = Names {
        own: SyntaxContext::empty().apply_mark(top_level),
        brought: Vec::new(),
        functions: 0,
    };
    program.visit_with(&mut names);
    let mut fresh = Fresh::of(program);
    let mut renames: FxHashMap<Id, Atom> = FxHashMap::default();
    for id in names.brought {
        renames.entry(id).or_insert_with_key(|(name, _)| fresh.name(name));
    }
    program.visit_mut_with(&mut rename(&renames));
    hygiene().process(program);
}

struct Names {
    own: SyntaxContext,
    /// Declared in the module's scope, and not by the module.
    brought: Vec<Id>,
    functions: usize,
}

impl Names {
    fn declared(&mut self, ids: impl IntoIterator<Item = Id>) {
        let own = self.own;
        self.brought.extend(ids.into_iter().filter(|(_, context)| *context != own));
    }

    fn function<N: VisitWith<Self>>(&mut self, node: &N) {
        self.functions += 1;
        node.visit_children_with(self);
        self.functions -= 1;
    }
}

impl Visit for Names {
    fn visit_module_item(&mut self, item: &ModuleItem) {
        if let ModuleItem::Stmt(Stmt::Decl(declaration)) = item {
            match declaration {
                Decl::Var(var) => self.declared(find_pat_ids(&var.decls)),
                Decl::Fn(function) => self.declared([function.ident.to_id()]),
                Decl::Class(class) => self.declared([class.ident.to_id()]),
                _ => {}
            }
        }
        item.visit_children_with(self);
    }

    fn visit_var_decl(&mut self, var: &VarDecl) {
        if var.kind == VarDeclKind::Var && self.functions == 0 {
            self.declared(find_pat_ids(&var.decls));
        }
        var.visit_children_with(self);
    }

    fn visit_function(&mut self, function: &Function) {
        self.function(function);
    }

    fn visit_arrow_expr(&mut self, arrow: &ArrowExpr) {
        self.function(arrow);
    }

    fn visit_class(&mut self, class: &Class) {
        self.function(class);
    }

    fn visit_getter_prop(&mut self, getter: &GetterProp) {
        self.function(getter);
    }

    fn visit_setter_prop(&mut self, setter: &SetterProp) {
        self.function(setter);
    }
}

//! Accessor fields, which engines do not know yet.
//!
//! Input:
//! ```ts
//! class Counter { accessor count = 1; }
//! ```
//! Output:
//! ```js
//! class Counter {
//!   #count_storage = 1;
//!   get count() { return this.#count_storage; }
//!   set count(value) { this.#count_storage = value; }
//! }
//! ```

use rustc_hash::FxHashSet;
use swc_common::{DUMMY_SP, Mark, SyntaxContext};
use swc_ecma_ast::{
    AssignExpr, AssignOp, AssignTarget, AutoAccessor, Class, ClassDecl, ClassExpr, ClassMember,
    ClassMethod, ComputedPropName, Decl, Expr, ExprStmt, Function, FunctionBody, Ident, Key,
    MemberExpr, MemberProp, MethodKind, ModuleItem, Param, Pat, PrivateMethod, PrivateName,
    PrivateProp, Program, PropName, ReturnStmt, SimpleAssignTarget, Stmt, ThisExpr, VarDecl,
    VarDeclKind, VarDeclarator,
};
use swc_ecma_visit::{VisitMut, VisitMutWith};

#[derive(Default)]
pub struct Accessors {
    /// Variables for computed keys, which are evaluated once.
    keys: Vec<Ident>,
}

impl VisitMut for Accessors {
    fn visit_mut_program(&mut self, program: &mut Program) {
        program.visit_mut_children_with(self);
        let Program::Module(module) = program else { return };
        if self.keys.is_empty() {
            return;
        }
        let declarators = self.keys.drain(..).map(|key| VarDeclarator {
            span: DUMMY_SP,
            name: Pat::Ident(key.into()),
            init: None,
            definite: false,
        });
        let keys =
            VarDecl { kind: VarDeclKind::Var, decls: declarators.collect(), ..VarDecl::default() };
        module.body.push(ModuleItem::Stmt(Stmt::Decl(Decl::Var(Box::new(keys)))));
    }

    fn visit_mut_class_decl(&mut self, decl: &mut ClassDecl) {
        self.class(&mut decl.class, Some(&decl.ident));
    }

    fn visit_mut_class_expr(&mut self, expr: &mut ClassExpr) {
        let ClassExpr { ident, class } = expr;
        self.class(class, ident.as_ref());
    }

    /// `export default class { … }` comes here, too.
    fn visit_mut_class(&mut self, class: &mut Class) {
        self.class(class, None);
    }
}

impl Accessors {
    fn class(&mut self, class: &mut Class, name: Option<&Ident>) {
        class.visit_mut_children_with(self);
        if !class.body.iter().any(|member| matches!(member, ClassMember::AutoAccessor(_))) {
            return;
        }
        let mut taken = private_names(class);
        let members = std::mem::take(&mut class.body).into_iter();
        class.body = members
            .flat_map(|member| match member {
                // It declares a field, and makes none.
                ClassMember::AutoAccessor(accessor) if accessor.is_abstract => Vec::new(),
                ClassMember::AutoAccessor(accessor) => {
                    self.members(accessor, name, &mut taken).into()
                }
                member => vec![member],
            })
            .collect();
    }

    fn members(
        &mut self,
        accessor: AutoAccessor,
        class: Option<&Ident>,
        taken: &mut FxHashSet<String>,
    ) -> [ClassMember; 3] {
        let AutoAccessor { span, key, value, is_static, mut decorators, .. } = accessor;
        let storage = storage_name(&key, taken);
        let (getter_key, setter_key) = self.both_keys(key);
        let place = || MemberExpr {
            span: DUMMY_SP,
            // A class below this one has no such private field.
            obj: Box::new(match class {
                Some(class) if is_static => Expr::Ident(class.clone()),
                _ => Expr::This(ThisExpr { span: DUMMY_SP }),
            }),
            prop: MemberProp::PrivateName(storage.clone()),
        };
        let got =
            Stmt::Return(ReturnStmt { span: DUMMY_SP, arg: Some(Box::new(Expr::Member(place()))) });
        let value_context = SyntaxContext::empty().apply_mark(Mark::new());
        let parameter = Ident::new("value".into(), DUMMY_SP, value_context);
        let set = Stmt::Expr(ExprStmt {
            span: DUMMY_SP,
            expr: Box::new(Expr::Assign(AssignExpr {
                span: DUMMY_SP,
                op: AssignOp::Assign,
                left: AssignTarget::Simple(SimpleAssignTarget::Member(place())),
                right: Box::new(Expr::Ident(parameter.clone())),
            })),
        });
        let mut method = |key: Key, kind: MethodKind, statement: Stmt, params: Vec<Param>| {
            let function = Box::new(Function {
                params,
                // They stand on one of the two.
                decorators: Vec::new(),
                span,
                body: Some(FunctionBody { stmts: vec![statement], ..FunctionBody::default() }),
                ..Function::default()
            });
            match key {
                Key::Private(key) => ClassMember::PrivateMethod(PrivateMethod {
                    span,
                    key,
                    function,
                    kind,
                    is_static,
                    ..PrivateMethod::default()
                }),
                Key::Public(key) => {
                    let function = Box::new(Function {
                        decorators: std::mem::take(&mut decorators),
                        ..*function
                    });
                    ClassMember::Method(ClassMethod {
                        span,
                        key,
                        function,
                        kind,
                        is_static,
                        ..ClassMethod::default()
                    })
                }
            }
        };
        let getter = method(getter_key, MethodKind::Getter, got, Vec::new());
        let parameter =
            Param { span: DUMMY_SP, decorators: Vec::new(), pat: Pat::Ident(parameter.into()) };
        let setter = method(setter_key, MethodKind::Setter, set, vec![parameter]);
        let field = ClassMember::PrivateProp(PrivateProp {
            span,
            key: storage,
            value,
            is_static,
            ..PrivateProp::default()
        });
        [field, getter, setter]
    }

    /// `[f()]` → `[key = f()]` and `[key]`.
    fn both_keys(&mut self, key: Key) -> (Key, Key) {
        let Key::Public(PropName::Computed(computed)) = key else { return (key.clone(), key) };
        let context = SyntaxContext::empty().apply_mark(Mark::new());
        let variable = Ident::new("_key".into(), DUMMY_SP, context);
        self.keys.push(variable.clone());
        let evaluated = Expr::Assign(AssignExpr {
            span: computed.span,
            op: AssignOp::Assign,
            left: AssignTarget::Simple(SimpleAssignTarget::Ident(variable.clone().into())),
            right: computed.expr,
        });
        let key = |expr: Expr| {
            Key::Public(PropName::Computed(ComputedPropName {
                span: DUMMY_SP,
                expr: Box::new(expr),
            }))
        };
        (key(evaluated), key(Expr::Ident(variable)))
    }
}

fn private_names(class: &Class) -> FxHashSet<String> {
    let names = class.body.iter().filter_map(|member| match member {
        ClassMember::PrivateProp(member) => Some(&member.key.name),
        ClassMember::PrivateMethod(member) => Some(&member.key.name),
        ClassMember::AutoAccessor(AutoAccessor { key: Key::Private(key), .. }) => Some(&key.name),
        _ => None,
    });
    names.map(ToString::to_string).collect()
}

fn storage_name(key: &Key, taken: &mut FxHashSet<String>) -> PrivateName {
    let stem = match key {
        Key::Private(key) => format!("{}_storage", key.name),
        Key::Public(PropName::Ident(key)) => format!("{}_storage", key.sym),
        Key::Public(_) => "storage".to_owned(),
    };
    let mut name = stem.clone();
    let mut number = 0;
    while !taken.insert(name.clone()) {
        number += 1;
        name = format!("{stem}{number}");
    }
    PrivateName { span: DUMMY_SP, name: name.into() }
}

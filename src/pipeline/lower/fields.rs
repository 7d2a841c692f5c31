//! Class fields where `useDefineForClassFields` is off: they are assigned, not defined, so that a
//! setter of a base class sees them and a field without a value does not exist.
//!
//! Input, types already removed:
//! ```js
//! class Point extends Base { x = 1; y; static zero = new Point(); constructor(z) { super(z); } }
//! ```
//! Output:
//! ```js
//! class Point extends Base {
//!   static { this.zero = new Point(); }
//!   constructor(z) { super(z), this.x = 1; }
//! }
//! ```
//!
//! Fields with computed keys stay as they are: where their key is evaluated would change.

use swc_common::{DUMMY_SP, Mark, SyntaxContext};
use swc_ecma_ast::{
    AssignExpr, AssignOp, AssignTarget, BlockStmt, CallExpr, Callee, Class, ClassMember, ClassProp,
    ComputedPropName, Constructor, Expr, ExprOrSpread, ExprStmt, FunctionBody, Ident, Lit,
    MemberExpr, MemberProp, Param, ParamOrTsParamProp, Pat, PrivateProp, PropName, RestPat,
    SimpleAssignTarget, StaticBlock, Stmt, Super, ThisExpr,
};
use swc_ecma_utils::constructor::inject_after_super;
use swc_ecma_visit::{VisitMut, VisitMutWith};

pub struct AssignedFields;

impl VisitMut for AssignedFields {
    fn visit_mut_class(&mut self, class: &mut Class) {
        class.visit_mut_children_with(self);
        let mut assignments = Vec::new();
        class.body.retain_mut(|member| match member {
            ClassMember::ClassProp(field) => {
                let Some(target) = target(&field.key) else { return true };
                match field.value.take() {
                    None => false,
                    Some(value) if field.is_static => {
                        *member = in_static_block(field, assign(target, value));
                        true
                    }
                    Some(value) => {
                        assignments.push(assign(target, value));
                        false
                    }
                }
            }
            ClassMember::PrivateProp(PrivateProp { key, value, is_static: false, .. }) => {
                if let Some(value) = value.take() {
                    assignments.push(assign(MemberProp::PrivateName(key.clone()), value));
                }
                true
            }
            _ => true,
        });
        if assignments.is_empty() {
            return;
        }
        let constructor = class.body.iter_mut().find_map(|member| match member {
            ClassMember::Constructor(constructor) => Some(constructor),
            _ => None,
        });
        if let Some(constructor) = constructor {
            inject_after_super(constructor, assignments);
        } else {
            let mut constructor = default_constructor(class.super_class.is_some());
            inject_after_super(&mut constructor, assignments);
            class.body.insert(0, ClassMember::Constructor(constructor));
        }
    }
}

fn target(key: &PropName) -> Option<MemberProp> {
    let computed = |expr: Expr| {
        Some(MemberProp::Computed(ComputedPropName { span: DUMMY_SP, expr: Box::new(expr) }))
    };
    match key {
        PropName::Ident(name) => Some(MemberProp::Ident(name.clone())),
        PropName::Str(text) => computed(Expr::Lit(Lit::Str(text.clone()))),
        PropName::Num(number) => computed(Expr::Lit(Lit::Num(number.clone()))),
        PropName::BigInt(number) => computed(Expr::Lit(Lit::BigInt(number.clone()))),
        PropName::Computed(key) => match &*key.expr {
            Expr::Lit(literal) => computed(Expr::Lit(literal.clone())),
            _ => None,
        },
    }
}

fn assign(property: MemberProp, value: Box<Expr>) -> Box<Expr> {
    let place = MemberExpr {
        span: DUMMY_SP,
        obj: Box::new(Expr::This(ThisExpr { span: DUMMY_SP })),
        prop: property,
    };
    Box::new(Expr::Assign(AssignExpr {
        span: DUMMY_SP,
        op: AssignOp::Assign,
        left: AssignTarget::Simple(SimpleAssignTarget::Member(place)),
        right: value,
    }))
}

fn in_static_block(field: &ClassProp, assignment: Box<Expr>) -> ClassMember {
    let statement = Stmt::Expr(ExprStmt { span: field.span, expr: assignment });
    let body = BlockStmt { stmts: vec![statement], ..BlockStmt::default() };
    ClassMember::StaticBlock(StaticBlock { span: field.span, body })
}

fn default_constructor(derived: bool) -> Constructor {
    let mut constructor =
        Constructor { key: PropName::Ident("constructor".into()), ..Constructor::default() };
    let mut statements = Vec::new();
    if derived {
        let context = SyntaxContext::empty().apply_mark(Mark::new());
        let arguments = Ident::new("args".into(), DUMMY_SP, context);
        constructor.params.push(ParamOrTsParamProp::Param(Param {
            span: DUMMY_SP,
            decorators: Vec::new(),
            pat: Pat::Rest(RestPat {
                span: DUMMY_SP,
                dot3_token: DUMMY_SP,
                arg: Box::new(Pat::Ident(arguments.clone().into())),
                type_ann: None,
            }),
        }));
        let argument =
            ExprOrSpread { spread: Some(DUMMY_SP), expr: Box::new(Expr::Ident(arguments)) };
        let call = Expr::Call(CallExpr {
            callee: Callee::Super(Super { span: DUMMY_SP }),
            args: vec![argument],
            ..CallExpr::default()
        });
        statements.push(Stmt::Expr(ExprStmt { span: DUMMY_SP, expr: Box::new(call) }));
    }
    constructor.body = Some(FunctionBody { stmts: statements, ..FunctionBody::default() });
    constructor
}

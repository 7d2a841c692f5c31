//! Whether a declaration's code may have an effect beside what it does to tables: what it computes
//! and reads may be done again, a mail is sent twice.
//!
//! Whatever is not known to have none counts as one: globals other than those of the language,
//! `env` but for its storage and variables, variables of the module that are assigned to.
//!
//! And whether it may open transactions of its own, which are committed before the call's: whatever
//! is called `transaction` may be that of `env.storage`.

use swc_ecma_ast::{
    AssignExpr, AssignTarget, CallExpr, Callee, Expr, Ident, IdentName, MemberExpr, ModuleItem,
    SimpleAssignTarget, Str, TplElement, TsType, UpdateExpr,
};
use swc_ecma_visit::{Visit, VisitWith};

use super::{super::uses::Visitor, code::root};

/// `(effects, transactions)`
pub fn effects(item: &ModuleItem, uses: &Visitor<'_>) -> (bool, bool) {
    let mut effects = Effects { uses, found: false, transactions: false };
    item.visit_with(&mut effects);
    (effects.found, effects.transactions)
}

struct Effects<'a> {
    uses: &'a Visitor<'a>,
    found: bool,
    transactions: bool,
}

impl Effects<'_> {
    fn is(&self, expr: &Expr, name: &str) -> bool {
        matches!(expr, Expr::Ident(ident) if self.uses.is_context(ident, name))
    }

    fn named(&mut self, name: &str) {
        self.transactions |= name == "transaction";
    }

    fn assigned(&mut self, target: &Ident) {
        self.found |= target.ctxt == self.uses.top_level;
    }
}

impl Visit for Effects<'_> {
    fn visit_ts_type(&mut self, _: &TsType) {}

    fn visit_ident(&mut self, ident: &Ident) {
        let is_env = self.uses.is_context(ident, "env") || self.uses.is_context(ident, "ctx");
        let is_global = ident.ctxt == self.uses.unresolved
            && !self.uses.is_context(ident, "perms")
            && !HARMLESS.contains(&&*ident.sym);
        self.found |= is_env || is_global;
        self.named(&ident.sym);
    }

    fn visit_ident_name(&mut self, name: &IdentName) {
        self.named(&name.sym);
    }

    fn visit_str(&mut self, text: &Str) {
        self.named(text.value.as_str().unwrap_or_default());
    }

    fn visit_tpl_element(&mut self, text: &TplElement) {
        self.named(&text.raw);
    }

    fn visit_member_expr(&mut self, member: &MemberExpr) {
        let harmless = self.is(&member.obj, "env")
            && member.prop.as_ident().is_some_and(|name| !SERVICES.contains(&&*name.sym))
            || self.is(&member.obj, "ctx")
                && member.prop.is_ident()
                && !member.prop.is_ident_with("waitUntil");
        if !harmless {
            member.visit_children_with(self);
        }
    }

    fn visit_call_expr(&mut self, call: &CallExpr) {
        self.found |= matches!(call.callee, Callee::Import(_));
        call.visit_children_with(self);
    }

    fn visit_assign_expr(&mut self, assign: &AssignExpr) {
        match &assign.left {
            AssignTarget::Simple(SimpleAssignTarget::Ident(ident)) => self.assigned(ident),
            AssignTarget::Simple(SimpleAssignTarget::Member(member)) => {
                if let Some(target) = root(&member.obj) {
                    self.assigned(target);
                }
            }
            _ => {}
        }
        assign.visit_children_with(self);
    }

    fn visit_update_expr(&mut self, update: &UpdateExpr) {
        if let Some(target) = root(&update.arg) {
            self.assigned(target);
        }
        update.visit_children_with(self);
    }
}

/// What `env` does things with, beside storage. Its other properties are variables.
const SERVICES: &[&str] = &["afterCommit", "auth", "shared"];

/// What the language brings along, as far as it changes nothing but what it is given.
const HARMLESS: &[&str] = &[
    "Array",
    "ArrayBuffer",
    "BigInt",
    "BigInt64Array",
    "BigUint64Array",
    "Boolean",
    "DataView",
    "Date",
    "Error",
    "Float32Array",
    "Float64Array",
    "Headers",
    "Infinity",
    "Int16Array",
    "Int32Array",
    "Int8Array",
    "Intl",
    "JSON",
    "Map",
    "Math",
    "NaN",
    "Number",
    "Object",
    "Promise",
    "RangeError",
    "RegExp",
    "Set",
    "String",
    "Symbol",
    "SyntaxError",
    "TextDecoder",
    "TextEncoder",
    "TypeError",
    "URL",
    "URLSearchParams",
    "Uint16Array",
    "Uint32Array",
    "Uint8Array",
    "Uint8ClampedArray",
    "WeakMap",
    "WeakSet",
    "atob",
    "backend",
    "btoa",
    "console",
    "crypto",
    "decodeURI",
    "decodeURIComponent",
    "encodeURI",
    "encodeURIComponent",
    "isFinite",
    "isNaN",
    "parseFloat",
    "parseInt",
    "structuredClone",
    "undefined",
];

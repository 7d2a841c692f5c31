//! Calls whose results are known: storage, the context, built-in methods, other functions.

use swc_ecma_ast::{CallExpr, Callee, Expr, Lit, MemberProp};

use super::{
    Walk,
    expr::{TABLE, awaited, item, keyword, method, promise, tuple, union},
    scope::{Name, Scope},
};
use crate::model::{symbolic, types::TypeExpr};

impl Walk<'_> {
    /// The table that an expression stands for.
    pub fn table(&self, scope: &Scope, expr: &Expr) -> Option<String> {
        match expr {
            Expr::Paren(e) => self.table(scope, &e.expr),
            Expr::Ident(ident) => match scope.get(&ident.sym) {
                Name::Type(TypeExpr::Reference { name, arguments, .. }) if name == TABLE => {
                    symbolic::literal(arguments.first()).map(str::to_owned)
                }
                _ => None,
            },
            Expr::Member(e) if self.is_storage(scope, &e.obj) => match &e.prop {
                MemberProp::Ident(name) if name.sym != "get" => Some(name.sym.to_string()),
                MemberProp::Computed(computed) => text_of(&computed.expr),
                _ => None,
            },
            Expr::Call(call) => self.table_of(scope, call),
            _ => None,
        }
    }

    /// `env.storage.get('users')`
    fn table_of(&self, scope: &Scope, call: &CallExpr) -> Option<String> {
        match method(call) {
            Some((storage, "get")) if self.is_storage(scope, storage) => {
                text_of(&call.args.first()?.expr)
            }
            _ => None,
        }
    }

    fn is_storage(&self, scope: &Scope, expr: &Expr) -> bool {
        match expr {
            Expr::Member(e) => {
                e.prop.is_ident_with("storage") && self.is_ours(scope, &e.obj, "env")
            }
            Expr::Ident(ident) => matches!(
                scope.get(&ident.sym),
                Name::Type(TypeExpr::Reference { name, arguments, .. })
                    if name == TABLE && arguments.is_empty()
            ),
            _ => false,
        }
    }

    /// `ctx` or `env`.
    fn is_ours(&self, scope: &Scope, expr: &Expr, name: &str) -> bool {
        matches!(expr, Expr::Ident(ident)
            if scope.is_outside(&ident.sym) && self.extractor.names.is(&ident.sym, name))
    }

    /// `ctx.owner`, `env.API_KEY`, a table, `env.storage` itself.
    pub fn context(&self, scope: &Scope, expr: &Expr) -> Option<TypeExpr> {
        if self.is_storage(scope, expr) {
            return Some(symbolic::symbolic(TABLE, Vec::new()));
        }
        if let Some(table) = self.table(scope, expr) {
            return Some(symbolic::named(TABLE, &table));
        }
        let Expr::Member(e) = expr else { return None };
        let MemberProp::Ident(name) = &e.prop else { return None };
        if self.is_ours(scope, &e.obj, "env") {
            let is_variable =
                name.sym.bytes().all(|b| b.is_ascii_uppercase() || b == b'_' || b.is_ascii_digit());
            return is_variable.then(|| union([keyword("string"), keyword("undefined")]));
        }
        if self.is_ours(scope, &e.obj, "ctx") {
            return Some(match name.sym.as_str() {
                "sid" | "owner" | "tenant" | "method" | "path" | "callId" => keyword("string"),
                "perm" => keyword("number"),
                "currentTxid" => keyword("bigint"),
                "isAnonymous" => keyword("boolean"),
                "ugroups" => TypeExpr::Array(Box::new(keyword("string"))),
                _ => return None,
            });
        }
        let Expr::Member(outer) = &*e.obj else { return None };
        if !self.is_ours(scope, &outer.obj, "ctx") {
            return None;
        }
        let MemberProp::Ident(of) = &outer.prop else { return None };
        match (of.sym.as_str(), name.sym.as_str()) {
            ("session", "id") | ("route", "name") => Some(keyword("string")),
            ("session", "perm") => Some(keyword("number")),
            ("session", "expiresAt") => Some(symbolic::symbolic("Date", Vec::new())),
            _ => None,
        }
    }

    pub fn call(&self, scope: &Scope, call: &CallExpr, depth: usize) -> Option<TypeExpr> {
        let Callee::Expr(callee) = &call.callee else { return None };
        if let Some(table) = self.table_of(scope, call) {
            return Some(symbolic::named(TABLE, &table));
        }
        let Some((receiver, name)) = method(call) else {
            let Expr::Ident(ident) = &**callee else { return None };
            return self.free_call(scope, &ident.sym, call);
        };
        if let Some(table) = self.table(scope, receiver) {
            return storage(&table, name);
        }
        if let Some(ty) = self.shared(scope, receiver, name) {
            return Some(ty);
        }
        if let Some(ty) = self.builtin(scope, receiver, name, call) {
            return Some(ty);
        }
        if let Some(path) = self.path(scope, callee) {
            return Some(symbolic::named(symbolic::RESULT, &path));
        }
        let receiver = self.ty_to(scope, receiver, depth)?;
        self.method_of(scope, &receiver, name, call)
    }

    /// `load(…)`: a function of this module or an imported one, or a built-in one.
    fn free_call(&self, scope: &Scope, name: &str, call: &CallExpr) -> Option<TypeExpr> {
        if !scope.is_outside(name) {
            return None;
        }
        match name {
            "String" | "encodeURIComponent" | "decodeURIComponent" => {
                return Some(keyword("string"));
            }
            "Number" | "parseInt" | "parseFloat" => return Some(keyword("number")),
            "Boolean" | "isNaN" => return Some(keyword("boolean")),
            "BigInt" => return Some(keyword("bigint")),
            "structuredClone" => return self.ty(scope, &call.args.first()?.expr),
            _ => {}
        }
        Some(symbolic::named(symbolic::RESULT, name))
    }

    /// `ns.load`, `Service.find`, `this.find`: what may be a function of another place.
    fn path(&self, scope: &Scope, callee: &Expr) -> Option<String> {
        let Expr::Member(e) = callee else { return None };
        let MemberProp::Ident(name) = &e.prop else { return None };
        match &*e.obj {
            Expr::This(_) => Some(format!("{}.{}", self.class?, name.sym)),
            Expr::Ident(ident) if scope.is_outside(&ident.sym) => {
                Some(format!("{}.{}", ident.sym, name.sym))
            }
            _ => None,
        }
    }

    fn shared(&self, scope: &Scope, receiver: &Expr, name: &str) -> Option<TypeExpr> {
        let Expr::Member(e) = receiver else { return None };
        if !e.prop.is_ident_with("shared") || !self.is_ours(scope, &e.obj, "env") {
            return None;
        }
        match name {
            "increment" => Some(promise(keyword("number"))),
            "delete" => Some(promise(keyword("boolean"))),
            "set" => Some(promise(keyword("void"))),
            _ => None,
        }
    }

    /// `Date.now()`, `Promise.all([…])`.
    fn builtin(
        &self,
        scope: &Scope,
        receiver: &Expr,
        name: &str,
        call: &CallExpr,
    ) -> Option<TypeExpr> {
        let Expr::Ident(object) = receiver else { return None };
        if !scope.is_outside(&object.sym) {
            return None;
        }
        let first = || self.ty(scope, &call.args.first()?.expr);
        if self.extractor.names.is(&object.sym, "HttpResp") {
            let mut given = self.extractor.type_arguments(call.type_args.as_deref());
            let data = match name {
                "ok" | "created" if given.len() == 1 => given.remove(0),
                "ok" | "created" => first()?,
                "noContent" | "redirect" => keyword("null"),
                _ => return None,
            };
            return Some(symbolic::symbolic(&object.sym, vec![data]));
        }
        Some(match (object.sym.as_str(), name) {
            ("crypto", "randomUUID") | ("JSON", "stringify") => keyword("string"),
            ("Date", "now") | ("Math", _) => keyword("number"),
            ("Number", "isInteger" | "isFinite" | "isNaN" | "isSafeInteger")
            | ("Array", "isArray") => keyword("boolean"),
            ("Number", "parseInt" | "parseFloat") => keyword("number"),
            ("Object", "keys") => TypeExpr::Array(Box::new(keyword("string"))),
            ("Object", "freeze") => first()?,
            ("Promise", "resolve") if call.args.is_empty() => promise(keyword("void")),
            ("Promise", "resolve") => promise(first()?),
            ("Promise", "all") => match &*call.args.first()?.expr {
                Expr::Array(array) => {
                    let types: Option<Vec<TypeExpr>> = array
                        .elems
                        .iter()
                        .map(|element| {
                            let element = element.as_ref().filter(|e| e.spread.is_none())?;
                            self.ty(scope, &element.expr).map(awaited)
                        })
                        .collect();
                    promise(tuple(types?))
                }
                _ => promise(TypeExpr::Array(Box::new(awaited(item(&first()?)?)))),
            },
            ("Array", "fromAsync") => promise(TypeExpr::Array(Box::new(awaited(item(&first()?)?)))),
            ("Array", "from") if call.args.len() == 1 => {
                TypeExpr::Array(Box::new(item(&first()?)?))
            }
            _ => return None,
        })
    }

    /// What a closure in the arguments of a method is called with.
    pub fn closure_arguments(&self, scope: &Scope, call: &CallExpr) -> Vec<Option<TypeExpr>> {
        let element = method(call).and_then(|(receiver, name)| {
            EACH.contains(&name).then(|| self.ty(scope, receiver).as_ref().and_then(item)).flatten()
        });
        if element.is_none() { Vec::new() } else { vec![element, Some(keyword("number"))] }
    }

    fn method_of(
        &self,
        scope: &Scope,
        receiver: &TypeExpr,
        name: &str,
        call: &CallExpr,
    ) -> Option<TypeExpr> {
        match receiver {
            TypeExpr::Keyword(kind) if kind == "string" => text_method(name),
            TypeExpr::Keyword(kind) if kind == "number" => match name {
                "toFixed" | "toString" | "toPrecision" | "toLocaleString" => {
                    Some(keyword("string"))
                }
                _ => None,
            },
            TypeExpr::Reference { name: class, arguments, .. }
                if class == "Date" && arguments.is_empty() =>
            {
                date_method(name)
            }
            // A field of a row has no methods of its own; what it is shows in the method's name.
            ty if matches!(symbolic::parts(ty), Some((symbolic::MEMBER, _)))
                && matches!(
                    name,
                    "trim" | "toLowerCase" | "toUpperCase" | "toISOString" | "toFixed" | "getTime"
                ) =>
            {
                text_method(name).or_else(|| date_method(name)).or(Some(keyword("string")))
            }
            ty => self.array_method(scope, ty, name, call),
        }
    }

    fn array_method(
        &self,
        scope: &Scope,
        receiver: &TypeExpr,
        name: &str,
        call: &CallExpr,
    ) -> Option<TypeExpr> {
        // Only of an array, as far as is known here; `gather` sees to the rest.
        let element = item(receiver)?;
        let certain = !symbolic::is_symbolic(&element);
        let array = || TypeExpr::Array(Box::new(element.clone()));
        let closure = || match &*call.args.first()?.expr {
            Expr::Arrow(arrow) => {
                self.closure(scope, arrow, vec![Some(element.clone()), Some(keyword("number"))]).0
            }
            _ => None,
        };
        let result = match name {
            "map" => TypeExpr::Array(Box::new(closure()?)),
            "flatMap" => TypeExpr::Array(Box::new(item(&closure()?)?)),
            "filter" | "slice" | "sort" | "reverse" | "toSorted" | "toReversed" => array(),
            "find" | "at" | "findLast" => union([element.clone(), keyword("undefined")]),
            "pop" | "shift" if matches!(receiver, TypeExpr::Array(_)) => {
                union([element.clone(), keyword("undefined")])
            }
            "some" | "every" | "includes" => keyword("boolean"),
            "join" => keyword("string"),
            "indexOf" | "findIndex" => keyword("number"),
            "push" if matches!(receiver, TypeExpr::Array(_)) => keyword("number"),
            _ => return None,
        };
        // Whether it is an array shows with its elements.
        Some(if certain {
            result
        } else {
            symbolic::symbolic(symbolic::GIVEN, vec![element, result])
        })
    }
}

fn storage(table: &str, operation: &str) -> Option<TypeExpr> {
    let row = || symbolic::named(symbolic::ROW, table);
    Some(match operation {
        "get" | "pop" | "shift" => promise(union([row(), keyword("null")])),
        "getMany" => promise(TypeExpr::Array(Box::new(union([row(), keyword("null")])))),
        "count" => promise(keyword("number")),
        "set" | "update" => promise(keyword("void")),
        "delete" => promise(keyword("boolean")),
        "push" => promise(keyword("string")),
        "query" => symbolic::symbolic("AsyncIterable", vec![row()]),
        _ => return None,
    })
}

fn text_method(name: &str) -> Option<TypeExpr> {
    Some(match name {
        "trim" | "trimStart" | "trimEnd" | "toLowerCase" | "toUpperCase" | "slice"
        | "substring" | "replace" | "replaceAll" | "padStart" | "padEnd" | "repeat" | "charAt"
        | "normalize" | "concat" | "toString" | "toLocaleLowerCase" | "toLocaleUpperCase" => {
            keyword("string")
        }
        "includes" | "startsWith" | "endsWith" => keyword("boolean"),
        "indexOf" | "lastIndexOf" | "charCodeAt" | "localeCompare" | "search" => keyword("number"),
        "split" => TypeExpr::Array(Box::new(keyword("string"))),
        _ => return None,
    })
}

fn date_method(name: &str) -> Option<TypeExpr> {
    Some(match name {
        "toISOString" | "toJSON" | "toString" | "toDateString" => keyword("string"),
        "getTime" | "valueOf" | "getFullYear" | "getMonth" | "getDate" | "getDay" | "getHours"
        | "getMinutes" | "getSeconds" => keyword("number"),
        _ => return None,
    })
}

fn text_of(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Lit(Lit::Str(text)) => text.value.as_str().map(str::to_owned),
        _ => None,
    }
}

/// Methods that call a closure with each element.
const EACH: &[&str] =
    &["map", "flatMap", "filter", "find", "findLast", "some", "every", "forEach", "findIndex"];

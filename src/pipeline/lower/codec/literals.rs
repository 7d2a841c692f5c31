//! Literals: their test, and their passage in every direction.

use super::emit::{Emitter, Purpose, expected, leaf, literal};
use crate::{
    model::shape::{Literal, Scalar, Shape},
    text::values::string,
};

impl Emitter<'_> {
    pub fn literals(&mut self, name: &str, literals: &[Literal]) {
        let shape = Shape::Literals(literals.to_vec());
        let text = string(&expected(self.plan, &shape));
        let (primitive, is_bigint) = match literals.first() {
            Some(Literal::Boolean(_)) => (Shape::Boolean, false),
            Some(Literal::Number(_)) => (Shape::Number(Scalar::Float64), false),
            Some(Literal::BigInt { .. }) => (Shape::BigInt(Scalar::Int64), true),
            _ => (Shape::String, false),
        };
        let values: Vec<String> = literals.iter().map(literal).collect();
        let test = if values.len() > 8 {
            self.line(&format!(
                "const {name}_k = /* @__PURE__ */ new Set([{}]);",
                values.join(", ")
            ));
            format!("{name}_k.has(x)")
        } else {
            let tests: Vec<String> = values.iter().map(|value| format!("x === {value}")).collect();
            tests.join(" || ")
        };
        self.begin(name, "is", "x");
        self.line(&format!("return {test};"));
        self.close("}");
        let Some([put, get, read, write]) = leaf(&primitive) else { return };
        let fail = self.support("fail");
        if self.purpose == Purpose::Calls {
            self.begin(name, "encode", "w, x, at, d, key");
            self.line(&format!("if (!{name}_is(x)) {fail}(w, d, key, {text});"));
            let put = self.support(put);
            self.line(&format!("{put}(w, x, at, d, key);"));
            self.close("}");
            self.begin(name, "decode", "r, at, d, key");
            let get = self.support(get);
            self.line(&format!("if (at === 0) {fail}(r, d, key, {text});"));
            self.line(&format!("const x = {get}(r, at, d, key);"));
            self.line(&format!("if (!{name}_is(x)) {fail}(r, d, key, {text});"));
            self.line("return x;");
            self.close("}");
        }
        if is_bigint {
            let (read, write) = (self.support(read), self.support(write));
            self.begin(name, "read", "c, x, d, key");
            self.line(&format!("const y = {read}(c, x, d, key);"));
            self.line(&format!("if (!{name}_is(y)) {fail}(c, d, key, {text});"));
            self.line("return y;");
            self.close("}");
            self.begin(name, "write", "c, x, d, key");
            self.line(&format!("if (!{name}_is(x)) {fail}(c, d, key, {text});"));
            self.line(&format!("return {write}(c, x, d, key);"));
            self.close("}");
        } else {
            for suffix in ["read", "write"] {
                self.begin(name, suffix, "c, x, d, key");
                self.line(&format!("if (!{name}_is(x)) {fail}(c, d, key, {text});"));
                self.line("return x;");
                self.close("}");
            }
        }
    }
}

//! CommonJS modules and JSON, as functions that `runtime/js/commonjs.js` calls.

use std::rc::Rc;

use rquickjs::{Ctx, Exception, Value};

use super::Kind;
use crate::engine::{bytecode, ops::Ops};

/// The module whose `load` gives a CommonJS module's exports.
const LOADER: &str = "kontract:commonjs";

/// Gives isolates CommonJS.
pub fn install<'js>(ops: &Ops<'js>) -> rquickjs::Result<()> {
    let host = Rc::clone(ops.host());
    ops.add("commonJsResolve", move |ctx: Ctx<'js>, base: String, specifier: String| {
        let found = host.modules(&ctx)?.resolve(Kind::Require, &base, &specifier);
        found.map(|id| id.to_string()).map_err(|message| {
            Exception::throw_message(&ctx, &format!("Cannot find module '{specifier}': {message}"))
        })
    })?;
    let host = Rc::clone(ops.host());
    ops.add("commonJsScript", move |ctx: Ctx<'js>, id: String| -> rquickjs::Result<Value<'js>> {
        host.modules(&ctx)?.script(&ctx, &id)
    })?;
    bytecode::evaluate(ops.ctx(), LOADER, include_str!("../../../js/commonjs.js")).map(drop)
}

/// The function around a CommonJS text. It begins on the text's first line, so that lines agree.
pub fn function(text: &str) -> String {
    // A `#!` is only allowed where a file begins.
    let hash = if text.starts_with("#!") { "//" } else { "" };
    format!(
        "(function (exports, require, module, __filename, __dirname, process, global) {{{hash}{text}\n}})"
    )
}

/// The function of a JSON text.
pub fn json_function(text: &str) -> String {
    format!(
        "(function (exports, require, module) {{ module.exports = JSON.parse({}); }})",
        quoted(text)
    )
}

/// The module that `import` finds in the place of the CommonJS module `id`.
pub fn facade(id: &str, names: &[String]) -> String {
    let (loader, id) = (quoted(LOADER), quoted(id));
    let numbered = || names.iter().enumerate();
    let bindings: Vec<_> =
        numbered().map(|(number, name)| format!("const _{number} = module.{name};")).collect();
    let exports: Vec<_> = numbered().map(|(number, name)| format!("_{number} as {name}")).collect();
    format!(
        "import {{ load }} from {loader};\nconst module = load({id});\n{}\nexport {{ {} }};\nexport default module;\n",
        bindings.join("\n"),
        exports.join(", ")
    )
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

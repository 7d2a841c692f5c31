//! `dist/codec`: encoders, decoders and validators in JavaScript, made for each type.
//!
//! Input: the shapes of
//! ```ts
//! interface User { id: string; email?: string }
//! export async function getUser(id: string): Promise<User> { … }
//! ```
//! Output: `codec/__kontract.js` with
//! ```js
//! export function User_encode(w, x, at, d, key) {
//!   openObject(w, x, d++, key);
//!   const t = table(w, at, 12);
//!   let m = 0, y;
//!   putString(w, x.id, t + 4, d, "id");
//!   if ((y = x.email) !== undefined) {
//!     putString(w, y, t + 8, d, "email");
//!     m |= 1;
//!   }
//!   …
//! }
//! export function User_decode(r, at, d, key) { … }
//! export function User_read(c, x, d, key) { … }
//! export function User_write(c, x, d, key) { … }
//! ```
//! and for each module its routes' functions, `getUser_encodeRequest` and so on.
//!
//! Every function takes the state that it works on (`w` a writer, `r` a reader, `c` a conversion
//! from or to JSON), the value `x` or where it stands, and how one gets there: the depth `d` and
//! the `key` of the value.

mod choose;
mod decode;
mod emit;
mod encode;
mod json;
mod literals;
pub mod plan;
mod rows;
mod structure;

use std::collections::BTreeMap;

use rayon::prelude::*;

pub use self::rows::rows;
use self::{
    emit::{Emitter, Purpose},
    plan::{Definition, Plan},
};
use crate::{
    model::{
        app::App,
        output::Output,
        shape::{ObjectKind, Shapes},
    },
    pipeline::names::Layout,
    text::{header, values::string},
};

/// The output of definitions that modules share.
const SHARED: &str = "__kontract";

/// How many definitions one thread writes before it looks for more.
const CHUNK: usize = 64;

/// What importers call the codec of a module.
pub const NAMESPACE: &str = "__kontract_codec";

/// From an output (`server/api/users`) to the codec of a module.
pub fn specifier(from: &str, module: &str) -> String {
    Layout::specifier(from, &format!("codec/{module}"))
}

/// Input: the application's shapes, with ids.
pub fn codecs(app: &App) -> Vec<Output> {
    generate(&app.shapes, &modules(app))
}

/// The routes of each module that has some, by the module's output.
pub fn modules(app: &App) -> BTreeMap<String, Vec<String>> {
    let mut modules: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, route) in &app.routes {
        let Some(client) = app.client.get(&route.module) else { continue };
        if app.shapes.routes.contains_key(name) {
            modules.entry(client.output.clone()).or_default().push(name.clone());
        }
    }
    modules
}

pub fn generate(shapes: &Shapes, modules: &BTreeMap<String, Vec<String>>) -> Vec<Output> {
    let plan = Plan::new(shapes);
    let tested = choose::tested(&plan);
    let emitter = || Emitter::new(&plan, &tested, Purpose::Calls);
    let shared: Vec<_> = plan.definitions.iter().filter(|(_, d)| !is_root(d)).collect();
    let parts = shared.par_chunks(CHUNK).map(|definitions| {
        let mut part = emitter();
        definitions.iter().for_each(|(name, definition)| part.definition(name, definition));
        part
    });
    let shared = parts.collect::<Vec<_>>().into_iter().reduce(Emitter::and);
    let shared = shared.filter(|shared| !shared.out.is_empty()).map(|shared| {
        let text = format!("{}{}{}", header(None), shared.support_import(), shared.out);
        Output { path: format!("codec/{SHARED}.js"), text }
    });
    let own = modules.par_iter().map(|(output, routes)| {
        let mut module = emitter();
        for route in routes {
            let Some(route) = shapes.routes.get(route) else { continue };
            let request = plan.object_name(&route.request).to_owned();
            let response = plan.object_name(&route.response).to_owned();
            for name in [&request, &response] {
                if let Some(definition) = plan.definitions.get(name) {
                    module.definition(name, definition);
                }
            }
            module.route(&route.ident, &request, &response);
        }
        let specifier = Layout::specifier(output, SHARED);
        let text = format!(
            "{}{}{}{}",
            header(None),
            module.support_import(),
            module.imports(&string(&specifier)),
            module.out
        );
        Output { path: format!("codec/{output}.js"), text }
    });
    let own: Vec<Output> = own.collect();
    shared.into_iter().chain(own).collect()
}

/// It belongs to one route.
fn is_root(definition: &Definition<'_>) -> bool {
    matches!(definition, Definition::Object(object)
        if matches!(object.kind, ObjectKind::Arguments | ObjectKind::Result | ObjectKind::Item))
}

#[cfg(test)]
mod tests;

//! What is no mistake for sure, and deserves a look.
//!
//! Input: a route without a group that writes, where guests have W.
//! Output: K270.

use crate::model::{
    SourcePath, Span,
    app::{App, Modules},
    diagnostic::Diagnostic,
    perms::{self, Guests},
};

pub fn lints(app: &App, modules: &Modules, guests: Guests, diagnostics: &mut Vec<Diagnostic>) {
    for (name, route) in &app.routes {
        let function = &modules[&route.module].functions[route.function];
        if !guests.may_call(route.perm, function.ugroup.as_deref()) {
            continue;
        }
        let changed = route.tables.iter().filter(|(_, mask)| **mask & !perms::READ != 0);
        let tables: Vec<String> = changed.map(|(table, _)| format!("`{table}`")).collect();
        if !tables.is_empty() {
            diagnostics.push(public_write(&route.module, function.annotation, name, &tables));
        }
    }
}

#[cold]
fn public_write(file: &SourcePath, span: Span, route: &str, tables: &[String]) -> Diagnostic {
    let message = format!("`{route}` needs no account and changes {}", tables.join(" and "));
    Diagnostic::warning("K270", file, Some(span), message)
        .label("it has no `ugroup`, and guests have the permission that it needs")
        .help("give it a `ugroup`, or guests fewer permissions (`[auth] perm` in kontract.toml); where everybody may write, put `// kontract-allow K270` on the line before")
}

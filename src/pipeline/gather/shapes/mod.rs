//! Types as written → types as they travel.
//!
//! ```ts
//! interface User { id: string; email?: string | null }
//! @backend() export async function getUser(id: string): Promise<User | null> { … }
//! ```
//! gives an object `getUser(request)` with the field `id`, an object `getUser(response)` with the
//! field `result`, whose slot admits null, and the object `User`. A type is looked up as far as its
//! outermost form (`evaluate`), then made a shape (`wire`), from the routes inwards.

mod builtin;
mod computed;
mod constants;
mod defaults;
mod diagnostics;
mod evaluate;
mod fallback;
mod head;
mod lookup;
mod names;
mod objects;
mod reference;
mod rows;
mod secrets;
mod unions;
mod wire;

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

pub use self::rows::rows;
use self::{
    diagnostics::{Origin, Part},
    evaluate::Evaluator,
    fallback::Fallback,
    head::{Head, Scope, Source, Thunk, place},
    wire::{Wire, below, empty, field},
};
use super::{
    packages::{Declarations, Packages},
    symbols::Symbols,
};
use crate::{
    model::{
        app::Route,
        contract::{BackendFunction, Signature},
        diagnostic::Diagnostic,
        shape::{FieldIds, ObjectKind, Rest, RouteShapes, ShapeKey, Shapes},
    },
    typescript::{Answers, Failure, Hint, Question},
};

/// Asks TypeScript for all of them at once.
pub type Ask<'a> = &'a dyn Fn(&BTreeMap<Question, Hint>) -> Result<Answers, Failure>;

/// Each but the last asks for what the answers before it brought up.
const MAX_ROUNDS: usize = 8;

/// What TypeScript and the packages have told so far. What only TypeScript can tell is noted on the
/// way, asked for at once, and everything resolved again: an answer may lead to more to ask.
#[derive(Default)]
pub struct Told {
    pub answers: Answers,
    questions: BTreeMap<Question, Hint>,
    failure: Option<Failure>,
    packages: Packages,
}

impl Told {
    /// TypeScript has not been asked.
    pub fn is_silent(&self) -> bool {
        self.questions.is_empty()
    }

    /// Calls `resolve` until it leaves nothing to ask for. Without `ask` what is known must do.
    fn settle<T>(
        &mut self,
        symbols: Symbols<'_>,
        declarations: &dyn Declarations,
        ask: Option<Ask<'_>>,
        diagnostics: &mut Vec<Diagnostic>,
        resolve: impl Fn(Symbols<'_>, &Fallback<'_>, &mut Vec<Diagnostic>) -> T,
    ) -> T {
        let mut round = 1;
        loop {
            let fallback = Fallback::new(&self.answers, self.failure.clone());
            let mut found = Vec::new();
            let within = Symbols { packages: Some(&self.packages), ..symbols };
            let resolved = resolve(within, &fallback, &mut found);
            let is_last = fallback.failure().is_some() || round > MAX_ROUNDS;
            let wanted = fallback.wanted();
            // What is declared is read before anything is asked.
            if self.packages.load(declarations) {
                continue;
            }
            let Some(ask) = ask.filter(|_| !is_last && !wanted.is_empty()) else {
                diagnostics.extend(found);
                return resolved;
            };
            round += 1;
            // Asked together, so that names of helpers agree.
            self.questions.extend(wanted);
            match ask(&self.questions) {
                Ok(found) => self.answers = found,
                Err(error) => self.failure = Some(error),
            }
        }
    }
}

/// Resolves the parameters and results of all routes. Ids and tags are zero: the lock gives them.
pub fn shapes(
    symbols: Symbols<'_>,
    routes: &BTreeMap<String, Route>,
    declarations: &dyn Declarations,
    ask: Ask<'_>,
    told: &mut Told,
    diagnostics: &mut Vec<Diagnostic>,
) -> Shapes {
    told.settle(symbols, declarations, Some(ask), diagnostics, |symbols, fallback, diagnostics| {
        resolved(symbols, routes, fallback, diagnostics)
    })
}

fn resolved(
    symbols: Symbols<'_>,
    routes: &BTreeMap<String, Route>,
    fallback: &Fallback<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Shapes {
    let mut wire = Wire::new(Evaluator::new(symbols, fallback));
    let mut idents = BTreeSet::new();
    let mut results = Vec::new();
    for (name, route) in routes {
        let Some(function) =
            symbols.module(&route.module).and_then(|c| c.functions.get(route.function))
        else {
            continue;
        };
        let base = format!("{}#{name}", route.module);
        let request = format!("{base}(request)");
        let scope = scope_of(route, &function.signature, &request);
        arguments(&mut wire, route, function, &scope, &request);
        let (response, at_once) = result(&mut wire, route, function, &scope, &base);
        results.push((response.clone(), wire.evaluator.origin.clone()));
        wire.drain();
        let ident = unique(&mut idents, name);
        wire.shapes.routes.insert(name.clone(), RouteShapes { ident, request, response, at_once });
    }
    let Wire { evaluator, mut shapes, secrets, .. } = wire;
    // Where a type is missing, which is an error of its own, `any` stands in for it.
    diagnostics.extend(evaluator.diagnostics.into_iter().filter(|diagnostic| {
        let broken = symbols.module(&diagnostic.file).is_some_and(|c| c.broken);
        diagnostic.is_error() || !broken
    }));
    name(&mut shapes);
    secrets::check(&shapes, &secrets, &results, diagnostics);
    defaults::check(&shapes, diagnostics);
    shapes
}

fn name(shapes: &mut Shapes) {
    let names = names::identifiers(shapes.objects.keys().chain(shapes.unions.keys()));
    for (key, object) in &mut shapes.objects {
        object.name.clone_from(&names[key]);
    }
    for (key, union) in &mut shapes.unions {
        union.name.clone_from(&names[key]);
    }
}

/// A type parameter of a route is anything that its constraint admits.
fn scope_of<'a>(route: &Route, signature: &'a Signature, key: &str) -> Rc<Scope<'a>> {
    let mut scope = Scope::of_file(&route.module);
    let at = place(&route.module, function_span(signature));
    for parameter in &signature.type_parameters {
        let way = below(key, &parameter.name);
        let thunk = match &parameter.constraint {
            Some(ty) => Evaluator::thunk(ty, &scope, way, &at),
            None => Thunk::known(Head::Unknown(at.clone()), &way, &at),
        };
        scope = scope.with(&parameter.name, thunk);
    }
    scope
}

fn function_span(signature: &Signature) -> crate::model::Span {
    signature.parameters.first().map(|p| p.span).unwrap_or_default()
}

fn arguments<'a>(
    wire: &mut Wire<'a>,
    route: &Route,
    function: &'a BackendFunction,
    scope: &Rc<Scope<'a>>,
    key: &str,
) {
    let mut object = empty(ObjectKind::Arguments, &place(&route.module, function.span));
    for parameter in &function.signature.parameters {
        let at = place(&route.module, parameter.span);
        wire.evaluator.origin =
            Origin { file: route.module.clone(), span: parameter.span, part: Part::Parameter };
        wire.at = (key.to_owned(), parameter.name.clone());
        let way = below(key, &parameter.name);
        let thunk = match &parameter.ty {
            Some(ty) => Evaluator::thunk(ty, scope, way, &at),
            // Reported where it stands.
            None => Thunk { source: Source::Known(Head::Refused), way, place: at.clone() },
        };
        let thunk = match parameter.scalar {
            Some(scalar) => thunk.scaled(scalar),
            None => thunk,
        };
        if !parameter.rest {
            let slot = wire.slot(&thunk);
            // Every parameter that is taken apart is called `options`.
            let mut label = parameter.name.clone();
            while object.fields.iter().any(|f| f.name == label) {
                label.push('_');
            }
            object.fields.push(field(&label, slot, parameter.optional, &at));
            continue;
        }
        match wire.evaluator.head(&thunk) {
            Head::Array(item) => {
                object.rest = Some(Rest { slot: wire.slot(&item), id: FieldIds::default() });
            }
            Head::Tuple(tuple) => {
                for (index, element) in tuple.elements.iter().enumerate() {
                    let label = element.label.clone();
                    let mut label = label.unwrap_or_else(|| format!("{}{index}", parameter.name));
                    while object.fields.iter().any(|f| f.name == label) {
                        label.push('_');
                    }
                    let slot = wire.slot(&element.ty);
                    object.fields.push(field(&label, slot, element.optional, &at));
                }
                if let Some(rest) = &tuple.rest {
                    object.rest = Some(Rest { slot: wire.slot(rest), id: FieldIds::default() });
                }
            }
            _ => {
                wire.slot(&thunk);
            }
        }
    }
    wire.shapes.objects.insert(key.to_owned(), object);
}

/// The key of what travels back, which is each item of a stream, and whether that is there at once.
fn result<'a>(
    wire: &mut Wire<'a>,
    route: &Route,
    function: &'a BackendFunction,
    scope: &Rc<Scope<'a>>,
    base: &str,
) -> (ShapeKey, bool) {
    let at = place(&route.module, function.span);
    wire.evaluator.origin =
        Origin { file: route.module.clone(), span: function.span, part: Part::Result };
    let mut key = format!("{base}(response)");
    let mut object = empty(ObjectKind::Result, &at);
    let mut at_once = false;
    if let Some(ty) = &function.signature.result {
        let thunk = Evaluator::thunk(ty, scope, below(&key, "result"), &at);
        let items = wire.items(&thunk);
        if items.is_some() {
            key = format!("{base}(item)");
            object.kind = ObjectKind::Item;
        }
        wire.at = (key.clone(), "result".to_owned());
        let slot = match items {
            Some(items) => {
                at_once = items.at_once;
                wire.slot(&items.item)
            }
            None => wire.result(&thunk),
        };
        object.fields.push(field("result", slot, false, &at));
    }
    wire.shapes.objects.insert(key.clone(), object);
    (key, at_once)
}

/// The route's name as an identifier that no other has.
fn unique(taken: &mut BTreeSet<String>, route: &str) -> String {
    let ident: String = route
        .chars()
        .map(|c| if c.is_alphanumeric() || matches!(c, '_' | '$') { c } else { '_' })
        .collect();
    let mut unique = ident.clone();
    let mut count = 2;
    while !taken.insert(unique.clone()) {
        unique = format!("{ident}{count}");
        count += 1;
    }
    unique
}

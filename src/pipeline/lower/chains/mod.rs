//! Chains: one function for each distinct set of middlewares that wraps a route. What a
//! middleware's `await next()` runs stands in its place, where that means the same (`forms`);
//! other middlewares are called, with the rest of the chain as a closure.
//!
//! Input:
//! ```js
//! const __kontract_middleware = defineMiddleware([
//!   async (ctx, next) => { const start = Date.now(); await next(); log(Date.now() - start); },
//!   async (ctx, next) => { if (!allowed(ctx)) return null; return next(); },
//!   audit,
//! ]);
//! ```
//! Output, behind the module's own code:
//! ```js
//! const __kontract_2 = __kontract_around(__kontract_middleware, 2);
//! export async function __chain_0_1_2(context, body) {
//!   let result, answered = false;
//!   mw0: {
//!     let ctx = context;
//!     const start = Date.now();
//!     {
//!       let returned;
//!       mw1: {
//!         let ctx = context;
//!         if (!allowed(ctx)) { returned = null; break mw1; }
//!         {
//!           const returned = await __kontract_2(context, async () => {
//!             answered = true;
//!             result = await body();
//!             return result;
//!           });
//!           if (returned !== void 0) { result = returned; answered = true; }
//!         }
//!       }
//!       if (returned !== void 0 && (returned = await returned) !== void 0) { … }
//!     }
//!     log(Date.now() - start);
//!   }
//!   if (!answered) __kontract_refuse();
//!   return result;
//! }
//! ```

mod texts;
mod forms;
mod labels;
mod block;
mod splice;
mod template;

use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};
use swc_atoms::Atom;
use swc_common::DUMMY_SP;
use swc_ecma_ast::{ModuleItem, Program, Stmt};

use self::{
    block::Block,
    forms::Form,
    template::{items, statements},
    texts::Texts,
};
use super::scope::{Fresh, resolve};
use crate::model::Span;

/// What to make of a module's middlewares.
#[derive(Clone, Debug, Hash, Serialize, Deserialize)]
pub struct Chains {
    /// The functions of the list's entries, where the module holds their text.
    pub entries: Vec<Option<Span>>,
    /// Indices into the list, outermost first, and the name of their chain.
    pub sets: Vec<(Vec<usize>, String)>,
}

#[derive(Default)]
pub struct Added {
    /// Names of `kontract/runtime`.
    pub imports: Vec<&'static str>,
    /// Which entries of the list stand in the chains that they belong to.
    pub inlined: Vec<bool>,
}

/// Adds the chains behind the module's own code, where nothing is renamed any more: names mean what
/// they say. `list` is that of the list.
pub fn add(program: &mut Program, chains: &Chains, list: &str) -> Added {
    resolve(program);
    let texts = Texts::of(program, &chains.entries);
    let forms: Vec<Option<Form>> = texts.0.iter().map(|text| text.as_ref()?.form()).collect();
    let free: Vec<FxHashSet<Atom>> =
        forms.iter().map(|form| form.as_ref().map(Form::free).unwrap_or_default()).collect();
    let mut fresh = Fresh::of(program);
    let names = Names::new(&mut fresh);
    // How many take each name: one that only a middleware itself takes hides nothing from others.
    let mut takers: FxHashMap<&Atom, usize> = FxHashMap::default();
    free.iter().flatten().for_each(|name| *takers.entry(name).or_default() += 1);
    let block = |(index, form): (usize, Option<Form>)| {
        let own = |name: &Atom| usize::from(free[index].contains(name));
        let taken = |name: &Atom| {
            *list == **name || takers.get(name).is_some_and(|count| *count > own(name))
        };
        Some(Block::of(form?, index, &taken, &names, &mut fresh))
    };
    let blocks: Vec<Option<Block>> = forms.into_iter().enumerate().map(block).collect();
    let wanted: FxHashSet<usize> = chains.sets.iter().flat_map(|(set, _)| set).copied().collect();

    let mut added = Added { imports: vec!["__kontract_refuse"], inlined: Vec::new() };
    let mut items = Vec::new();
    for (index, block) in blocks.iter().enumerate() {
        if block.is_none() && wanted.contains(&index) {
            let text = format!("const __kontract_{index} = __kontract_around({list}, {index});");
            items.extend(template::items(&text, DUMMY_SP, Vec::new()));
        }
    }
    if !items.is_empty() {
        added.imports.push("__kontract_around");
    }
    for (set, name) in &chains.sets {
        items.extend(names.chain(name, set, &blocks));
    }
    if let Program::Module(module) = program {
        module.body.extend(items);
    }
    added.inlined = blocks.iter().map(Option::is_some).collect();
    added
}

/// Names of the chains' own, which stand nowhere in the module.
struct Names {
    context: Atom,
    body: Atom,
    result: Atom,
    answered: Atom,
    returned: Atom,
}

impl Names {
    fn new(fresh: &mut Fresh) -> Self {
        let mut name = |wanted| fresh.name(wanted);
        Self {
            context: name("context"),
            body: name("body"),
            result: name("result"),
            answered: name("answered"),
            returned: name("returned"),
        }
    }

    fn chain(&self, name: &str, set: &[usize], blocks: &[Option<Block>]) -> Vec<ModuleItem> {
        let Self { context, body, result, answered, .. } = self;
        let last = set.last().and_then(|last| blocks[*last].as_ref());
        let place = last.map_or(DUMMY_SP, |block| block.form.site);
        let reached = format!("{answered} = true; {result} = await {body}();");
        let innermost = statements(&reached, place, Vec::new());
        let first_called = set.iter().position(|index| blocks[*index].is_none());
        let inner = set.iter().enumerate().rev().fold(innermost, |inner, (position, index)| {
            match &blocks[*index] {
                // Who called it may be going on beside it: what follows `await next()` runs later,
                // even where nothing inside waits.
                Some(block) if first_called.is_some_and(|first| first < position) => {
                    let place = block.form.site;
                    let later = statements("await (async () => { ; })();", place, inner);
                    block.around(later, self)
                }
                Some(block) => block.around(inner, self),
                None => self.called(*index, inner),
            }
        });
        let text = format!(
            "export async function {name}({context}, {body}) {{
                let {result}, {answered} = false;
                ;
                if (!{answered}) __kontract_refuse();
                return {result};
            }}"
        );
        items(&text, DUMMY_SP, inner)
    }

    /// A middleware that is called, with the rest of the chain as a closure.
    fn called(&self, index: usize, inner: Vec<Stmt>) -> Vec<Stmt> {
        let Self { context, result, answered, returned, .. } = self;
        let text = format!(
            "{{
                const {returned} = await __kontract_{index}({context}, async () => {{
                    ;
                    return {result};
                }});
                if ({returned} !== void 0) {{ {result} = {returned}; {answered} = true; }}
            }}"
        );
        statements(&text, DUMMY_SP, inner)
    }
}

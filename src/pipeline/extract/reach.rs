//! What each top-level declaration touches and mentions: operations on tables, names that it may
//! call, and uses of storage that cannot be followed.
//!
//! Input:
//! ```ts
//! const people = () => env.storage.users;
//! export async function rename(id: string, name: string) {
//!   await people().update(id, { name });
//!   log(id);
//! }
//! ```
//! Output: `people` returns the table `users`; `rename` mentions `people`, `()`, `update` and
//! `log`, `()`. What comes of it is decided by `gather`, which knows the other files.

mod chains;
mod code;
mod declarations;
mod effects;
mod notes;
mod searches;
mod statements;
mod writes;

use rustc_hash::{FxHashMap, FxHashSet};
use swc_ecma_ast::Module;
use swc_ecma_visit::VisitWith;

use self::chains::Variables;
use super::uses::Visitor;
use crate::model::{
    reach::{Path, Reach},
    statement::SqlCall,
};

/// `uses` has seen the module.
pub fn reach<'a>(module: &Module, uses: &'a Visitor<'a>) -> (Vec<Reach>, Vec<SqlCall>) {
    let mut variables = Variables::new(uses);
    module.visit_with(&mut variables);
    let mut walk = Walk {
        uses,
        variables,
        facts: Vec::new(),
        statements: Vec::new(),
        index: FxHashMap::default(),
        mentioned: FxHashSet::default(),
        touched: Vec::new(),
        at: Place::default(),
        role: USED,
    };
    for item in &module.body {
        walk.item(item);
        let touched = std::mem::take(&mut walk.touched);
        let (effects, transactions) = effects::effects(item, uses);
        for fact in touched {
            walk.facts[fact].effects |= effects;
            walk.facts[fact].transactions |= transactions;
        }
    }
    walk.facts.retain(|reach| {
        !reach.operations.is_empty()
            || !reach.mentions.is_empty()
            || !reach.unseen.is_empty()
            || !reach.holds.is_empty()
            || !reach.returns.is_empty()
            || reach.effects
            || reach.transactions
    });
    (walk.facts, walk.statements)
}

struct Walk<'a> {
    uses: &'a Visitor<'a>,
    variables: Variables<'a>,
    facts: Vec<Reach>,
    statements: Vec<SqlCall>,
    index: FxHashMap<(String, Option<String>), usize>,
    /// Each name is noted once for a declaration.
    mentioned: FxHashSet<(usize, Path)>,
    /// The facts of the item at hand.
    touched: Vec<usize>,
    at: Place,
    /// What becomes of the next expression, in words.
    role: &'static str,
}

/// What the code at hand belongs to.
#[derive(Clone, Copy, Default)]
struct Place {
    fact: usize,
    /// Functions between here and the declaration's own.
    depth: usize,
    /// `this` is the declaration's object.
    has_this: bool,
    /// What is returned here is the value of a property.
    getter: bool,
    /// What stands here is being assigned.
    assigned: bool,
}

const USED: &str = "used as a value";
const PASSED: &str = "passed on";
const RETURNED: &str = "returned";
const STORED: &str = "stored";
const SPREAD: &str = "spread";

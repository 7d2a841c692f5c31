//! The application's modules: read and compiled once per build, loaded by every isolate.

use std::{rc::Rc, sync::Arc};

use rquickjs::{
    Ctx, Module, Value,
    loader::{ImportAttributes, Loader, Resolver},
    module::Declared,
};
use rustc_hash::FxHashMap;

use super::bytecode::{Bytecode, Script};

mod commonjs;
mod prepare;
mod resolve;
mod scan;
mod source;

pub use commonjs::install;
pub use prepare::prepare;
pub use source::SourceMaps;

/// A build's modules, ready to be loaded. Nothing is read from disk any more.
pub struct Bundle {
    entry: Arc<str>,
    units: FxHashMap<Arc<str>, Unit>,
    links: Links,
    maps: SourceMaps,
    /// What `src/auth.ts` exports, as JSON.
    auth: Option<serde_json::Value>,
}

/// A file, compiled.
#[derive(Clone, Default)]
struct Unit {
    /// What `import` finds: an ES module, or one that calls the script.
    module: Option<Bytecode>,
    /// The function around the text of a CommonJS module.
    script: Option<Script>,
}

/// How a module names another one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Kind {
    Import,
    Require,
}

/// The id of a module, or why there is none.
type Link = Result<Arc<str>, String>;
/// Where each specifier of a module leads.
type Links = FxHashMap<(Kind, Arc<str>), FxHashMap<String, Link>>;

/// Where an isolate finds modules.
pub trait Modules {
    /// The id of the module that `specifier` means in the module `base`.
    fn resolve(&self, kind: Kind, base: &str, specifier: &str) -> Link;
    fn module<'js>(&self, ctx: &Ctx<'js>, id: &str) -> rquickjs::Result<Module<'js, Declared>>;
    /// The function of a CommonJS module.
    fn script<'js>(&self, ctx: &Ctx<'js>, id: &str) -> rquickjs::Result<Value<'js>>;
    /// A stack in terms of the sources.
    fn map_stack(&self, stack: &str) -> String;
}

impl Bundle {
    pub fn entry(&self) -> &str {
        &self.entry
    }

    pub fn auth(&self) -> Option<&serde_json::Value> {
        self.auth.as_ref()
    }
}

impl Modules for Arc<Bundle> {
    fn resolve(&self, kind: Kind, base: &str, specifier: &str) -> Link {
        if base.is_empty() {
            return Ok(specifier.into());
        }
        let links = self.links.get(&(kind, Arc::from(base)));
        links.and_then(|links| links.get(specifier)).cloned().unwrap_or_else(|| {
            Err("it was not known when the application was loaded: \
                 a module that is loaded later is named by a literal"
                .to_owned())
        })
    }

    fn module<'js>(&self, ctx: &Ctx<'js>, id: &str) -> rquickjs::Result<Module<'js, Declared>> {
        match self.units.get(id).and_then(|unit| unit.module.as_ref()) {
            Some(module) => module.load(ctx),
            None => Err(rquickjs::Error::new_loading(id)),
        }
    }

    fn script<'js>(&self, ctx: &Ctx<'js>, id: &str) -> rquickjs::Result<Value<'js>> {
        match self.units.get(id).and_then(|unit| unit.script.as_ref()) {
            Some(script) => script.run(ctx),
            None => Err(rquickjs::Exception::throw_message(ctx, REQUIRED_MODULE)),
        }
    }

    fn map_stack(&self, stack: &str) -> String {
        self.maps.map_stack(stack)
    }
}

/// Modules as a runtime asks for them.
pub struct Linker(pub Rc<dyn Modules>);

impl Resolver for Linker {
    fn resolve<'js>(
        &mut self,
        ctx: &Ctx<'js>,
        base: &str,
        name: &str,
        _attributes: Option<ImportAttributes<'js>>,
    ) -> rquickjs::Result<String> {
        match self.0.resolve(Kind::Import, base, name) {
            Ok(id) => Ok(id.to_string()),
            Err(message) => {
                let message = format!("Cannot find module '{name}': {message}");
                Err(rquickjs::Exception::throw_message(ctx, &message))
            }
        }
    }
}

impl Loader for Linker {
    fn load<'js>(
        &mut self,
        ctx: &Ctx<'js>,
        name: &str,
        _attributes: Option<ImportAttributes<'js>>,
    ) -> rquickjs::Result<Module<'js, Declared>> {
        self.0.module(ctx, name)
    }
}

/// The module that `kontract` and `kontract/runtime` mean.
pub const LIBRARY: &str = "kontract:library";
/// A module without exports.
const EMPTY: &str = "kontract:empty";
const REQUIRED_MODULE: &str = "An ES module cannot be loaded by require(): import it";

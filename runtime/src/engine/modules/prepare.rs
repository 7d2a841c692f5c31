//! Makes a bundle: loads the application once, reading what it imports, and keeps all of it compiled.

use std::{
    cell::RefCell,
    fs,
    path::{Path, PathBuf},
    rc::Rc,
    sync::Arc,
    thread,
};

use rquickjs::{Ctx, Exception, Module, Value, module::Declared};
use rustc_hash::FxHashMap;

use super::{
    Bundle, EMPTY, Kind, LIBRARY, Link, Links, Modules, REQUIRED_MODULE, Unit, commonjs,
    resolve::{Files, Format, Found},
    scan,
    source::SourceMaps,
};
use crate::{
    config::Limits,
    engine::{
        EngineConfig,
        bytecode::{Bytecode, Script},
        isolate::Isolate,
        ops::Host,
    },
};

/// Reads the application in the output folder `dist`, and runs its modules once.
pub fn prepare(dist: &Path, config: &EngineConfig) -> Result<Arc<Bundle>, String> {
    let limits = Limits { cpu: 5 * config.limits.cpu, heap: HEAP, stack: STACK, ..config.limits };
    let config = Arc::new(EngineConfig { limits, ..config.clone() });
    let dist = dist.to_owned();
    // Imports are resolved one inside the other, as deep as they go.
    let thread = thread::Builder::new().name("kontract-prepare".to_owned()).stack_size(4 * STACK);
    let bundle = thread
        .spawn(move || read(&dist, &config))
        .map_err(|error| format!("a thread could not be started: {error}"))?;
    bundle.join().unwrap_or_else(|_| Err("the application could not be read".to_owned()))
}

fn read(dist: &Path, config: &Arc<EngineConfig>) -> Result<Arc<Bundle>, String> {
    let entry = dist.join("server").join("index.js");
    let missing = |_| format!("{} is missing: run `kontract build` first", entry.display());
    let files = Files::new(dist).map_err(missing)?;
    let entry = fs::canonicalize(&entry).map_err(missing)?;
    let mut isolate = Isolate::new(config)?;
    let host = Rc::clone(isolate.host());
    let graph = Rc::new(Graph { files, host, state: RefCell::default() });
    let entry = graph.add(Found::File(entry, Format::Module));
    let loaded = isolate.load(Rc::new(Rc::clone(&graph)), &entry);
    loaded.map_err(|thrown| graph.map_stack(&thrown))?;
    let auth = isolate.auth()?;
    isolate.burst(|ctx| graph.read_pending(ctx));
    drop(isolate);

    let State { units, links, maps, .. } = graph.state.take();
    Ok(Arc::new(Bundle { entry, units, links, maps, auth }))
}

/// The modules read so far.
struct Graph {
    files: Files,
    host: Rc<Host>,
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    found: FxHashMap<Arc<str>, Found>,
    ids: FxHashMap<PathBuf, Arc<str>>,
    units: FxHashMap<Arc<str>, Unit>,
    links: Links,
    maps: SourceMaps,
    /// What modules may load later.
    pending: Vec<(Kind, Arc<str>, String)>,
}

impl Modules for Rc<Graph> {
    fn resolve(&self, kind: Kind, base: &str, specifier: &str) -> Link {
        let base = Arc::<str>::from(base);
        let known = self.state.borrow().links.get(&(kind, Arc::clone(&base))).cloned();
        if let Some(link) = known.and_then(|links| links.get(specifier).cloned()) {
            return link;
        }
        let link = self.find(kind, &base, specifier);
        let links = &mut self.state.borrow_mut().links;
        links.entry((kind, base)).or_default().insert(specifier.to_owned(), link.clone());
        link
    }

    fn module<'js>(&self, ctx: &Ctx<'js>, id: &str) -> rquickjs::Result<Module<'js, Declared>> {
        if let Some(module) = self.unit(id).module {
            return module.load(ctx);
        }
        let (text, format) = self.read(ctx, id)?;
        let module = match format {
            Format::Module => Module::declare(ctx.clone(), id, text)?,
            Format::Either if self.compile(ctx, id, &text, format).is_err() => {
                ctx.catch();
                Module::declare(ctx.clone(), id, text)?
            }
            Format::CommonJs | Format::Either | Format::Json => {
                let names = self.names(ctx, id)?;
                Module::declare(ctx.clone(), id, commonjs::facade(id, &names))?
            }
        };
        let bytecode = Bytecode::of_module(&module)?;
        self.state.borrow_mut().units.entry(id.into()).or_default().module = Some(bytecode);
        Ok(module)
    }

    fn script<'js>(&self, ctx: &Ctx<'js>, id: &str) -> rquickjs::Result<Value<'js>> {
        let script = if let Some(script) = self.unit(id).script {
            script
        } else {
            let (text, format) = self.read(ctx, id)?;
            self.compile(ctx, id, &text, format)?
        };
        script.run(ctx)
    }

    fn map_stack(&self, stack: &str) -> String {
        self.state.borrow().maps.map_stack(stack)
    }
}

impl Graph {
    /// Gives a file its id.
    fn add(&self, found: Found) -> Arc<str> {
        let Found::File(path, _) = &found else { return EMPTY.into() };
        let mut state = self.state.borrow_mut();
        if let Some(id) = state.ids.get(path) {
            return Arc::clone(id);
        }
        let name = self.files.id(path);
        let mut id = Arc::<str>::from(name.as_str());
        // Two files outside of the project may have the same place in their packages.
        for other in 2.. {
            if !state.found.contains_key(&id) {
                break;
            }
            id = format!("{name}#{other}").into();
        }
        state.ids.insert(path.clone(), Arc::clone(&id));
        state.found.insert(Arc::clone(&id), found);
        id
    }

    fn find(&self, kind: Kind, base: &str, specifier: &str) -> Link {
        if specifier.starts_with("kontract:") || base.is_empty() {
            return Ok(specifier.into());
        }
        match specifier {
            "kontract" | "kontract/runtime" => return Ok(LIBRARY.into()),
            _ if specifier.starts_with("kontract/") => {
                return Err(format!("{base}: {specifier} cannot be used in server code"));
            }
            _ => {}
        }
        let known = self.state.borrow().found.get(base).cloned();
        let Some(Found::File(path, _)) = known else {
            return Err(format!("{base} imports nothing"));
        };
        let found = self.files.resolve(kind, &path, specifier);
        match found.map_err(|message| format!("{base}: {message}"))? {
            // The gateway reads and writes messages itself.
            Found::File(path, _) if path.starts_with(self.files.dist().join("codec")) => {
                Ok(EMPTY.into())
            }
            found => Ok(self.add(found)),
        }
    }

    fn unit(&self, id: &str) -> Unit {
        self.state.borrow().units.get(id).cloned().unwrap_or_default()
    }

    fn read(&self, ctx: &Ctx<'_>, id: &str) -> rquickjs::Result<(String, Format)> {
        let found = self.state.borrow().found.get(id).cloned();
        let Some(Found::File(path, format)) = found else {
            return Ok((String::new(), Format::CommonJs));
        };
        let text = fs::read_to_string(&path)
            .map_err(|error| Exception::throw_message(ctx, &format!("{id}: {error}")))?;
        let mut state = self.state.borrow_mut();
        if !state.units.contains_key(id) {
            let id = Arc::<str>::from(id);
            state.units.insert(Arc::clone(&id), Unit::default());
            if path.starts_with(self.files.dist())
                && let Ok(map) = fs::read(path.with_extension("js.map"))
            {
                state.maps.insert(Arc::clone(&id), map);
            }
            let kinds: &[_] = match format {
                Format::Module => &[(Kind::Import, "import")],
                Format::Json => &[],
                Format::CommonJs | Format::Either => {
                    &[(Kind::Import, "import"), (Kind::Require, "require")]
                }
            };
            for &(kind, callee) in kinds {
                let named = scan::literals(&text, callee).into_iter();
                state.pending.extend(named.map(|name| (kind, Arc::clone(&id), name.to_owned())));
            }
        }
        Ok((text, format))
    }

    fn compile(
        &self,
        ctx: &Ctx<'_>,
        id: &str,
        text: &str,
        format: Format,
    ) -> rquickjs::Result<Script> {
        let function = match format {
            Format::Module => return Err(Exception::throw_message(ctx, REQUIRED_MODULE)),
            Format::Json => commonjs::json_function(text),
            Format::CommonJs | Format::Either => commonjs::function(text),
        };
        let script = Script::compile(ctx, id, &function)?;
        self.state.borrow_mut().units.entry(id.into()).or_default().script = Some(script.clone());
        Ok(script)
    }

    /// What a CommonJS module exports: it is run to see.
    fn names(&self, ctx: &Ctx<'_>, id: &str) -> rquickjs::Result<Vec<String>> {
        self.host.hook(ctx, "commonJsNames")?.call((id,))
    }

    /// Reads what modules may load later. What cannot be read fails when it is asked for.
    fn read_pending(self: &Rc<Self>, ctx: &Ctx<'_>) {
        loop {
            let next = self.state.borrow_mut().pending.pop();
            let Some((kind, base, specifier)) = next else { return };
            let Ok(id) = self.resolve(kind, &base, &specifier) else { continue };
            let read = match kind {
                Kind::Import => self.module(ctx, &id).map(drop),
                Kind::Require if self.unit(&id).script.is_some() => Ok(()),
                Kind::Require => self
                    .read(ctx, &id)
                    .and_then(|(text, format)| self.compile(ctx, &id, &text, format))
                    .map(drop),
            };
            if read.is_err() {
                ctx.catch();
            }
        }
    }
}

const HEAP: usize = 1 << 30;
const STACK: usize = 16 << 20;

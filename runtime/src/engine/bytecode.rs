//! Modules and scripts, compiled once and loaded by every isolate.
//!
//! The only unsafe code of the engine: QuickJS trusts the bytecode it loads. A [`Bytecode`] can
//! only be made by compiling in this process, and its bytes never leave it.
#![allow(unsafe_code)]

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use rquickjs::{
    Ctx, Module, WriteOptions,
    module::{Declared, Evaluated},
};

/// A compiled module.
#[derive(Clone)]
pub struct Bytecode(Arc<[u8]>);

impl Bytecode {
    /// Of a module that was compiled in this process.
    pub fn of_module(module: &Module<'_, Declared>) -> rquickjs::Result<Self> {
        let options = WriteOptions { strip_source: true, ..WriteOptions::default() };
        Ok(Self(module.write(options)?.into()))
    }

    pub fn load<'js>(&self, ctx: &Ctx<'js>) -> rquickjs::Result<Module<'js, Declared>> {
        // SAFETY: the bytes were written by `Module::write` of this very binary.
        unsafe { Module::load(ctx.clone(), &self.0) }
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Loads and evaluates a module of this crate, which is compiled once per process. It imports nothing
/// and waits for nothing.
pub fn evaluate<'js>(
    ctx: &Ctx<'js>,
    name: &'static str,
    source: &'static str,
) -> rquickjs::Result<Module<'js, Evaluated>> {
    let known = COMPILED.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
    let module = if let Some(bytecode) = known {
        bytecode.load(ctx)?
    } else {
        let module = Module::declare(ctx.clone(), name, source)?;
        let bytecode = Bytecode::of_module(&module)?;
        COMPILED.lock().unwrap_or_else(PoisonError::into_inner).insert(name, bytecode);
        module
    };
    let (module, evaluated) = module.eval()?;
    evaluated.finish::<()>()?;
    Ok(module)
}

static COMPILED: LazyLock<Mutex<HashMap<&'static str, Bytecode>>> = LazyLock::new(Mutex::default);

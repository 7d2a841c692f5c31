//! Modules and scripts, compiled once and loaded by every isolate.
//!
//! The only unsafe code of the engine: QuickJS trusts the bytecode it loads. A [`Bytecode`] can
//! only be made by compiling in this process, and its bytes never leave it.
#![allow(unsafe_code)]

use std::{
    collections::HashMap,
    ffi::{CString, c_int},
    slice,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use rquickjs::{
    Ctx, Module, Value, WriteOptions,
    module::{Declared, Evaluated},
    qjs,
};

/// A compiled module.
#[derive(Clone)]
pub struct Bytecode(Arc<[u8]>);

impl Bytecode {
    /// Of a module that was compiled in this process.
    pub fn of_module(module: &Module<'_, Declared>) -> rquickjs::Result<Self> {
        Ok(Self(module.write(OPTIONS)?.into()))
    }

    pub fn load<'js>(&self, ctx: &Ctx<'js>) -> rquickjs::Result<Module<'js, Declared>> {
        // SAFETY: the bytes were written by `Module::write` of this very binary.
        unsafe { Module::load(ctx.clone(), &self.0) }
    }
}

/// A compiled script: not strict, and with a value.
#[derive(Clone)]
pub struct Script(Arc<[u8]>);

impl Script {
    pub fn compile(ctx: &Ctx<'_>, name: &str, source: &str) -> rquickjs::Result<Self> {
        let (name, length) = (CString::new(name)?, source.len());
        // QuickJS reads a source to its end and wants a zero behind it.
        let source = CString::new(source)?;
        let flags = (qjs::JS_EVAL_TYPE_GLOBAL | qjs::JS_EVAL_FLAG_COMPILE_ONLY).cast_signed();
        // SAFETY: both texts outlive the call; what it returns is owned by `compiled`.
        let compiled = unsafe {
            let raw = ctx.as_raw().as_ptr();
            let value = qjs::JS_Eval(raw, source.as_ptr(), length as _, name.as_ptr(), flags);
            owned(ctx, value)?
        };
        let mut size = 0;
        // SAFETY: the value is alive; the buffer is copied before it is freed.
        unsafe {
            let raw = ctx.as_raw().as_ptr();
            let flags: c_int = OPTIONS.to_flag();
            let bytes = qjs::JS_WriteObject(raw, &raw mut size, compiled.as_raw(), flags);
            if bytes.is_null() {
                return Err(rquickjs::Error::Exception);
            }
            #[allow(clippy::useless_conversion, reason = "a size_t of C")]
            let copy = slice::from_raw_parts(bytes, usize::try_from(size).unwrap_or(0)).into();
            qjs::js_free(raw, bytes.cast());
            Ok(Self(copy))
        }
    }

    /// Runs the script and returns the value of its last statement.
    pub fn run<'js>(&self, ctx: &Ctx<'js>) -> rquickjs::Result<Value<'js>> {
        let flags = qjs::JS_READ_OBJ_BYTECODE.cast_signed();
        // SAFETY: the bytes were written by `Script::compile` of this very binary; evaluation takes
        // the function over and returns an owned value.
        unsafe {
            let raw = ctx.as_raw().as_ptr();
            let function = qjs::JS_ReadObject(raw, self.0.as_ptr(), self.0.len() as _, flags);
            if qjs::JS_IsException(function) {
                return Err(rquickjs::Error::Exception);
            }
            owned(ctx, qjs::JS_EvalFunction(raw, function))
        }
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

/// # Safety
/// `value` comes from a function of QuickJS that gives ownership to its caller.
unsafe fn owned<'js>(ctx: &Ctx<'js>, value: qjs::JSValue) -> rquickjs::Result<Value<'js>> {
    // SAFETY: an exception is no value to be freed, anything else is owned from here on.
    unsafe {
        if qjs::JS_IsException(value) {
            return Err(rquickjs::Error::Exception);
        }
        Ok(Value::from_raw(ctx.clone(), value))
    }
}

// Lines and columns stay, for stacks.
const OPTIONS: WriteOptions = WriteOptions {
    endianness: rquickjs::WriteOptionsEndianness::Native,
    allow_shared_array_buffer: false,
    object_reference: false,
    strip_source: true,
    strip_debug: false,
};

static COMPILED: LazyLock<Mutex<HashMap<&'static str, Bytecode>>> = LazyLock::new(Mutex::default);

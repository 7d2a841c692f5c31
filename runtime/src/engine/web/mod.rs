//! The Web APIs that handlers find: small JavaScript (`runtime/js/web`) on operations of the host.
//!
//! Each global is an accessor that loads its chunk when it is first used, so that an isolate starts
//! with none of them. There is no `Intl`, no `process` and no `WebAssembly`.

use std::rc::Rc;

use rquickjs::{Ctx, Exception, Function, Object};

use super::{
    bytecode,
    ops::{Host, Ops},
};

mod bodies;
pub mod bytes;
mod client;
mod console;
mod crypto;
mod derive;
pub mod egress;
mod fetch;
mod text;
mod timers;
mod url;

/// Puts the Web's globals on `globalThis`.
pub fn install<'js>(ops: &Ops<'js>) -> rquickjs::Result<()> {
    let ctx = ops.ctx();
    let host = Rc::clone(ops.host());
    let load =
        Function::new(ctx.clone(), move |ctx: Ctx<'js>, name: String| load(&ctx, &host, &name))?;
    default_export(ctx, "kontract:web/globals", include_str!("../../../js/web/globals.js"))?
        .call((load,))
}

/// `{ make, op }` of a chunk: the function that makes its names, and the operations that it takes.
fn load<'js>(ctx: &Ctx<'js>, host: &Rc<Host>, name: &str) -> rquickjs::Result<Object<'js>> {
    let Some(chunk) = CHUNKS.iter().find(|chunk| chunk.name == name) else {
        return Err(Exception::throw_reference(ctx, name));
    };
    let ops = Ops::new(ctx, host)?;
    for add in chunk.operations {
        add(&ops)?;
    }
    let loaded = Object::new(ctx.clone())?;
    loaded.set("make", default_export(ctx, chunk.module, chunk.source)?)?;
    loaded.set("op", ops.table().clone())?;
    Ok(loaded)
}

fn default_export<'js>(
    ctx: &Ctx<'js>,
    name: &'static str,
    source: &'static str,
) -> rquickjs::Result<Function<'js>> {
    bytecode::evaluate(ctx, name, source)?.get("default")
}

/// Some of the globals, loaded together.
struct Chunk {
    name: &'static str,
    module: &'static str,
    source: &'static str,
    operations: &'static [fn(&Ops<'_>) -> rquickjs::Result<()>],
}

macro_rules! chunks {
    ($($name:literal [$($operations:path),*])*) => {
        &[$(Chunk {
            name: $name,
            module: concat!("kontract:web/", $name),
            source: include_str!(concat!("../../../js/web/", $name, ".js")),
            operations: &[$($operations),*],
        }),*]
    };
}

const CHUNKS: &[Chunk] = chunks! {
    "abort" [timers::add]
    "blob" [text::add]
    "body" [text::add]
    "bytes" []
    "clone" []
    "console" [console::add]
    "crypto" [crypto::add, derive::add]
    "encoding" [text::add]
    "events" []
    "fetch" [fetch::add]
    "form" [text::add, url::add, crypto::add_random]
    "headers" []
    "inspect" []
    "jwk" []
    "request" []
    "response" []
    "strategies" []
    "streams" []
    "timers" [timers::add]
    "url" [url::add]
};

//! Reads, checks and writes values by the shapes of the manifest, in the binary form and as JSON:
//! byte for byte what the generated JavaScript codecs do.
//!
//! `shape` is the manifest's own words, `compile` makes a `plan` of them once, and reading and
//! writing follow it: `decode` and `encode` the FlatBuffers, `json` the text, `flex` what has no
//! declared type.

mod choice;
mod choose;
mod compile;
mod decode;
mod distinct;
mod encode;
mod expected;
mod fault;
mod flex;
mod json;
mod literals;
mod number;
mod plan;
mod reader;
mod row;
mod shape;
mod source;
mod structure;
mod writer;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use rustc_hash::FxHashMap;

use self::{
    compile::Compiler,
    fault::Read,
    json::{Json, parse, read, write},
    plan::{Object, Plan},
    shape::{ObjectKind, Shapes},
};
pub use self::{
    fault::{CodecError, EncodeError},
    json::date::text as rfc3339,
    row::{FieldClass, RowCodec, RowText},
};
use crate::{
    manifest::Manifest,
    value::{Source, Value},
};

/// All that travels and all that is stored.
#[derive(Debug)]
pub struct Schema {
    routes: FxHashMap<String, Arc<RouteCodec>>,
    rows: FxHashMap<String, Arc<RowCodec>>,
}

/// How the arguments and the result of a route travel.
#[derive(Debug)]
pub struct RouteCodec {
    plan: Arc<Plan>,
    request: usize,
    response: usize,
}

impl Schema {
    pub fn load(manifest: &Manifest) -> Result<Self, String> {
        let shapes: Shapes = serde_json::from_str(manifest.wire.get())
            .map_err(|error| format!("`wire` of manifest.json: {error}"))?;
        Ok(Self { routes: routes(&shapes)?, rows: row::codecs(manifest)? })
    }

    pub fn route(&self, name: &str) -> Option<Arc<RouteCodec>> {
        self.routes.get(name).cloned()
    }

    /// Of a table, by its logical name.
    pub fn row(&self, table: &str) -> Option<Arc<RowCodec>> {
        self.rows.get(table).cloned()
    }
}

fn routes(shapes: &Shapes) -> Result<FxHashMap<String, Arc<RouteCodec>>, String> {
    let compiler = Compiler::new(shapes)?;
    let mut routes = FxHashMap::default();
    for (name, route) in &shapes.routes {
        let request = compiler.object_of_kind(&route.request, ObjectKind::Arguments)?;
        let response = compiler
            .object_of_kind(&route.response, ObjectKind::Result)
            .or_else(|_| compiler.object_of_kind(&route.response, ObjectKind::Item))?;
        routes.insert(name.clone(), (request, response));
    }
    let plan = Arc::new(compiler.plan);
    let codec =
        |(request, response)| Arc::new(RouteCodec { plan: plan.clone(), request, response });
    Ok(routes.into_iter().map(|(name, ends)| (name, codec(ends))).collect())
}

impl RouteCodec {
    /// The arguments of a request in the binary form.
    pub fn decode_request(&self, bytes: &[u8]) -> Result<Vec<Value>, CodecError> {
        from_root(decode::arguments(&self.plan, self.request(), bytes))
    }

    /// The arguments of a request in JSON: the text of an array, or nothing for none.
    pub fn read_request(&self, body: &[u8]) -> Result<Vec<Value>, CodecError> {
        let json = match body {
            [] => Json::Array(Vec::new()),
            body => parse::parse(body).ok_or_else(|| CodecError::body("expected JSON"))?,
        };
        if !matches!(json, Json::Array(_)) {
            return Err(CodecError::body("expected an array of arguments"));
        }
        let reader = read::Reader { plan: &self.plan, tolerant: false };
        from_root(reader.arguments(self.request(), &json))
    }

    /// A result in the binary form.
    pub fn encode_response<S: Source>(
        &self,
        result: &S,
    ) -> Result<Vec<u8>, EncodeError<S::Thrown>> {
        encode::result(&self.plan, self.response(), result).map_err(|stop| stop.at_root("result"))
    }

    /// A result in JSON: `{"result":…}`, without the property where it is undefined.
    pub fn write_response<S: Source>(&self, result: &S) -> Result<Vec<u8>, EncodeError<S::Thrown>> {
        write::result(&self.plan, self.response(), result).map_err(|stop| stop.at_root("result"))
    }

    fn request(&self) -> &Object {
        &self.plan.objects[self.request]
    }

    fn response(&self) -> &Object {
        &self.plan.objects[self.response]
    }
}

fn from_root<T>(read: Read<T>) -> Result<T, CodecError> {
    read.map_err(|fault| fault.at_root("args"))
}

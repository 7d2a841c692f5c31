//! Bytes on their way between JavaScript and Rust: always copied, so that what JavaScript holds
//! counts towards its isolate's heap, and nothing that Rust holds can be changed or detached.
#![allow(unsafe_code)] // `TypedArray::as_bytes`

use rquickjs::{Ctx, FromJs, IntoJs, TypedArray, Value};

/// One character for each byte, as HTTP and `atob` have it.
pub fn latin1(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

/// A `Uint8Array`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bytes(pub Vec<u8>);

impl<'js> FromJs<'js> for Bytes {
    fn from_js(_: &Ctx<'js>, value: Value<'js>) -> rquickjs::Result<Self> {
        let array = TypedArray::<u8>::from_value(value)?;
        // SAFETY: no JavaScript runs before the bytes are copied.
        let bytes = unsafe { array.as_bytes() };
        Ok(Self(bytes.unwrap_or_default().to_vec()))
    }
}

impl<'js> IntoJs<'js> for Bytes {
    fn into_js(self, ctx: &Ctx<'js>) -> rquickjs::Result<Value<'js>> {
        TypedArray::new_copy(ctx.clone(), self.0).map(TypedArray::into_value)
    }
}

//! Values of an isolate, as an encoder reads them and as arguments are made.

use std::{borrow::Cow, cell::Cell, rc::Rc};

use rquickjs::{
    Array, Atom, BigInt, Coerced, Ctx, Exception, FromJs, Function, IntoJs, Object, TypedArray,
    function::This, object::Filter,
};

use super::{ops::Host, slice::Slice, web::bytes::Bytes};
use crate::value::{Kind, Source, Value};

type Js<'js> = rquickjs::Value<'js>;

/// The classes of an isolate, as they were when it was made, for one operation.
pub struct Classes<'js> {
    /// Left by JavaScript: constructors and functions by name.
    table: Object<'js>,
    /// `Object.prototype`.
    plain: Object<'js>,
    /// How many bytes may still be read. What stands in many places of a value is in the heap once
    /// and is read many times.
    left: Cell<usize>,
    /// Values that may be read before the slice is asked whether it is over.
    unasked: Cell<usize>,
    slice: Rc<Slice>,
}

impl<'js> Classes<'js> {
    pub fn of(host: &Host, ctx: &Ctx<'js>) -> rquickjs::Result<Self> {
        let table: Object<'js> = host.left(ctx, "classes")?;
        let plain = table.get("plain")?;
        let left = Cell::new(host.config().limits.heap);
        Ok(Self {
            table,
            plain,
            left,
            unasked: Cell::new(ASKED_EVERY),
            slice: Rc::clone(host.slice()),
        })
    }

    fn call<R: FromJs<'js>>(&self, name: &str, value: &Js<'js>) -> rquickjs::Result<R> {
        self.table.get::<_, Function<'js>>(name)?.call((value.clone(),))
    }

    fn is_over_after(&self, values: usize) -> bool {
        if let Some(left) = self.unasked.get().checked_sub(values) {
            self.unasked.set(left);
            return false;
        }
        self.unasked.set(ASKED_EVERY);
        self.slice.is_over()
    }

    /// What `class(value)` is, where it is none of the usual: one of the letters of [`Kind`].
    fn kind(&self, object: &Object<'js>) -> Kind {
        if object.is_typed_array::<u8>() {
            return Kind::Bytes;
        }
        match self.call::<String>("kind", object.as_value()).as_deref() {
            Ok("date") => Kind::Date,
            Ok("map") => Kind::Map,
            Ok("set") => Kind::Set,
            Ok("other") => Kind::Other,
            _ => Kind::Object,
        }
    }

    /// Makes the value in the isolate.
    pub fn make(&self, ctx: &Ctx<'js>, value: &Value) -> rquickjs::Result<Js<'js>> {
        Ok(match value {
            Value::Undefined => Js::new_undefined(ctx.clone()),
            Value::Null => Js::new_null(ctx.clone()),
            Value::Bool(bool) => Js::new_bool(ctx.clone(), *bool),
            // As an integer it would lose its sign.
            Value::Number(number) if *number == 0.0 => Js::new_float(ctx.clone(), *number),
            Value::Number(number) => Js::new_number(ctx.clone(), *number),
            Value::BigInt(number) => match (i64::try_from(*number), u64::try_from(*number)) {
                (Ok(number), _) => BigInt::from_i64(ctx.clone(), number)?.into_value(),
                (_, Ok(number)) => BigInt::from_u64(ctx.clone(), number)?.into_value(),
                _ => self.table.get::<_, Function<'js>>("bigint")?.call((number.to_string(),))?,
            },
            Value::String(text) => text.as_str().into_js(ctx)?,
            Value::Date(time) => self.table.get::<_, Function<'js>>("date")?.call((*time,))?,
            Value::Bytes(bytes) => TypedArray::<u8>::new_copy(ctx.clone(), bytes)?.into_value(),
            Value::Array(items) => self.array(ctx, items)?.into_value(),
            Value::Set(members) => self.call("set", self.array(ctx, members)?.as_value())?,
            Value::Map(entries) => {
                let pairs = Array::new(ctx.clone())?;
                for (index, (key, value)) in entries.iter().enumerate() {
                    let pair = Array::new(ctx.clone())?;
                    pair.set(0, self.make(ctx, key)?)?;
                    pair.set(1, self.make(ctx, value)?)?;
                    pairs.set(index, pair)?;
                }
                self.call("map", pairs.as_value())?
            }
            Value::Object(fields) => {
                let object = Object::new(ctx.clone())?;
                for (name, value) in fields {
                    object.set(&**name, self.make(ctx, value)?)?;
                }
                object.into_value()
            }
        })
    }

    fn array(&self, ctx: &Ctx<'js>, items: &[Value]) -> rquickjs::Result<Array<'js>> {
        let array = Array::new(ctx.clone())?;
        for (index, item) in items.iter().enumerate() {
            array.set(index, self.make(ctx, item)?)?;
        }
        Ok(array)
    }
}

/// A value of an isolate, to be encoded.
#[derive(Clone)]
pub struct JsSource<'a, 'js> {
    value: Js<'js>,
    classes: &'a Classes<'js>,
}

impl<'a, 'js> JsSource<'a, 'js> {
    pub fn new(value: Js<'js>, classes: &'a Classes<'js>) -> Self {
        Self { value, classes }
    }

    fn with(&self, value: Js<'js>) -> Self {
        Self { value, classes: self.classes }
    }

    fn object(&self) -> rquickjs::Result<&Object<'js>> {
        self.value.as_object().ok_or(rquickjs::Error::Unknown)
    }

    fn list(&self, name: &str) -> rquickjs::Result<Vec<Js<'js>>> {
        let list: Array<'js> = self.classes.call(name, &self.value)?;
        self.visit(list.len())?;
        list.iter().collect()
    }

    /// Counts values that are read; an error once they are more than a heap could hold, or have
    /// taken longer than JavaScript may.
    fn visit(&self, values: usize) -> rquickjs::Result<()> {
        self.spend(values.saturating_mul(VALUE));
        if self.classes.left.get() == 0 {
            let message = "The value is too large to be sent or stored";
            return Err(Exception::throw_range(self.value.ctx(), message));
        }
        if self.classes.is_over_after(values) {
            // The engine is interrupted as soon as it goes on.
            return Err(Exception::throw_internal(self.value.ctx(), "interrupted"));
        }
        Ok(())
    }

    fn spend(&self, bytes: usize) {
        self.classes.left.set(self.classes.left.get().saturating_sub(bytes));
    }

    /// Of a proxy: asking runs its handler, and what that throws makes it no plain object.
    fn is_plain_proxy(&self) -> bool {
        let plain = self.classes.call("isPlain", &self.value);
        plain.unwrap_or_else(|_| {
            self.value.ctx().catch();
            false
        })
    }
}

impl<'js> Source for JsSource<'_, 'js> {
    type Thrown = rquickjs::Error;

    fn kind(&self) -> Kind {
        use rquickjs::Type;
        match self.value.type_of() {
            Type::Undefined | Type::Uninitialized => Kind::Undefined,
            Type::Null => Kind::Null,
            Type::Bool => Kind::Bool,
            Type::Int | Type::Float => Kind::Number,
            Type::String => Kind::String,
            Type::BigInt => Kind::BigInt,
            Type::Array => Kind::Array,
            Type::Object | Type::Exception | Type::Proxy => {
                let Some(object) = self.value.as_object() else { return Kind::Other };
                if self.is_plain() { Kind::Object } else { self.classes.kind(object) }
            }
            _ => Kind::Other,
        }
    }

    fn bool(&self) -> bool {
        self.value.as_bool().unwrap_or_default()
    }

    fn number(&self) -> f64 {
        let number = self.value.as_number();
        number.unwrap_or_else(|| self.classes.call("time", &self.value).unwrap_or(f64::NAN))
    }

    fn bigint(&self) -> Option<i128> {
        let Coerced(text) =
            Coerced::<String>::from_js(self.value.ctx(), self.value.clone()).ok()?;
        text.parse().ok()
    }

    fn string(&self) -> Option<Cow<'_, str>> {
        let text = self.value.as_string()?.to_string().ok()?;
        self.spend(text.len());
        Some(Cow::Owned(text))
    }

    fn bytes(&self) -> Cow<'_, [u8]> {
        let bytes = Bytes::from_js(self.value.ctx(), self.value.clone());
        let bytes = bytes.map(|Bytes(bytes)| bytes).unwrap_or_default();
        self.spend(bytes.len());
        Cow::Owned(bytes)
    }

    fn count(&self) -> usize {
        match self.value.as_array() {
            // `Array::len` panics where an i32 does not count that far.
            Some(array) => array.as_object().get("length").unwrap_or(usize::MAX),
            None => self.classes.call("size", &self.value).unwrap_or_default(),
        }
    }

    fn item(&self, index: usize) -> Result<Self, Self::Thrown> {
        self.visit(1)?;
        let array = self.value.as_array().ok_or(rquickjs::Error::Unknown)?;
        Ok(self.with(array.get(index)?))
    }

    fn get(&self, name: &str) -> Result<Self, Self::Thrown> {
        self.visit(1)?;
        Ok(self.with(self.object()?.get(name)?))
    }

    fn has(&self, name: &str) -> Result<bool, Self::Thrown> {
        self.object()?.contains_key(name)
    }

    fn has_own(&self, name: &str) -> Result<bool, Self::Thrown> {
        let has_own: Function<'js> = self.classes.table.get("hasOwn")?;
        has_own.call((This(()), self.value.clone(), name))
    }

    fn is_plain(&self) -> bool {
        if self.value.is_proxy() {
            return self.is_plain_proxy();
        }
        self.value.as_object().is_some_and(|object| {
            object.get_prototype().is_none_or(|prototype| prototype == self.classes.plain)
        })
    }

    fn keys(&self) -> Result<Vec<Option<String>>, Self::Thrown> {
        let keys = self.object()?.own_keys::<Atom<'js>>(Filter::new().string().enum_only());
        self.visit(keys.len())?;
        keys.map(|key| Ok(key?.to_string().ok())).collect()
    }

    fn members(&self) -> Result<Vec<Self>, Self::Thrown> {
        Ok(self.list("members")?.into_iter().map(|value| self.with(value)).collect())
    }

    fn entries(&self) -> Result<Vec<(Self, Self)>, Self::Thrown> {
        let flat = self.list("entries")?;
        let pairs = flat.chunks_exact(2);
        Ok(pairs.map(|pair| (self.with(pair[0].clone()), self.with(pair[1].clone()))).collect())
    }
}

/// Bytes that a value counts for, however small: they limit the time that reading takes, too.
const VALUE: usize = 32;
/// Asking for the time takes longer than reading a value.
const ASKED_EVERY: usize = 256;

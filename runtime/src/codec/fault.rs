//! What is wrong with a value or a message, and where.

use std::{borrow::Cow, fmt::Write as _, sync::Arc};

use super::expected;
use crate::failure::Failure;

/// A value that does not have its declared type, or bytes that hold none.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CodecError {
    /// The way to it: `args[0].email`, `result[3].name`. Empty where a body as a whole is meant.
    pub path: String,
    /// `args[0].email: expected string`.
    pub message: String,
}

/// Why a value could not be encoded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum EncodeError<T> {
    Codec(CodecError),
    /// The application's own code threw while the value was read.
    Thrown(T),
}

/// One step of the way to a value.
#[derive(Clone, Debug)]
pub enum Segment {
    Name(Arc<str>),
    Index(usize),
    /// Of the entry of a map with this index: 0 the key, 1 the value.
    Half(usize, u8),
}

/// A fault on its way up: each container that it leaves adds its step. Boxed, since it is rare.
#[derive(Debug)]
pub struct Fault(Box<Detail>);

#[derive(Debug)]
struct Detail {
    message: Cow<'static, str>,
    /// From the innermost outwards.
    way: Vec<Segment>,
    /// It concerns the message as a whole, wherever it was found.
    whole: bool,
}

/// What ends an encoder: a fault, or what a getter threw.
#[derive(Debug)]
pub enum Stop<T> {
    Fault(Fault),
    Thrown(T),
}

/// What a reader answers.
pub type Read<T> = Result<T, Fault>;

/// What an encoder answers that reads values of a [`crate::value::Source`].
pub type Written<T, Thrown> = Result<T, Stop<Thrown>>;

impl Fault {
    /// The value is not what its type says.
    #[cold]
    pub fn expected(what: &str) -> Self {
        Self::new(format!("expected {what}"))
    }

    /// The value cannot be taken, for another reason than its type.
    #[cold]
    pub fn new(reason: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Detail { message: reason.into(), way: Vec::new(), whole: false }))
    }

    /// Of the message as a whole.
    #[cold]
    pub fn whole(reason: &'static str) -> Self {
        Self(Box::new(Detail { message: reason.into(), way: Vec::new(), whole: true }))
    }

    #[cold]
    pub fn malformed() -> Self {
        Self::new(expected::MALFORMED)
    }

    #[cold]
    pub fn under(mut self, segment: Segment) -> Self {
        if !self.0.whole {
            self.0.way.push(segment);
        }
        self
    }

    /// With the name of what the way starts from.
    pub fn at_root(self, root: &str) -> CodecError {
        let mut path = root.to_owned();
        for segment in self.0.way.iter().rev() {
            match segment {
                Segment::Index(index) => _ = write!(path, "[{index}]"),
                Segment::Half(index, half) => _ = write!(path, "[{index}][{half}]"),
                Segment::Name(name) if is_identifier(name) => _ = write!(path, ".{name}"),
                Segment::Name(name) => {
                    _ = write!(path, "[{}]", serde_json::Value::from(&**name));
                }
            }
        }
        let message = format!("{path}: {}", self.0.message);
        CodecError { path, message }
    }
}

impl<T> Stop<T> {
    pub fn at_root(self, root: &str) -> EncodeError<T> {
        match self {
            Self::Fault(fault) => EncodeError::Codec(fault.at_root(root)),
            Self::Thrown(thrown) => EncodeError::Thrown(thrown),
        }
    }
}

impl<T> From<Fault> for Stop<T> {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// Adds a step to the way of a fault.
pub trait Under {
    fn under(self, segment: impl FnOnce() -> Segment) -> Self;
}

impl<T> Under for Read<T> {
    fn under(self, segment: impl FnOnce() -> Segment) -> Self {
        self.map_err(|fault| fault.under(segment()))
    }
}

impl<T, Thrown> Under for Written<T, Thrown> {
    fn under(self, segment: impl FnOnce() -> Segment) -> Self {
        self.map_err(|stop| match stop {
            Stop::Fault(fault) => Stop::Fault(fault.under(segment())),
            thrown @ Stop::Thrown(_) => thrown,
        })
    }
}

impl CodecError {
    /// Of a body that holds no arguments at all.
    pub(super) fn body(fault: &str) -> Self {
        Self { path: String::new(), message: format!("body: {fault}") }
    }
}

/// Arguments that are not what they should be are the caller's fault.
impl From<CodecError> for Failure {
    fn from(error: CodecError) -> Self {
        let failure = Self::invalid(error.message);
        if error.path.is_empty() { failure } else { failure.at(error.path) }
    }
}

fn is_identifier(name: &str) -> bool {
    let mut chars = name.chars();
    let begins = |c: char| c == '$' || c == '_' || unicode_id_start::is_id_start(c);
    chars.next().is_some_and(begins)
        && chars.all(|c| c == '$' || unicode_id_start::is_id_continue(c))
}

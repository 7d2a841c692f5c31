//! What JavaScript threw, as a caller may know it and as the log does.

use rquickjs::{Array, CaughtError, Ctx, Object, Value};

use super::ops::Host;
use crate::failure::Failure;

/// Something that was thrown.
#[derive(Clone, Debug)]
pub struct Thrown {
    /// None for anything that was not made for the caller.
    pub failure: Option<Failure>,
    /// Message, stack and causes; positions are those of the built modules.
    pub detail: String,
}

impl Thrown {
    fn plain(detail: impl Into<String>) -> Self {
        Self { failure: None, detail: detail.into() }
    }
}

impl Host {
    /// What an operation on the isolate failed with.
    pub(super) fn thrown(&self, ctx: &Ctx<'_>, error: rquickjs::Error) -> Thrown {
        match CaughtError::from_error(ctx, error) {
            CaughtError::Error(error) => Thrown::plain(error.to_string()),
            CaughtError::Exception(exception) => {
                self.describe(ctx, exception.into_object().into_value())
            }
            CaughtError::Value(value) => self.describe(ctx, value),
        }
    }

    /// Describing runs the application's code where it has getters; what that throws is left out.
    pub(super) fn describe<'js>(&self, ctx: &Ctx<'js>, value: Value<'js>) -> Thrown {
        if value.is_uncatchable_error() {
            return Thrown::plain("it went on for too long without giving way");
        }
        self.try_describe(ctx, value).unwrap_or_else(|_| {
            ctx.catch();
            Thrown::plain("a value that cannot be shown")
        })
    }

    fn try_describe<'js>(&self, ctx: &Ctx<'js>, value: Value<'js>) -> rquickjs::Result<Thrown> {
        let described: Array<'js> = self.hook(ctx, "describe")?.call((value,))?;
        let body: Option<Object<'js>> = described.get(0)?;
        let detail = shortened(described.get(1)?);
        let Some(body) = body else { return Ok(Thrown { failure: None, detail }) };
        let failure = Failure {
            code: shortened(body.get("code")?).into(),
            status: body.get("status")?,
            message: shortened(body.get("message")?).into(),
            path: body.get::<_, Option<String>>("path")?.map(shortened),
            stack: None,
        };
        Ok(Thrown { failure: Some(failure), detail })
    }
}

/// What is said of an error goes into logs and answers, which have no limit of their own.
fn shortened(mut text: String) -> String {
    if text.len() > MOST_SAID {
        text.truncate(text.floor_char_boundary(MOST_SAID));
        text.push('…');
    }
    text
}

const MOST_SAID: usize = 16 << 10;

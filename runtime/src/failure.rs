//! What a caller is told when a call fails.

use std::{borrow::Cow, fmt};

/// A failure with the code, status and message that the caller gets. Whatever must not be told is
/// logged where it happens and becomes [`Failure::internal`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    pub code: Cow<'static, str>,
    pub status: u16,
    pub message: Cow<'static, str>,
    /// Which argument or field is meant.
    pub path: Option<String>,
    /// Where it happened, in terms of the sources. Sent in development only.
    pub stack: Option<String>,
}

impl Failure {
    pub const INTERNAL: &str = "INTERNAL_ERROR";

    pub fn new(code: &'static str, status: u16, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code: code.into(), status, message: message.into(), path: None, stack: None }
    }

    #[must_use]
    pub fn at(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    pub fn unauthorized() -> Self {
        Self::new("UNAUTHORIZED", 401, "Unauthorized")
    }

    pub fn permission_denied(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new("PERMISSION_DENIED", 403, message)
    }

    pub fn insufficient_permissions() -> Self {
        Self::permission_denied("Insufficient permissions")
    }

    pub fn forbidden() -> Self {
        Self::new("FORBIDDEN", 403, "Forbidden")
    }

    pub fn not_found(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new("NOT_FOUND", 404, message)
    }

    pub fn conflict() -> Self {
        Self::new("CONFLICT", 409, "Conflict, try again")
    }

    pub fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new("INVALID_REQUEST", 400, message)
    }

    pub fn stale_client(route: &str) -> Self {
        let message = format!("This client was built for an older version of {route}");
        Self::new("STALE_CLIENT", 409, message)
    }

    pub fn rate_limited() -> Self {
        Self::new("RATE_LIMITED", 429, "Rate limit exceeded")
    }

    pub fn unavailable(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new("SERVICE_UNAVAILABLE", 503, message)
    }

    /// The call has not begun, and may be sent again.
    pub fn not_taken(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new("NOT_TAKEN", 503, message)
    }

    pub fn timeout() -> Self {
        Self::new("TIMEOUT", 504, "The call did not finish in time")
    }

    /// Nobody waits for the answer.
    pub fn cancelled() -> Self {
        Self::new("CANCELLED", 499, "The caller has given the call up")
    }

    /// Its stream gave its place to somebody else's.
    pub fn makes_way() -> Self {
        let message = "Too many streams at the same time: this one has made way for another";
        Self::new("RATE_LIMITED", 429, message)
    }

    /// Its result is a stream, and the way the call came has room for one answer.
    pub fn streams(route: &str) -> Self {
        let message =
            format!("{route} streams its result: it is called over a raystream connection");
        Self::invalid(message)
    }

    pub fn internal() -> Self {
        let message = "Internal error (details in the log, with the call id)";
        Self::new(Self::INTERNAL, 500, message)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for Failure {}

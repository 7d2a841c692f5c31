//! Makes answers.

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Response, StatusCode,
    header::{
        CACHE_CONTROL, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, DATE,
        RETRY_AFTER, TE, TRAILER, TRANSFER_ENCODING, UPGRADE, VARY, X_CONTENT_TYPE_OPTIONS,
    },
};
use http_body_util::Full;
use serde::Serialize;

use super::request::{BYTES_TYPE, FRAMES_TYPE, JSON_TYPE};
use crate::{
    call::{Form, Reply},
    failure::Failure,
};

pub type Answer = Response<Full<Bytes>>;

/// The answer to a call that succeeded. An error says which header the function must not set.
pub fn reply(reply: Reply, form: Form) -> Result<Answer, String> {
    let (status, mut headers) = head(&reply)?;
    let body = reply.body.map(|body| {
        let content_type = match form {
            Form::Binary => BYTES_TYPE,
            Form::Json => JSON_UTF8,
        };
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        Bytes::from(body)
    });
    Ok(answer(status, headers, body.unwrap_or_default()))
}

/// What a function said of its answer, besides the result.
pub fn head(reply: &Reply) -> Result<(StatusCode, HeaderMap), String> {
    let status = StatusCode::from_u16(reply.status)
        .ok()
        .filter(|status| (200..=599).contains(&status.as_u16()))
        .ok_or_else(|| format!("{} is not a status from 200 to 599", reply.status))?;
    let mut headers = HeaderMap::with_capacity(8);
    for (name, value) in &reply.headers {
        let (name, value) = check_header(name, value)?;
        headers.insert(name, value);
    }
    Ok((status, headers))
}

/// An answer of raystream.
pub fn frames(body: Vec<u8>) -> Answer {
    let mut headers = HeaderMap::with_capacity(8);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(FRAMES_TYPE));
    answer(StatusCode::OK, headers, body.into())
}

/// The answer to a call that failed; with the stack only where the caller may see it.
pub fn failure(failure: &Failure, with_stack: bool) -> Answer {
    let Failure { code, message, status, path, stack } = failure;
    let stack = stack.as_deref().filter(|_| with_stack);
    let body = FailureBody { code, message, status: *status, path: path.as_deref(), stack };
    let mut answer = json(*status, &Wrapped { error: body });
    if matches!(status, 429 | 503) {
        answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    answer
}

#[derive(Serialize)]
struct Wrapped<'a> {
    error: FailureBody<'a>,
}

#[derive(Serialize)]
struct FailureBody<'a> {
    code: &'a str,
    message: &'a str,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stack: Option<&'a str>,
}

/// An answer of the gateway itself.
pub fn json(status: u16, body: &impl Serialize) -> Answer {
    let mut headers = HeaderMap::with_capacity(8);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(JSON_UTF8));
    // Structs of texts and numbers are always JSON.
    let body = serde_json::to_vec(body).unwrap_or_default();
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    answer(status, headers, body.into())
}

pub fn empty() -> Answer {
    answer(StatusCode::NO_CONTENT, HeaderMap::new(), Bytes::new())
}

fn answer(status: StatusCode, mut headers: HeaderMap, body: Bytes) -> Answer {
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let mut answer = Response::new(Full::new(body));
    *answer.status_mut() = status;
    *answer.headers_mut() = headers;
    answer
}

fn check_header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), String> {
    let found = HeaderName::from_bytes(name.as_bytes());
    let found = found.map_err(|_| format!("{name:?} is not the name of a header"))?;
    let is_json = found == CONTENT_TYPE
        && value.get(..JSON_TYPE.len()).is_some_and(|it| it.eq_ignore_ascii_case(JSON_TYPE))
        && !value[JSON_TYPE.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '_');
    let hosts = HOST_HEADERS.contains(&found) || found.as_str().starts_with("access-control-");
    if hosts && !is_json {
        return Err(format!("the header {found} is the server's own"));
    }
    let bytes: Option<Vec<u8>> = value.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect();
    let value = bytes.and_then(|bytes| HeaderValue::from_bytes(&bytes).ok());
    Ok((found.clone(), value.ok_or_else(|| format!("the header {found} has no possible value"))?))
}

const JSON_UTF8: &str = "application/json; charset=utf-8";

pub const CALL_ID: HeaderName = HeaderName::from_static("x-kontract-call-id");

/// They frame the message or say who may read it. With another content type a browser would run
/// the JSON of a hostile caller as a page.
const HOST_HEADERS: [HeaderName; 14] = [
    CONNECTION,
    CONTENT_ENCODING,
    CONTENT_LENGTH,
    CONTENT_TYPE,
    DATE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
    VARY,
    X_CONTENT_TYPE_OPTIONS,
    CALL_ID,
];

#[cfg(test)]
mod tests {
    use super::*;

    fn with_headers(headers: &[(&str, &str)], body: Option<&str>) -> Result<Answer, String> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let headers = headers.iter().map(owned).collect();
        let body = body.map(|body| body.as_bytes().to_vec());
        reply(Reply { status: 201, headers, body }, Form::Json)
    }

    #[test]
    fn functions_add_headers() {
        let given = [("Location", "/1"), ("Set-Cookie", "a=1"), ("Cache-Control", "private")];
        let answer = with_headers(&given, Some("{}")).expect("fine headers");
        assert_eq!(answer.headers()["location"], "/1");
        assert_eq!(answer.headers()["cache-control"], "private");
        assert_eq!(answer.headers()["content-type"], JSON_UTF8);
        assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
        let without = with_headers(&[("x", "caf\u{e9}")], None).expect("fine headers");
        assert_eq!(without.headers().get("content-type"), None);
        assert_eq!(without.headers()["x"].as_bytes(), b"caf\xe9");
        assert!(with_headers(&[("content-type", "application/json; charset=utf-8")], None).is_ok());
    }

    #[test]
    fn functions_do_not_frame_messages() {
        for (name, value) in [
            ("Location", "/\r\nSet-Cookie: admin=1"),
            ("a\r\nb", "1"),
            ("", "1"),
            ("Content-Type", "text/html"),
            ("Content-Type", "application/jsonp"),
            ("Content-Length", "1"),
            ("transfer-encoding", "chunked"),
            ("Access-Control-Allow-Origin", "*"),
            ("x-kontract-call-id", "1"),
            ("x", "\u{20ac}"),
            ("x", "\0"),
        ] {
            assert!(with_headers(&[(name, value)], None).is_err(), "{name}: {value}");
        }
        let status = |status| reply(Reply { status, headers: Vec::new(), body: None }, Form::Json);
        assert!(status(199).is_err() && status(600).is_err() && status(599).is_ok());
    }
}

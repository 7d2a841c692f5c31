//! Reads what a request says of itself, and its body.

use std::{
    net::{IpAddr, Ipv6Addr, SocketAddr},
    pin::Pin,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::{Bytes, BytesMut};
use http::{
    HeaderMap, HeaderName, HeaderValue, Version,
    header::{
        AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, COOKIE, Entry, HOST, PROXY_AUTHORIZATION,
    },
    request::Parts,
};
use hyper::body::{Body, Incoming};
use ring::digest;
use tokio::time::{Duration, Instant, timeout, timeout_at};

use super::peers::Arrival;
use crate::{
    call::{Form, RequestHash},
    failure::Failure,
};

/// "A server MUST respond with a 400 (Bad Request) status code to any HTTP/1.1 request message that
/// lacks a Host header field and to any request message that contains more than one" (RFC 9112, 3.2).
pub fn check_host(head: &Parts) -> Result<(), Failure> {
    match head.headers.get_all(HOST).iter().count() {
        1 => Ok(()),
        0 if head.version < Version::HTTP_11 => Ok(()),
        _ => Err(Failure::invalid("Host: expected one")),
    }
}

/// The name that the server was called by.
pub fn host(headers: &HeaderMap) -> &str {
    headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default()
}

/// The network address that a request comes from: what the proxy in front says, where the
/// connection comes from this machine or its own network; IPv6 by the network that one customer has.
pub fn caller(headers: &HeaderMap, remote: IpAddr) -> IpAddr {
    let remote = remote.to_canonical();
    let address = if is_near(remote) { forwarded(headers).unwrap_or(remote) } else { remote };
    match address {
        IpAddr::V6(address) if !is_near(address.into()) => {
            Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into()
        }
        address => address,
    }
}

fn is_near(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_loopback() || address.is_private(),
        IpAddr::V6(address) => address.is_loopback() || address.is_unique_local(),
    }
}

/// The last address: those before are what the caller of the proxy said.
fn forwarded(headers: &HeaderMap) -> Option<IpAddr> {
    let last = headers.get_all(FORWARDED_FOR).iter().next_back()?.to_str().ok()?;
    let last = last.rsplit(',').next()?.trim();
    let address = last.parse().or_else(|_| last.parse().map(|with: SocketAddr| with.ip()));
    address.ok().map(|address: IpAddr| address.to_canonical())
}

/// The session credential: a bearer token, or the `__Host-kontract` cookie.
pub fn credential(headers: &HeaderMap) -> Result<Option<&str>, Failure> {
    if let Some(authorization) = headers.get(AUTHORIZATION) {
        let token = authorization.to_str().ok().and_then(bearer);
        return token.map(Some).ok_or_else(Failure::unauthorized);
    }
    cookie(headers)
}

/// The credential in the `__Host-kontract` cookie.
pub fn cookie(headers: &HeaderMap) -> Result<Option<&str>, Failure> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut values = cookies
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().strip_prefix(TOKEN));
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(token), None) if is_token(token) => Ok(Some(token)),
        _ => Err(Failure::unauthorized()),
    }
}

/// `Bearer <token>`
pub fn bearer(text: &str) -> Option<&str> {
    let (scheme, token) = text.split_once(' ')?;
    let token = token.trim_start_matches(' ');
    (scheme.eq_ignore_ascii_case("bearer") && is_token(token)).then_some(token)
}

fn is_token(text: &str) -> bool {
    let token = text.trim_end_matches('=');
    (1..=512).contains(&token.len())
        && token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte))
}

/// The headers without credentials: what handlers see, they may log.
pub fn without_credentials(mut headers: HeaderMap) -> HeaderMap {
    headers.remove(AUTHORIZATION);
    headers.remove(PROXY_AUTHORIZATION);
    if let Entry::Occupied(mut cookies) = headers.entry(COOKIE) {
        for cookie in cookies.iter_mut() {
            let kept = cookie.as_bytes().split(|byte| *byte == b';');
            let kept = kept.filter(|pair| !pair.trim_ascii().starts_with(TOKEN.as_bytes()));
            let kept = kept.collect::<Vec<_>>().join(&b';');
            // Parts of a header's value are such a value.
            *cookie = HeaderValue::from_bytes(kept.trim_ascii())
                .unwrap_or_else(|_| HeaderValue::from_static(""));
        }
    }
    headers
}

/// The caller's `Idempotency-Key`.
pub fn call_id(headers: &HeaderMap) -> Result<Option<String>, Failure> {
    let mut keys = headers.get_all(IDEMPOTENCY_KEY).iter();
    let key = match (keys.next(), keys.next()) {
        (None, _) => return Ok(None),
        (Some(key), None) => key.as_bytes(),
        _ => b"",
    };
    match std::str::from_utf8(key) {
        Ok(text) if is_name(text) => Ok(Some(text.to_owned())),
        _ => Err(Failure::invalid(
            "Idempotency-Key: expected at most 128 letters, digits and . _ : -",
        )),
    }
}

/// At most 128 letters, digits and `. _ : -`.
pub fn is_name(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte);
    (1..=128).contains(&text.len()) && text.bytes().all(plain)
}

/// What the writes of a call with an `Idempotency-Key` happen once by, among those of its session,
/// and what it asks for. Calls without a login share a session and may choose the same keys: there
/// only who sends the whole request again finds its answer.
pub fn keyed(key: &str, has_login: bool, route: &str, body: &[u8]) -> (String, RequestHash) {
    let mut context = digest::Context::new(&digest::SHA256);
    // Neither a key nor the name of a route has a space.
    context.update(format!("{key} {route} ").as_bytes());
    context.update(body);
    let mut hash = RequestHash::default();
    hash.copy_from_slice(context.finish().as_ref());
    // No call that the gateway names is called so.
    let claim = if has_login { format!("key:{key}") } else { URL_SAFE_NO_PAD.encode(hash) };
    (claim, hash)
}

/// The hash of the contract that the caller was built with.
pub fn abi(headers: &HeaderMap) -> Option<&str> {
    // What is no text is nobody's contract.
    headers.get(ABI).map(|abi| abi.to_str().unwrap_or_default())
}

/// The form that the content type means; None for any other, which browsers send across origins
/// without asking first.
pub fn form(headers: &HeaderMap) -> Option<Form> {
    let text = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let (name, parameter) = match text.split_once(';') {
        Some((name, parameter)) => (name.trim_end(), Some(parameter.trim())),
        None => (text.trim_end(), None),
    };
    if parameter.is_none() && name.eq_ignore_ascii_case(BYTES_TYPE) {
        return Some(Form::Binary);
    }
    let utf8 = |parameter: &str| {
        ["charset=utf-8", "charset=\"utf-8\""].iter().any(|it| parameter.eq_ignore_ascii_case(it))
    };
    (name.eq_ignore_ascii_case(JSON_TYPE) && parameter.is_none_or(utf8)).then_some(Form::Json)
}

/// Reads a body of at most so many bytes.
pub async fn body(
    headers: &HeaderMap,
    mut body: Incoming,
    most: usize,
    deadline: Instant,
    arrival: Arrival<'_>,
) -> Result<Bytes, Failure> {
    if headers.contains_key(CONTENT_ENCODING) {
        return Err(Failure::invalid("body: expected no content-encoding"));
    }
    let read = if body.size_hint().lower() > most as u64 {
        Ok(Err(too_large(most)))
    } else {
        timeout_at(deadline, collect(&mut body, most, &arrival)).await
    };
    match read {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(failure)) => {
            if !body.is_end_stream() {
                tokio::spawn(discard(body));
            }
            Err(failure)
        }
        Err(_) => Err(Failure::new("TIMEOUT", 408, "The request did not arrive in time")),
    }
}

async fn collect(
    body: &mut Incoming,
    most: usize,
    arrival: &Arrival<'_>,
) -> Result<Bytes, Failure> {
    let mut whole = BytesMut::new();
    while let Some(frame) = next(body).await {
        let Ok(frame) = frame else {
            return Err(Failure::invalid("body: expected as many bytes as announced"));
        };
        let Ok(bytes) = frame.into_data() else { continue };
        if whole.len() + bytes.len() > most {
            return Err(too_large(most));
        }
        if whole.is_empty() && body.is_end_stream() {
            return Ok(bytes);
        }
        arrival.holds(bytes.len());
        whole.extend_from_slice(&bytes);
    }
    Ok(whole.freeze())
}

/// What still arrives is thrown away for a while, so that the caller gets to read the answer.
async fn discard(mut body: Incoming) {
    let rest = async {
        let mut size = 0;
        while let Some(Ok(frame)) = next(&mut body).await {
            size += frame.data_ref().map_or(0, Bytes::len);
            if size > MOST_DISCARDED {
                break;
            }
        }
    };
    let _ = timeout(LONGEST_DISCARD, rest).await;
}

async fn next(body: &mut Incoming) -> Option<Result<hyper::body::Frame<Bytes>, hyper::Error>> {
    std::future::poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await
}

pub fn too_large(most: usize) -> Failure {
    Failure::new("INVALID_REQUEST", 413, format!("body: expected at most {most} bytes"))
}

pub const JSON_TYPE: &str = "application/json";
pub const BYTES_TYPE: &str = "application/x-kontract";
/// Of raystream by POST.
pub const FRAMES_TYPE: &str = "application/octet-stream";
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const ABI: HeaderName = HeaderName::from_static("x-kontract-abi");
const TOKEN: &str = "__Host-kontract=";
const MOST_DISCARDED: usize = 16 << 20;
const LONGEST_DISCARD: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    fn headers<const N: usize>(pairs: [(&'static str, &str); N]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, text) in pairs {
            headers.append(name, HeaderValue::from_str(text).expect("a header"));
        }
        headers
    }

    #[test]
    fn a_credential_is_a_bearer_token_or_a_cookie() {
        let of = |pair| credential(&headers([pair])).map(|token| token.map(str::to_owned));
        assert_eq!(credential(&HeaderMap::new()), Ok(None));
        assert_eq!(of(("authorization", "Bearer abc_-1~+/==")), Ok(Some("abc_-1~+/==".to_owned())));
        assert_eq!(of(("authorization", "bearer  a")), Ok(Some("a".to_owned())));
        assert_eq!(of(("cookie", "a=1; __Host-kontract=t; b=2")), Ok(Some("t".to_owned())));
        assert_eq!(of(("cookie", "a=1; x__Host-kontract=t")), Ok(None));
        for pair in [
            ("authorization", "Basic YTpi"),
            ("authorization", "Bearer"),
            ("authorization", "Bearer a b"),
            ("authorization", "Bearer ="),
            ("authorization", ""),
            ("cookie", "__Host-kontract="),
            ("cookie", "__Host-kontract=a; __Host-kontract=b"),
        ] {
            assert_eq!(of(pair), Err(Failure::unauthorized()), "{pair:?}");
        }
        let both = headers([("authorization", "Bearer a"), ("cookie", "__Host-kontract=b")]);
        assert_eq!(credential(&both), Ok(Some("a")));
    }

    #[test]
    fn a_near_proxy_says_whom_it_speaks_for() {
        let of = |remote: &str, forwarded: &str| {
            let headers = headers([("x-forwarded-for", "8.8.8.8"), ("x-forwarded-for", forwarded)]);
            caller(&headers, remote.parse().expect("an address")).to_string()
        };
        assert_eq!(of("127.0.0.1", "6.6.6.6, 9.9.9.9"), "9.9.9.9");
        assert_eq!(of("::ffff:10.0.0.1", "9.9.9.9:4711"), "9.9.9.9");
        assert_eq!(of("192.168.0.1", "[2001:db8:1:2:3::4]:80"), "2001:db8:1:2::");
        assert_eq!(of("10.0.0.1", "unknown"), "10.0.0.1");
        assert_eq!(of("1.1.1.1", "9.9.9.9"), "1.1.1.1");
        assert_eq!(of("2001:db8::5", "9.9.9.9"), "2001:db8::");
        assert_eq!(caller(&HeaderMap::new(), Ipv6Addr::LOCALHOST.into()).to_string(), "::1");
    }

    #[test]
    fn handlers_see_no_credentials() {
        let seen = without_credentials(headers([
            ("authorization", "Bearer secret"),
            ("proxy-authorization", "Basic secret"),
            ("cookie", "a=1; __Host-kontract=secret; b=2"),
            ("cookie", "__Host-kontract=secret"),
            ("cookie", "c=3"),
            ("x-other", "kept"),
        ]));
        let cookies: Vec<_> = seen.get_all(COOKIE).iter().collect();
        assert_eq!(cookies, ["a=1; b=2", "", "c=3"]);
        assert_eq!(seen["x-other"], "kept");
        assert!(!format!("{seen:?}").contains("secret"));
    }

    #[test]
    fn the_content_type_names_the_form() {
        let of = |text| form(&headers([("content-type", text)]));
        for text in [
            "application/json",
            "Application/JSON; charset=UTF-8",
            "application/json;charset=\"utf-8\" ",
        ] {
            assert_eq!(of(text), Some(Form::Json), "{text}");
        }
        assert_eq!(of("application/x-kontract "), Some(Form::Binary));
        for text in [
            "text/plain",
            "application/jsonp",
            "application/json; charset=utf-16",
            "application/json;",
            "application/x-kontract; charset=utf-8",
            "",
        ] {
            assert_eq!(of(text), None, "{text}");
        }
    }

    #[test]
    fn an_idempotency_key_is_plain_text() {
        let of = |text| call_id(&headers([("idempotency-key", text)]));
        assert_eq!(of("Call-1._:"), Ok(Some("Call-1._:".to_owned())));
        for text in ["", "a b", "a,b", &"x".repeat(129)] {
            assert_eq!(of(text).map_err(|failure| failure.status), Err(400), "{text}");
        }
        let two = headers([("idempotency-key", "a"), ("idempotency-key", "b")]);
        assert!(call_id(&two).is_err());
    }

    #[test]
    fn a_key_is_a_users_own_and_among_strangers_that_of_one_request() {
        let first = keyed("key", false, "pay", b"[1]");
        assert_eq!(keyed("key", false, "pay", b"[1]"), first);
        for (key, route, body) in
            [("key", "pay", "[2]"), ("key", "refund", "[1]"), ("k", "pay", "[1]")]
        {
            let other = keyed(key, false, route, body.as_bytes());
            assert!(other.0 != first.0 && other.1 != first.1, "{key} {route} {body}");
        }
        let (own, hash) = keyed("key", true, "pay", b"[1]");
        let (same, other) = keyed("key", true, "pay", b"[2]");
        assert_eq!((&own, hash), (&same, first.1));
        assert_ne!(hash, other);
    }
}

//! `fetch`: requests, redirects, bodies.

use std::{error::Error, fmt::Display, rc::Rc};

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use reqwest::Response;
use rquickjs::{Ctx, Promise, convert::List};
use url::Url;

use super::{
    bodies::Bodies,
    bytes::{Bytes, latin1},
    client::Clients,
    egress::Refused,
    timers,
};
use crate::engine::ops::{Hold, Host, OpError, Ops};

pub fn add<'js>(ops: &Ops<'js>) -> rquickjs::Result<()> {
    timers::add_cancel(ops)?;

    let host = Rc::clone(ops.host());
    ops.add(
        "send",
        move |ctx: Ctx<'js>,
              method: String,
              url: String,
              headers: Vec<List<(String, String)>>,
              body: Option<Bytes>,
              redirect: String| {
            let headers = headers.into_iter().map(|List(pair)| pair).collect();
            let body = body.map(|bytes| bytes.0);
            let request = Request { method, url, headers, body, redirect };
            start(&ctx, &host, request)
        },
    )?;

    let host = Rc::clone(ops.host());
    ops.add("read", move |ctx: Ctx<'js>, id: u32| {
        let bodies = Bodies::of_call(&host);
        let (id, promise) = host.start(&ctx, Hold::Call, async move { bodies.read(id).await })?;
        Ok::<_, rquickjs::Error>(List((id.0, promise)))
    })?;

    let host = Rc::clone(ops.host());
    ops.add("close", move |id: u32| Bodies::of_call(&host).close(id))
}

struct Request {
    method: String,
    url: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
    redirect: String,
}

/// Status, its text, headers, URL, whether redirected, the body's number.
type Answer = List<(u16, String, Vec<List<(String, String)>>, String, bool, u32)>;

fn start<'js>(
    ctx: &Ctx<'js>,
    host: &Rc<Host>,
    request: Request,
) -> rquickjs::Result<List<(u32, Promise<'js>)>> {
    if let Some(call) = host.invocation() {
        call.effect();
    }
    let bodies = Bodies::of_call(host);
    let clients = Clients::of_thread(&host.config().egress);
    let limit = host.config().limits.heap;
    let (id, promise) = host.start(ctx, Hold::Call, async move {
        let clients = clients.map_err(failed)?;
        let turn = bodies.turn().await?;
        let (response, redirected) = exchange(&clients, request).await?;
        drop(turn);
        let status = response.status();
        let headers = response
            .headers()
            .iter()
            .map(|(name, value)| List((name.as_str().to_owned(), latin1(value.as_bytes()))));
        let headers = headers.collect();
        let text = status.canonical_reason().unwrap_or_default().to_owned();
        let url = response.url().to_string();
        let body = bodies.open(response, limit);
        Ok::<Answer, OpError>(List((status.as_u16(), text, headers, url, redirected, body)))
    })?;
    Ok(List((id.0, promise)))
}

/// The answer at the end of all redirects, and whether there were any.
async fn exchange(clients: &Clients, request: Request) -> Result<(Response, bool), OpError> {
    let mut url = Url::parse(&request.url).map_err(failed)?;
    let mut method = Method::from_bytes(request.method.as_bytes()).map_err(failed)?;
    let mut headers = headers(&request.headers)?;
    let mut body = request.body.map(bytes::Bytes::from);
    for hops in 0..=MOST_REDIRECTS {
        let response = send(clients, &method, &url, &headers, body.clone()).await?;
        let location = response.headers().get(header::LOCATION);
        let target = match location.filter(|_| is_redirect(response.status())) {
            None => return Ok((response, hops > 0)),
            Some(_) if request.redirect == "manual" => return Ok((response, hops > 0)),
            Some(_) if request.redirect == "error" => return Err(failed("redirected")),
            Some(location) => target(&url, location)?,
        };
        if is_rewritten(response.status(), &method) {
            method = Method::GET;
            body = None;
            for name in CONTENT {
                headers.remove(name);
            }
        }
        if target.origin() != url.origin() {
            for name in CREDENTIALS {
                headers.remove(name);
            }
        }
        url = target;
    }
    Err(failed(format!("more than {MOST_REDIRECTS} redirects")))
}

async fn send(
    clients: &Clients,
    method: &Method,
    url: &Url,
    headers: &HeaderMap,
    body: Option<bytes::Bytes>,
) -> Result<Response, OpError> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(failed(format!("the scheme '{}' is not supported", url.scheme())));
    }
    let client = clients.of(url).map_err(failed)?;
    let mut request = client.request(method.clone(), url.clone()).headers(headers.clone());
    if let Some(body) = body {
        request = request.body(body);
    } else if matches!(*method, Method::POST | Method::PUT | Method::PATCH) {
        request = request.header(header::CONTENT_LENGTH, 0);
    }
    request.send().await.map_err(|error| failed(reason(&error)))
}

fn headers(pairs: &[(String, String)]) -> Result<HeaderMap, OpError> {
    let mut headers = HeaderMap::new();
    headers.insert(header::ACCEPT, HeaderValue::from_static("*/*"));
    headers.insert(header::USER_AGENT, HeaderValue::from_static("Kontract"));
    for (name, value) in pairs {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(failed)?;
        if OF_THE_CONNECTION.contains(&name.as_str()) {
            continue;
        }
        let value = value.chars().map(|character| u8::try_from(character).ok());
        let value: Vec<u8> = value.collect::<Option<_>>().ok_or_else(|| failed("a header"))?;
        headers.insert(name, HeaderValue::from_bytes(&value).map_err(failed)?);
    }
    Ok(headers)
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// Whether the request that follows is a GET without a body.
fn is_rewritten(status: StatusCode, method: &Method) -> bool {
    match status {
        StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND => method == Method::POST,
        StatusCode::SEE_OTHER => method != Method::GET && method != Method::HEAD,
        _ => false,
    }
}

fn target(from: &Url, location: &HeaderValue) -> Result<Url, OpError> {
    let mut url =
        from.join(&latin1(location.as_bytes())).map_err(|_| failed("redirected to no URL"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(failed("redirected to a URL with a user"));
    }
    if url.fragment().is_none() {
        url.set_fragment(from.fragment());
    }
    Ok(url)
}

/// The innermost cause, without the URL, which may hold secrets.
pub fn reason(error: &reqwest::Error) -> String {
    let mut cause: &dyn Error = error;
    while let Some(source) = cause.source() {
        if source.is::<Refused>() {
            return source.to_string();
        }
        cause = source;
    }
    if cause.is::<reqwest::Error>() {
        "the connection failed".to_owned()
    } else {
        cause.to_string()
    }
}

#[allow(clippy::needless_pass_by_value, reason = "takes errors where they are mapped")]
pub fn failed(reason: impl Display) -> OpError {
    OpError::Type(format!("fetch failed: {reason}"))
}

const MOST_REDIRECTS: usize = 20;

/// Headers that say how a message travels: the client sets them itself.
const OF_THE_CONNECTION: [&str; 10] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

const CONTENT: [HeaderName; 4] = [
    header::CONTENT_TYPE,
    header::CONTENT_ENCODING,
    header::CONTENT_LANGUAGE,
    header::CONTENT_LOCATION,
];

const CREDENTIALS: [HeaderName; 3] =
    [header::AUTHORIZATION, header::COOKIE, header::PROXY_AUTHORIZATION];

//! A server on loopback that shows what was sent to it.

use std::time::Duration;

use axum::{
    Router,
    body::{Body, Bytes},
    extract::Path,
    http::{HeaderMap, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::{any, get},
};
use futures_util::stream;
use tokio::net::TcpListener;

/// Its URL, without a slash at the end. It stops with the test's runtime.
pub async fn start() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new()
        .route("/echo", any(echo))
        .route("/status/{code}", any(status))
        .route("/redirect/{code}", any(redirect))
        .route("/slow", get(slow))
        .route("/chunks", get(chunks))
        .route("/endless", get(endless))
        .route("/cookies", get(cookies));
    tokio::spawn(async move { axum::serve(listener, router).await });
    base
}

async fn echo(method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let headers: serde_json::Map<_, _> = headers
        .iter()
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into()))
        .collect();
    let seen = serde_json::json!({
        "method": method.as_str(),
        "uri": uri.to_string(),
        "headers": headers,
        "body": String::from_utf8_lossy(&body),
    });
    ([(header::CONTENT_TYPE, "application/json")], seen.to_string()).into_response()
}

async fn status(Path(code): Path<u16>) -> Response {
    (StatusCode::from_u16(code).unwrap(), format!("status {code}")).into_response()
}

/// To where the query says.
async fn redirect(Path(code): Path<u16>, uri: Uri) -> Response {
    let to = uri.query().unwrap_or_default().to_owned();
    (StatusCode::from_u16(code).unwrap(), [(header::LOCATION, to)]).into_response()
}

async fn slow() -> &'static str {
    tokio::time::sleep(Duration::from_secs(5)).await;
    "late"
}

async fn chunks() -> Response {
    let parts = stream::unfold(0, async |index| {
        tokio::time::sleep(Duration::from_millis(5)).await;
        (index < 3).then(|| (Ok::<_, std::io::Error>(format!("part {index};")), index + 1))
    });
    Body::from_stream(parts).into_response()
}

async fn endless() -> Response {
    let parts = stream::repeat_with(|| Ok::<_, std::io::Error>(Bytes::from(vec![b'x'; 1 << 20])));
    Body::from_stream(parts).into_response()
}

async fn cookies() -> impl IntoResponse {
    let mut headers = HeaderMap::new();
    headers.append(header::SET_COOKIE, "a=1".parse().unwrap());
    headers.append(header::SET_COOKIE, "b=2".parse().unwrap());
    headers
}

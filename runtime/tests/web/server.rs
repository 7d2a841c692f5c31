//! A server on loopback that shows what was sent to it.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::{
    body::{Frame, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpListener, time::sleep};

type Answer = Response<UnsyncBoxBody<Bytes, Infallible>>;

/// Its URL, without a slash at the end. It stops with the test's runtime.
pub async fn start() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let count = Arc::new(AtomicUsize::new(0));
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            let count = Arc::clone(&count);
            let service = service_fn(move |request| answer(request, Arc::clone(&count)));
            let connection = TokioIo::new(connection);
            tokio::spawn(http1::Builder::new().serve_connection(connection, service));
        }
    });
    base
}

async fn answer(request: Request<Incoming>, count: Arc<AtomicUsize>) -> Result<Answer, Infallible> {
    let (parts, body) = request.into_parts();
    let path: Vec<&str> = parts.uri.path().split('/').skip(1).collect();
    let code = path.get(1).and_then(|code| code.parse().ok());
    let mut response = match path[0] {
        "echo" => text(echo(&parts, &body.collect().await.unwrap().to_bytes())),
        "status" => text(format!("status {}", path[1])),
        "redirect" => text(String::new()),
        "cookies" => text(String::new()),
        "count" => text(count.fetch_add(1, Ordering::Relaxed).to_string()),
        "counted" => text(count.load(Ordering::Relaxed).to_string()),
        "slow" => {
            sleep(Duration::from_secs(5)).await;
            text("late".to_owned())
        }
        "chunks" => streamed(stream::iter(0..3).then(async |index| {
            sleep(Duration::from_millis(5)).await;
            Bytes::from(format!("part {index};"))
        })),
        "stuck" => streamed(stream::iter([Bytes::from("one")]).chain(stream::pending())),
        "endless" => streamed(stream::repeat_with(|| Bytes::from(vec![b'x'; 1 << 20]))),
        _ => text("not found".to_owned()),
    };
    *response.status_mut() = code.unwrap_or(StatusCode::OK);
    let headers = response.headers_mut();
    match path[0] {
        "redirect" => {
            // To where the query says.
            let to = parts.uri.query().unwrap_or_default();
            headers.insert(header::LOCATION, to.parse().unwrap());
        }
        "cookies" => {
            headers.append(header::SET_COOKIE, HeaderValue::from_static("a=1"));
            headers.append(header::SET_COOKIE, HeaderValue::from_static("b=2"));
        }
        _ => {}
    }
    Ok(response)
}

fn echo(parts: &http::request::Parts, body: &[u8]) -> String {
    let headers: serde_json::Map<_, _> = parts
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into()))
        .collect();
    let seen = serde_json::json!({
        "method": parts.method.as_str(),
        "uri": parts.uri.to_string(),
        "headers": headers,
        "body": String::from_utf8_lossy(body),
    });
    seen.to_string()
}

fn text(text: String) -> Answer {
    Response::new(Full::new(Bytes::from(text)).boxed_unsync())
}

fn streamed(parts: impl Stream<Item = Bytes> + Send + 'static) -> Answer {
    Response::new(StreamBody::new(parts.map(Frame::data).map(Ok)).boxed_unsync())
}

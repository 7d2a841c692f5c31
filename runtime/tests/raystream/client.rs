//! The protocol's client role over a real WebSocket, and by real POSTs.

use std::{
    net::SocketAddr,
    sync::LazyLock,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use futures_util::{SinkExt, StreamExt};
use kontract_protocol::{
    RandomFailed, Time,
    crypto::{aead::Cipher, exchange::PublicKey},
    handshake::client::{Attempt, Offer},
    message::{Call, Failure, Item, Response},
    post::{self, Answer, Handshake, Reply},
    stream::{Client, ClientEvent as Event, Config, Ending},
    ticket::Pass,
};
use kontract_runtime::gateway::{Gateway, Pin};
use ring::rand::{SecureRandom, SystemRandom};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{sleep_until, timeout},
};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{Message, client::IntoClientRequest, protocol::WebSocketConfig},
};

use crate::world::{ABI, read, written};

pub struct Session {
    pub client: Client,
    pub socket: WebSocketStream<TcpStream>,
    pub pass: Option<Pass>,
    /// What was not asked for yet.
    replies: Vec<Reply>,
    pub items: Vec<Item>,
    pub resumed: bool,
    pub ended: Option<Ending>,
}

/// What a call came to.
pub type Outcome = Result<Response, Failure>;

impl Session {
    /// Opens a stream. Waits for its ticket.
    pub async fn open(gateway: &Gateway, pins: &[Pin]) -> Self {
        let session = Self::resume(gateway, pins, None).await;
        assert_eq!(session.ended, None);
        session
    }

    pub async fn resume(gateway: &Gateway, pins: &[Pin], pass: Option<Pass>) -> Self {
        Self::at(gateway.address(), pins, pass).await
    }

    /// As a page does that has logged in before.
    pub async fn open_with_cookie(gateway: &Gateway, pins: &[Pin], token: &str) -> Self {
        let cookie = format!("__Host-kontract={token}");
        let socket = connect_as(gateway.address(), "cookie", &cookie).await;
        Self::over(socket, pins, None).await
    }

    /// As a client behind a proxy on this machine.
    pub async fn open_from(gateway: &Gateway, pins: &[Pin], from: &str) -> Self {
        let session = Self::over(connect_from(gateway.address(), from).await, pins, None).await;
        assert_eq!(session.ended, None);
        session
    }

    pub async fn at(address: SocketAddr, pins: &[Pin], pass: Option<Pass>) -> Self {
        Self::over(connect(address).await, pins, pass).await
    }

    async fn over(socket: WebSocketStream<TcpStream>, pins: &[Pin], pass: Option<Pass>) -> Self {
        let client = Client::connect(config(pins, pass), now(), &mut random()).unwrap();
        let mut session = Self {
            client,
            socket,
            pass: None,
            replies: Vec::new(),
            items: Vec::new(),
            resumed: false,
            ended: None,
        };
        while session.pass.is_none() && session.ended.is_none() {
            session.step().await;
        }
        session
    }

    /// Sends a call; its number.
    pub async fn send(&mut self, call: &Call) -> u64 {
        let number = self.client.call(call, now()).unwrap();
        self.flush().await;
        number
    }

    /// The answer to a call.
    pub async fn answer(&mut self, number: u64) -> Outcome {
        loop {
            let place = self.replies.iter().position(|reply| reply.in_reply_to() == number);
            if let Some(place) = place {
                return outcome(self.replies.remove(place));
            }
            assert_eq!(self.ended, None, "the stream has ended");
            self.step().await;
        }
    }

    pub async fn call(&mut self, call: &Call) -> Outcome {
        let number = self.send(call).await;
        self.answer(number).await
    }

    /// The text that a route returns.
    pub async fn text(&mut self, route: &str, argument: &str) -> String {
        read(&self.call(&ask(route, argument)).await.unwrap().result)
    }

    /// Lets the server send so many more items.
    pub async fn credit(&mut self, number: u64, n: u32) {
        self.client.credit(number, n, now()).unwrap();
        self.flush().await;
    }

    /// Waits until so many items have come that were not asked for yet: their texts.
    pub async fn items(&mut self, count: usize) -> Vec<String> {
        while self.items.len() < count {
            assert!(self.replies.is_empty() && self.ended.is_none(), "{:?}", self.replies);
            self.step().await;
        }
        self.items.drain(..count).map(|item| read(&item.item)).collect()
    }

    /// Takes the items of a stream until it has ended.
    pub async fn exhaust(&mut self, number: u64) -> Outcome {
        loop {
            self.credit(number, 1).await;
            while self.items.is_empty() && self.replies.is_empty() {
                self.step().await;
            }
            if self.items.is_empty() {
                return self.answer(number).await;
            }
            self.items.clear();
        }
    }

    pub async fn cancel(&mut self, number: u64) {
        self.client.cancel(number, now()).unwrap();
        self.flush().await;
    }

    /// Waits for the end.
    pub async fn end(&mut self) -> Ending {
        while self.ended.is_none() {
            self.step().await;
        }
        self.ended.unwrap()
    }

    pub async fn flush(&mut self) {
        while let Some(frame) = self.client.poll_transmit() {
            self.socket.send(Message::Binary(frame.into())).await.unwrap();
        }
    }

    async fn step(&mut self) {
        self.flush().await;
        let due = self.client.poll_timeout().map_or(LONGEST, Duration::from_millis);
        tokio::select! {
            message = timeout(LONGEST, self.socket.next()) => match message.expect("a message") {
                Some(Ok(Message::Binary(frame))) => self.client.handle_frame(&frame, now(), &mut random()),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                _ => self.client.handle_end(),
            },
            () = sleep_until((*BEGUN + due).into()) => self.client.handle_timeout(now(), &mut random()),
        }
        while let Some(event) = self.client.poll_event() {
            match event {
                Event::Opened { resumed, .. } => self.resumed = resumed,
                Event::Pass(pass) => self.pass = Some(*pass),
                Event::Response(response) => self.replies.push(Reply::Response(response)),
                Event::Item(item) => self.items.push(item),
                Event::Failure(failure) => self.replies.push(Reply::Failure(failure)),
                Event::Ended { how, .. } => self.ended = Some(how),
                _ => {}
            }
        }
    }
}

fn outcome(reply: Reply) -> Outcome {
    match reply {
        Reply::Response(response) => Ok(response),
        Reply::Failure(failure) => Err(failure),
    }
}

/// A call of a route with a text, and a new id.
pub fn ask(route: &str, argument: &str) -> Call {
    let mut id = [0; 16];
    random()(&mut id).unwrap();
    let metadata = vec![("abi".to_owned(), ABI.to_owned())];
    Call { method: route.to_owned(), args: written(argument), metadata, id }
}

pub fn with(mut call: Call, key: &str, value: &str) -> Call {
    call.metadata.push((key.to_owned(), value.to_owned()));
    call
}

pub async fn connect(address: SocketAddr) -> WebSocketStream<TcpStream> {
    connect_from(address, "127.0.0.1").await
}

/// The same as a proxy on this machine does it for somebody else.
pub async fn connect_from(address: SocketAddr, client: &str) -> WebSocketStream<TcpStream> {
    connect_as(address, "x-forwarded-for", client).await
}

async fn connect_as(
    address: SocketAddr,
    header: &'static str,
    value: &str,
) -> WebSocketStream<TcpStream> {
    let stream = TcpStream::connect(address).await.unwrap();
    let mut request = format!("ws://{address}/raystream").into_client_request().unwrap();
    request.headers_mut().insert(header, value.parse().unwrap());
    // What the client holds is not of interest.
    let config = WebSocketConfig::default().read_buffer_size(1 << 10);
    client_async_with_config(request, stream, Some(config)).await.unwrap().0
}

/// What the server says next; None where it has ended the connection.
pub async fn next(socket: &mut WebSocketStream<TcpStream>) -> Option<Vec<u8>> {
    loop {
        match timeout(LONGEST, socket.next()).await.expect("a message") {
            Some(Ok(Message::Binary(frame))) => return Some(frame.into()),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            _ => return None,
        }
    }
}

/// An INIT.
pub fn init(pin: &Pin) -> Vec<u8> {
    Attempt::start(key(pin), config(&[*pin], None).offer, None, &mut random()).unwrap().1
}

/// A handshake by POST.
pub async fn greet(gateway: &Gateway, pin: &Pin) -> Pass {
    let offer = config(&[*pin], None).offer;
    let (mut attempt, mut frame) = Attempt::start(key(pin), offer, None, &mut random()).unwrap();
    loop {
        let body = post(gateway.address(), &frame).await;
        match post::finish_handshake(attempt, &body).unwrap() {
            Handshake::Pass(pass) => return *pass,
            Handshake::Again(again, with_cookie) => (attempt, frame) = (*again, with_cookie),
            Handshake::Refused => panic!("refused"),
        }
    }
}

/// Calls by one POST; None where the ticket is not good any more.
pub async fn call(gateway: &Gateway, pass: &Pass, calls: &[Call]) -> Option<Vec<Outcome>> {
    let (pending, numbers, body) = post::request(pass, calls, calls[0].id, &mut random()).unwrap();
    let Answer::Replies(mut replies, _) =
        pending.read(&post(gateway.address(), &body).await).unwrap()
    else {
        return None;
    };
    let outcomes = numbers.iter().map(|number| {
        let place = replies.iter().position(|reply| reply.in_reply_to() == *number).unwrap();
        outcome(replies.remove(place))
    });
    Some(outcomes.collect())
}

/// The body of the answer.
pub async fn post(address: SocketAddr, body: &[u8]) -> Vec<u8> {
    let (status, answer) = request(address, &headers(body.len()), body).await;
    assert_eq!(status, 200, "{}", String::from_utf8_lossy(&answer));
    answer
}

pub fn headers(length: usize) -> String {
    format!(
        "POST /raystream HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/octet-stream\r\n\
         connection: close\r\ncontent-length: {length}\r\n\r\n"
    )
}

/// Makes an account: its credential, as a call carries it.
pub async fn register(gateway: &Gateway) -> String {
    let mut id = [0; 8];
    random()(&mut id).unwrap();
    let email = format!("{:x}@example.com", u64::from_be_bytes(id));
    let body = format!(r#"{{"email":"{email}","password":"correct horse"}}"#);
    let (status, answer) = auth(gateway, "register", "", &body).await;
    assert_eq!(status, 201, "{answer}");
    format!("Bearer {}", answer["token"].as_str().unwrap())
}

pub async fn logout(gateway: &Gateway, credential: &str) {
    let line = format!("authorization: {credential}\r\n");
    assert_eq!(auth(gateway, "logout", &line, "").await.0, 204);
}

async fn auth(gateway: &Gateway, path: &str, line: &str, body: &str) -> (u16, serde_json::Value) {
    let head = format!(
        "POST /auth/{path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n{line}\
         connection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let (status, answer) = request(gateway.address(), &head, body.as_bytes()).await;
    (status, serde_json::from_slice(&answer).unwrap_or_default())
}

/// Status and body.
pub async fn request(address: SocketAddr, head: &str, body: &[u8]) -> (u16, Vec<u8>) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(&[head.as_bytes(), body].concat()).await.unwrap();
    let mut answer = Vec::new();
    timeout(LONGEST, stream.read_to_end(&mut answer)).await.expect("an answer").unwrap();
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap() + 4;
    let status = String::from_utf8_lossy(&answer[9..12]).parse().unwrap();
    (status, answer.split_off(end))
}

pub fn config(pins: &[Pin], pass: Option<Pass>) -> Config {
    let ciphers = vec![Cipher::Aes256Gcm, Cipher::ChaCha20Poly1305];
    Config { pins: pins.iter().map(key).collect(), offer: Offer { ciphers, schema: [7; 32] }, pass }
}

fn key(pin: &Pin) -> PublicKey {
    let bytes = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, pin.to_string());
    PublicKey(bytes.unwrap().try_into().unwrap())
}

pub fn now() -> Time {
    let milliseconds = |time: Duration| u64::try_from(time.as_millis()).unwrap();
    Time {
        monotonic: milliseconds(BEGUN.elapsed()),
        unix: milliseconds(SystemTime::now().duration_since(UNIX_EPOCH).unwrap()),
    }
}

pub fn random() -> impl FnMut(&mut [u8]) -> Result<(), RandomFailed> {
    |bytes: &mut [u8]| SystemRandom::new().fill(bytes).map_err(|_| RandomFailed)
}

static BEGUN: LazyLock<Instant> = LazyLock::new(Instant::now);
const LONGEST: Duration = Duration::from_mins(1);

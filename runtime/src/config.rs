//! What a gateway is told by whoever starts it. The command line reads these from `kontract.toml`
//! and the environment.

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf, time::Duration};

use kontract_protocol::limits::SESSIONS_PER_ADDRESS;
use url::Url;

/// How a gateway serves an application.
#[derive(Clone, Debug)]
pub struct Config {
    /// The output folder of `kontract build`.
    pub dist: PathBuf,
    pub address: SocketAddr,
    /// A second prefix of the routes beside `/rpc`; never with a `/` at its end.
    pub base: Option<String>,
    /// Whether calls in JSON are answered.
    pub json: bool,
    /// Origins besides the server's own that browsers may call from.
    pub cors: Vec<String>,
    pub limits: Limits,
    /// The environment variables that `env` offers, with their values.
    pub variables: BTreeMap<String, Option<String>>,
    /// Where `fetch` may go besides public hosts: `host[:port]`, `loopback`, `private`.
    pub egress: Vec<String>,
    pub database: Database,
    /// `KONTRACT_SECRET`: at least 32 bytes.
    pub secret: Secret,
    pub auth: AuthConfig,
    pub wire: Wire,
    /// Answers errors with their stacks, to loopback only.
    pub development: bool,
    /// Isolate threads; one for each processor when None.
    pub threads: Option<usize>,
}

/// raystream: encrypted calls.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wire {
    /// `KONTRACT_STATIC_KEY`: the private keys that clients know the gateway by, the current one
    /// first. None: calls are taken over HTTP only.
    pub static_key: Option<Secret>,
    /// How long a client's ticket is good for after it was given or renewed.
    pub session_idle: Duration,
    /// Streams of one address: many people may be behind one.
    pub sessions_per_address: usize,
    /// After which the login of a stream is looked up again.
    pub login_check: Duration,
}

impl Default for Wire {
    fn default() -> Self {
        Self {
            static_key: None,
            session_idle: Duration::from_mins(5),
            sessions_per_address: SESSIONS_PER_ADDRESS,
            login_check: Duration::from_secs(30),
        }
    }
}

/// Where tables are kept.
#[derive(Clone, Debug)]
pub struct Database {
    /// `DATABASE_URL`: the gateway's own role.
    pub url: Secret,
    /// Connections of each isolate thread.
    pub pool: usize,
    /// `privileges = "shared"`: run as a role that may do more than the two-table claim allows.
    pub shared_privileges: bool,
}

impl Database {
    /// Connections of each isolate thread, where nothing else is said.
    pub const POOL: usize = 8;
}

/// What one call may use up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// From the request's arrival to its answer.
    pub deadline: Duration,
    /// How long JavaScript may run without giving way.
    pub cpu: Duration,
    /// Bytes of an isolate's heap.
    pub heap: usize,
    /// Bytes of an isolate's stack.
    pub stack: usize,
    /// Bytes of a request's or an answer's body.
    pub body: usize,
    /// Calls at the same time.
    pub in_flight: usize,
    /// Isolates of a thread for calls; there are half as many besides, for streams.
    pub isolates: usize,
    /// How long a stream's reader may take nothing while others wait for its place.
    pub stream_idle: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(10),
            cpu: Duration::from_millis(200),
            heap: 64 << 20,
            stack: 512 << 10,
            body: 1 << 20,
            in_flight: 1000,
            isolates: 16,
            stream_idle: Duration::from_secs(5),
        }
    }
}

/// Who may call, and with which permission. What `src/auth.ts` exports outweighs `kontract.toml`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AuthConfig {
    pub session_ttl: Duration,
    pub allow_anonymous: bool,
    /// R 4, W 2, X 1.
    pub anonymous_perm: u8,
    pub user_perm: u8,
}

impl Default for AuthConfig {
    fn default() -> Self {
        Self {
            session_ttl: Duration::from_hours(1),
            allow_anonymous: true,
            anonymous_perm: 0b100,
            user_perm: 0b111,
        }
    }
}

/// Is this the origin of web pages, such as `https://app.example`, spelled as browsers do?
pub fn is_origin(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https") && url.origin().ascii_serialization() == text
    })
}

/// The bits of a mask such as `RW_`: R 4, W 2, X 1.
pub fn parse_perm(text: &str) -> Option<u8> {
    Some(match text {
        "___" => 0,
        "__X" => 1,
        "_W_" => 2,
        "_WX" => 3,
        "R__" => 4,
        "R_X" => 5,
        "RW_" | "WR_" => 6,
        "RWX" => 7,
        _ => return None,
    })
}

/// A text that is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Secret(…)")
    }
}

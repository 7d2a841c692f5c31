//! What a test may ask.

use kontract_protocol::message::{Call, Failure, Item, Response};
use serde::{Deserialize, Deserializer, de::Error as _};

/// A question: what to do, and when.
#[derive(Deserialize)]
pub struct Ask {
    /// Milliseconds since the test began.
    pub now: u64,
    #[serde(flatten)]
    pub what: What,
}

#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum What {
    /// Other random bytes, and a node without sessions.
    Seed {
        seed: u64,
        max_frame: u32,
        rekey_records: u32,
    },
    /// A client, which offers these ciphers and resumes what the last one left.
    Connect {
        ciphers: Vec<u8>,
        resume: bool,
    },
    /// A server for the next client.
    Accept,
    Frames {
        frames: Vec<Hex>,
    },
    Timeout,
    /// The connection has ended.
    End,
    Close,
    Call {
        call: AskedCall,
    },
    Subscribe {
        topic: String,
        credit: u32,
    },
    Cancel {
        target: u64,
    },
    Credit {
        target: u64,
        n: u32,
    },
    Respond {
        response: AskedResponse,
    },
    Fail {
        failure: AskedFailure,
    },
    Send {
        in_reply_to: u64,
        item: Hex,
    },
    /// An INIT for a POST.
    PostConnect {
        ciphers: Vec<u8>,
    },
    /// What a server answered to it.
    PostFinish {
        body: Hex,
    },
    PostRequest {
        calls: Vec<AskedCall>,
        call_id: Hex,
    },
    PostRead {
        body: Hex,
    },
    /// The same from a server's side.
    PostHandshake {
        body: Hex,
    },
    PostOpen {
        body: Hex,
    },
    PostRespond {
        response: AskedResponse,
    },
    PostFail {
        failure: AskedFailure,
    },
    PostDone,
}

#[derive(Deserialize)]
pub struct AskedCall {
    method: String,
    args: Hex,
    metadata: Vec<(String, String)>,
    id: Hex,
}

#[derive(Deserialize)]
pub struct AskedResponse {
    in_reply_to: u64,
    status: u16,
    headers: Vec<(String, String)>,
    result: Hex,
}

#[derive(Deserialize)]
pub struct AskedFailure {
    in_reply_to: u64,
    code: String,
    message: String,
    status: u16,
    path: Option<String>,
    stack: Option<String>,
}

impl AskedCall {
    pub fn into_call(self) -> Result<Call, &'static str> {
        let AskedCall { method, args, metadata, id } = self;
        Ok(Call { method, args: args.0, metadata, id: id.array()? })
    }
}

impl From<AskedResponse> for Response {
    fn from(asked: AskedResponse) -> Response {
        let AskedResponse { in_reply_to, status, headers, result } = asked;
        Response { in_reply_to, status, headers, result: result.0, ticket: None }
    }
}

impl From<AskedFailure> for Failure {
    fn from(asked: AskedFailure) -> Failure {
        let AskedFailure { in_reply_to, code, message, status, path, stack } = asked;
        Failure { in_reply_to, code, message, status, path, stack }
    }
}

pub fn item(in_reply_to: u64, item: Hex) -> Item {
    Item { in_reply_to, item: item.0 }
}

/// Bytes in hexadecimal.
pub struct Hex(pub Vec<u8>);

impl Hex {
    pub fn array<const N: usize>(&self) -> Result<[u8; N], &'static str> {
        self.0.as_slice().try_into().map_err(|_| "bytes of another length")
    }
}

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Hex, D::Error> {
        let text = String::deserialize(deserializer)?;
        let digits = text.as_bytes().chunks(2).map(|pair| {
            let pair = std::str::from_utf8(pair).ok()?;
            u8::from_str_radix(pair, 16).ok()
        });
        digits.collect::<Option<_>>().map(Hex).ok_or_else(|| D::Error::custom("not hexadecimal"))
    }
}

use std::collections::BTreeSet;

use super::{Line, Reply};
use crate::crypto::aead::Cipher;
use crate::crypto::kdf::sha256;
use crate::crypto::secret::PostSecret;
use crate::frame::{Frame, Kind};
use crate::handshake::client::{Attempt, Outcome};
use crate::handshake::response::refusal;
use crate::input::random_bytes;
use crate::limits::{MAX_CALLS, MAX_FRAME};
use crate::message::{Call, HANDSHAKE, Response, takes};
use crate::record::Opener;
use crate::ticket::Pass;
use crate::{Error, Misbehaviour, Misuse, Random};

/// What the answer to a handshake means.
#[derive(Debug)]
pub enum Handshake {
    /// Calls can be made with this.
    Pass(Box<Pass>),
    /// The server asks for the same INIT with a cookie: here they are.
    Again(Box<Attempt>, Vec<u8>),
    Refused,
}

/// Reads the answer to an INIT that was sent by POST.
pub fn finish_handshake(attempt: Attempt, body: &[u8]) -> Result<Handshake, Error> {
    let (frame, rest) = Frame::take(body, MAX_FRAME, |kind| kind == Kind::HandshakeResponse)?;
    let length = body.len().saturating_sub(rest.len());
    let (first, rest) = body.split_at_checked(length).ok_or(Misbehaviour::WrongLength)?;
    if frame.header.length == 0 && !rest.is_empty() {
        return Err(Misbehaviour::WrongLength.into());
    }
    match attempt.finish(first)? {
        Outcome::Again(attempt, frame) => Ok(Handshake::Again(attempt, frame)),
        Outcome::Refused => Ok(Handshake::Refused),
        Outcome::Established(established) => {
            let pass = Pass::of(&established, Vec::new());
            let cipher = established.cipher();
            let mut opener = Opener::new(cipher, established.keys.to_client)?;
            let frame = Frame::read(rest, pass.max_frame, |kind| kind == Kind::RpcResponse)?;
            let granted = Response::decode(&opener.open(&frame)?)?;
            let ticket = granted.ticket.filter(|_| granted.in_reply_to == HANDSHAKE);
            let ticket = ticket.ok_or(Misbehaviour::UnknownReply)?;
            Ok(Handshake::Pass(Box::new(Pass { ticket, ..pass })))
        }
    }
}

/// A POST whose response is awaited.
#[derive(Debug)]
pub struct Pending {
    secret: PostSecret,
    cipher: Cipher,
    max_frame: u32,
    pass: Pass,
    digest: [u8; 32],
    /// The request's frames, by which its calls are answered.
    requests: BTreeSet<u64>,
    refusal: Vec<u8>,
}

/// What a response says.
#[derive(Debug)]
pub enum Answer {
    /// One reply to each call, and the pass to use from now on, where another came.
    Replies(Vec<Reply>, Option<Box<Pass>>),
    /// `SESSION_EXPIRED`: a new handshake, then the same calls with the same ids.
    Expired,
}

/// Writes a request of one call or several. Returns the numbers that replies will name, in the
/// order of the calls. `call_id` is the first call's, as a rule; it takes part in the keys.
pub fn request(
    pass: &Pass,
    calls: &[Call],
    call_id: [u8; 16],
    random: &mut dyn Random,
) -> Result<(Pending, Vec<u64>, Vec<u8>), Error> {
    if calls.is_empty() || calls.len() > MAX_CALLS {
        return Err(Misuse::TooManyCalls.into());
    }
    let fresh = random_bytes::<16>(random)?;
    let length = u16::try_from(pass.ticket.len()).map_err(|_| Misuse::WrongTicket)?;
    let mut body = [&length.to_be_bytes(), pass.ticket.as_slice(), &call_id, &fresh].concat();
    let mut line = Line::request((&pass.post, pass.cipher), &pass.ticket, &call_id, &fresh)?;
    let mut numbers = Vec::with_capacity(calls.len());
    for call in calls {
        takes(&call.metadata)?;
        numbers.push(line.seal(Kind::RpcCall, &call.encode(), pass.max_frame, &mut body)?);
    }
    let pending = Pending {
        secret: pass.post.clone(),
        cipher: pass.cipher,
        max_frame: pass.max_frame,
        pass: pass.clone(),
        digest: sha256(&[&body]),
        requests: numbers.iter().copied().collect(),
        refusal: refusal(&body),
    };
    Ok((pending, numbers, body))
}

impl Pending {
    /// Reads the response. It replies to each call once.
    pub fn read(self, body: &[u8]) -> Result<Answer, Error> {
        if body == self.refusal {
            return Ok(Answer::Expired);
        }
        let Pending { cipher, max_frame, pass, mut requests, .. } = self;
        let (random, frames) = body.split_first_chunk::<32>().ok_or(Misbehaviour::WrongLength)?;
        let line = Line::response((&self.secret, cipher), &self.digest, random)?;
        let allowed = |kind| matches!(kind, Kind::RpcResponse | Kind::RpcError);
        let (mut replies, mut renewed) = (Vec::new(), None);
        for message in line.open(frames, max_frame, allowed)? {
            let mut reply = Reply::decode(&message)?;
            if !requests.remove(&reply.in_reply_to()) {
                return Err(Misbehaviour::UnknownReply.into());
            }
            if let Reply::Response(Response { ticket, .. }) = &mut reply
                && let Some(ticket) = ticket.take()
            {
                renewed = Some(Box::new(Pass { ticket, ..pass.clone() }));
            }
            replies.push(reply);
        }
        if requests.is_empty() {
            Ok(Answer::Replies(replies, renewed))
        } else {
            Err(Misbehaviour::Unanswered.into())
        }
    }
}

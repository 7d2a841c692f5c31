//! What a call has open of its fetches: requests on their way, and bodies that are not read to their end.

use std::{cell::RefCell, collections::HashMap, rc::Rc};

use reqwest::Response;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::{
    bytes::Bytes,
    fetch::{failed, reason},
};
use crate::engine::ops::{Host, OpError};

#[derive(Clone)]
pub struct Bodies(Rc<Open>);

struct Open {
    /// Sockets are the whole gateway's: one call gets some of them.
    turns: Semaphore,
    bodies: RefCell<Numbered>,
}

#[derive(Default)]
struct Numbered {
    last: u32,
    bodies: HashMap<u32, Body>,
}

struct Body {
    response: Response,
    /// Bytes that may still come.
    left: usize,
}

impl Default for Bodies {
    fn default() -> Self {
        let turns = Semaphore::new(MOST_REQUESTS);
        Self(Rc::new(Open { turns, bodies: RefCell::default() }))
    }
}

impl Bodies {
    /// They are dropped with the call.
    pub fn of_call(host: &Host) -> Self {
        host.invocation().map_or_else(Self::default, |call| call.slot::<Self>().borrow().clone())
    }

    /// Waits until the call may send one more request.
    pub async fn turn(&self) -> Result<SemaphorePermit<'_>, OpError> {
        let turn = self.0.turns.acquire().await.map_err(failed)?;
        if self.0.bodies.borrow().bodies.len() >= MOST_BODIES {
            return Err(failed(format!(
                "{MOST_BODIES} responses of this call are open; read or cancel their bodies"
            )));
        }
        Ok(turn)
    }

    /// The number under which the body can be read; at most `limit` bytes of it.
    pub fn open(&self, response: Response, limit: usize) -> u32 {
        let mut open = self.0.bodies.borrow_mut();
        open.last = open.last.wrapping_add(1);
        let id = open.last;
        if response.content_length() != Some(0) {
            open.bodies.insert(id, Body { response, left: limit });
        }
        id
    }

    /// The next bytes; None at the end. The body is away meanwhile, so that dropping this ends it.
    pub async fn read(&self, id: u32) -> Result<Option<Bytes>, OpError> {
        let taken = self.0.bodies.borrow_mut().bodies.remove(&id);
        let Some(mut body) = taken else { return Ok(None) };
        let chunk = body.response.chunk().await.map_err(|error| failed(reason(&error)))?;
        let Some(chunk) = chunk else { return Ok(None) };
        let Some(left) = body.left.checked_sub(chunk.len()) else {
            return Err(failed("the response is larger than an isolate's heap"));
        };
        body.left = left;
        self.0.bodies.borrow_mut().bodies.insert(id, body);
        Ok(Some(Bytes(chunk.into())))
    }

    pub fn close(&self, id: u32) {
        self.0.bodies.borrow_mut().bodies.remove(&id);
    }
}

/// Of a call at the same time; further ones wait.
const MOST_REQUESTS: usize = 32;
/// Of a call at the same time; further requests fail.
const MOST_BODIES: usize = 128;

//! The items of the calls of one stream, on their way to a client that has to ask for them.

use std::{
    collections::BTreeMap,
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use kontract_protocol::stream::Server;
use tokio::sync::mpsc::Receiver;

use super::login::Login;
use crate::{failure::Failure, items::Items};

/// Where items come out, by the call's sequence.
#[derive(Default)]
pub struct Streams(BTreeMap<u64, Outlet>);

/// Where those of one call do.
pub struct Outlet {
    pub items: Items,
    pub received: Receiver<Bytes>,
    pub login: Login,
    /// One that leaves if its caller is still logged in.
    leaving: Option<Leaving>,
}

type Leaving = Pin<Box<dyn Future<Output = Result<Bytes, Failure>> + Send>>;

impl Streams {
    pub fn begin(&mut self, sequence: u64, outlet: Outlet) {
        self.0.insert(sequence, outlet);
    }

    pub fn end(&mut self, sequence: u64) {
        self.0.remove(&sequence);
    }

    /// The next item that the client has given credit for; pending while there is none.
    pub async fn next(&mut self, server: &Server) -> (u64, Bytes) {
        poll_fn(|context| self.poll(server, context)).await
    }

    fn poll(&mut self, server: &Server, context: &mut Context<'_>) -> Poll<(u64, Bytes)> {
        for (sequence, outlet) in &mut self.0 {
            if server.credit(*sequence) > 0
                && let Poll::Ready(Some(item)) = outlet.poll(context)
            {
                return Poll::Ready((*sequence, item));
            }
        }
        Poll::Pending
    }
}

impl Outlet {
    pub fn new(items: Items, received: Receiver<Bytes>, login: Login) -> Self {
        Self { items, received, login, leaving: None }
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let leaving = if let Some(leaving) = &mut self.leaving {
            leaving
        } else {
            let received = ready!(self.received.poll_recv(context));
            let Some(item) = received else { return Poll::Ready(None) };
            if self.login.is_fresh() {
                return Poll::Ready(Some(item));
            }
            let renewed = self.login.renew();
            self.leaving.insert(Box::pin(async move { renewed.await.map(|()| item) }))
        };
        let left = ready!(leaving.as_mut().poll(context));
        self.leaving = None;
        Poll::Ready(left.map_err(|failure| self.items.end(failure)).ok())
    }
}

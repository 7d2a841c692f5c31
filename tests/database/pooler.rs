//! What `PgBouncer` does in transaction mode, as far as a client can tell: sessions are lent until a
//! transaction ends, the one that came back last first.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use crate::postgres::Cluster;

pub struct Pooler {
    port: u16,
}

type Free = Arc<Mutex<Vec<TcpStream>>>;

impl Pooler {
    /// Its threads end with the test's process.
    pub fn before(cluster: &Cluster) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let url = cluster.url("x", "x");
        let server = url.rsplit('@').next().unwrap().split('/').next().unwrap().to_owned();
        let free = Free::default();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (free, server) = (Arc::clone(&free), server.clone());
                thread::spawn(move || serve(client, &server, &free));
            }
        });
        Self { port }
    }

    pub fn url(&self, role: &str, database: &str) -> String {
        format!("postgresql://{role}@127.0.0.1:{}/{database}?sslmode=disable", self.port)
    }
}

/// None when the client has gone.
fn serve(mut client: TcpStream, server: &str, free: &Free) -> Option<()> {
    let startup = packet(&mut client)?;
    // Logging in has the client know a session's parameters; the session goes to the pool.
    let mut session = TcpStream::connect(server).ok()?;
    session.write_all(&startup).ok()?;
    relay_until_ready(&mut session, &mut client)?;
    free.lock().unwrap().push(session);
    let mut lent: Option<TcpStream> = None;
    loop {
        let (kind, message) = message(&mut client)?;
        if kind == b'X' {
            return None;
        }
        let mut session = lent.take().or_else(|| free.lock().unwrap().pop())?;
        session.write_all(&message).ok()?;
        // Sync and Query are answered; what comes before them is not by itself.
        if kind != b'S' && kind != b'Q' {
            lent = Some(session);
        } else if relay_until_ready(&mut session, &mut client)? == b'I' {
            free.lock().unwrap().push(session);
        } else {
            lent = Some(session);
        }
    }
}

/// Returns the state of the transaction: `I` outside of one.
fn relay_until_ready(session: &mut TcpStream, client: &mut TcpStream) -> Option<u8> {
    loop {
        let (kind, message) = message(session)?;
        client.write_all(&message).ok()?;
        if kind == b'Z' {
            return message.last().copied();
        }
    }
}

fn message(stream: &mut TcpStream) -> Option<(u8, Vec<u8>)> {
    let mut kind = [0];
    stream.read_exact(&mut kind).ok()?;
    let mut message = kind.to_vec();
    message.extend(packet(stream)?);
    Some((kind[0], message))
}

/// With its length in front.
fn packet(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut length = [0; 4];
    stream.read_exact(&mut length).ok()?;
    let mut packet = length.to_vec();
    packet.resize(usize::try_from(u32::from_be_bytes(length)).ok()?, 0);
    stream.read_exact(&mut packet[4..]).ok()?;
    Some(packet)
}

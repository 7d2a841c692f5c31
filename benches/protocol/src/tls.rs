//! Two ends of TLS 1.3 with a buffer between them.

use std::io::{Read, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::crypto::{CryptoProvider, ring};
use rustls::{
    CipherSuite, ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection,
    version::TLS13,
};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// A server with an ECDSA P-256 certificate, and a client that trusts it.
pub struct Configs {
    server: Arc<ServerConfig>,
    client: Arc<ClientConfig>,
}

impl Configs {
    /// With X25519 and the one cipher suite. Without `resume`, the client keeps no tickets.
    pub fn new(suite: CipherSuite, resume: bool) -> Configs {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let certificate = made.cert.der().clone();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let mut provider = ring::default_provider();
        provider.cipher_suites.retain(|known| known.suite() == suite);
        provider.kx_groups = vec![ring::kx_group::X25519];
        let provider: Arc<CryptoProvider> = provider.into();
        let mut server = ServerConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(&[&TLS13])
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.clone()], key)
            .unwrap();
        server.ticketer = ring::Ticketer::new().unwrap();
        server.send_tls13_tickets = 1;
        let mut roots = RootCertStore::empty();
        roots.add(certificate).unwrap();
        let mut client = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13])
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        if !resume {
            client.resumption = rustls::client::Resumption::disabled();
        }
        Configs { server: Arc::new(server), client: Arc::new(client) }
    }

    pub fn connect(&self) -> Tls {
        let client = ClientConnection::new(self.client.clone(), "localhost".try_into().unwrap());
        let server = ServerConnection::new(self.server.clone());
        Tls { client: client.unwrap(), server: server.unwrap(), wire: Vec::new() }
    }
}

pub struct Tls {
    client: ClientConnection,
    server: ServerConnection,
    wire: Vec<u8>,
}

impl Tls {
    /// Shakes hands; a ticket comes with it. Returns what the server took for its own.
    pub fn shake(&mut self) -> Duration {
        let mut server = Duration::ZERO;
        while self.client.is_handshaking() || self.server.is_handshaking() {
            server += self.up();
            server += self.down();
        }
        server + self.down()
    }

    /// Returns what the server took to read.
    fn up(&mut self) -> Duration {
        self.wire.clear();
        while self.client.wants_write() {
            self.client.write_tls(&mut self.wire).unwrap();
        }
        let started = Instant::now();
        let mut rest = self.wire.as_slice();
        while !rest.is_empty() {
            self.server.read_tls(&mut rest).unwrap();
            self.server.process_new_packets().unwrap();
        }
        started.elapsed()
    }

    /// Returns what the server took to write.
    fn down(&mut self) -> Duration {
        self.wire.clear();
        let started = Instant::now();
        while self.server.wants_write() {
            self.server.write_tls(&mut self.wire).unwrap();
        }
        let took = started.elapsed();
        let mut rest = self.wire.as_slice();
        while !rest.is_empty() {
            self.client.read_tls(&mut rest).unwrap();
            self.client.process_new_packets().unwrap();
        }
        took
    }

    /// Sends a text up and reads it, as large as it is.
    pub fn carry(&mut self, text: &[u8], into: &mut [u8]) {
        let (mut sent, mut read) = (0, 0);
        while read < text.len() {
            sent +=
                self.client.writer().write(&text[sent..(sent + 16_384).min(text.len())]).unwrap();
            self.up();
            while let Ok(more @ 1..) = self.server.reader().read(&mut into[read..]) {
                read += more;
            }
        }
    }
}

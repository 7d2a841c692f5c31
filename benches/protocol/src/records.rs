//! Sealing and opening: once from end to end for each record.

use std::hint::black_box;

use kontract_protocol::crypto::aead::Cipher;
use kontract_protocol::frame::{Flags, Frame, Kind};
use kontract_protocol::limits::MAX_FRAME;
use kontract_protocol::record::{Opener, Sealer};
use rustls::CipherSuite;

use crate::handshakes::established;
use crate::tls::Configs;
use crate::{Contender, medians};

const SIZES: [(usize, u32, &str); 3] =
    [(256, 20_000, "256 B"), (4096, 5_000, "4 KB"), (1_000_000, 40, "1 MB")];
const CIPHERS: [(Cipher, CipherSuite, &str); 2] = [
    (Cipher::ChaCha20Poly1305, CipherSuite::TLS13_CHACHA20_POLY1305_SHA256, "ChaCha20-Poly1305"),
    (Cipher::Aes256Gcm, CipherSuite::TLS13_AES_256_GCM_SHA384, "AES-256-GCM"),
];

pub fn measure() {
    println!("Records, sealed and opened: thousand a second (MB/s)\n");
    println!("| | raystream | rustls | CPU : rustls |\n|---|--:|--:|--:|");
    for (cipher, suite, name) in CIPHERS {
        for (size, times, shown) in SIZES {
            let text = vec![0x5A; size];
            let times_each =
                medians(&mut [raystream(cipher, &text, times), tls(suite, &text, times)]);
            let [ours, theirs] = times_each[..] else { continue };
            let rate =
                |time: f64| format!("{:.1} ({:.0})", 1e6 / time, text.len() as f64 * 1e3 / time);
            println!(
                "| {name}, {shown} | {} | {} | {:.2} |",
                rate(ours),
                rate(theirs),
                ours / theirs
            );
        }
    }
    println!();
}

fn raystream(cipher: Cipher, text: &[u8], times: u32) -> Contender<'_> {
    let (client, server) = established(cipher);
    let mut sealer = Sealer::new(cipher, client.keys.to_server, u64::MAX, 0).unwrap();
    let mut opener = Opener::new(cipher, server.keys.to_server).unwrap();
    Contender::new(times, move || {
        let frame = sealer.seal(Kind::RpcCall, Flags::NONE, text, 0).unwrap();
        let frame = Frame::read(black_box(&frame), MAX_FRAME, Kind::from_client).unwrap();
        black_box(opener.open(&frame).unwrap());
    })
}

fn tls(suite: CipherSuite, text: &[u8], times: u32) -> Contender<'_> {
    let mut tls = Configs::new(suite, false).connect();
    tls.shake();
    let mut into = vec![0; text.len()];
    Contender::new(times, move || {
        tls.carry(black_box(text), &mut into);
        black_box(&into);
    })
}

//! A peer for the tests of other implementations (`tests/wire`): a client, a server or a POST of this
//! crate, told what to do by lines of JSON on its input, each answered by one line on its output.
//!
//! Every question says what time it is; an answer holds the frames to send, the events, and what the
//! question was about. Bytes are hexadecimal. Random bytes are the same in every run.

mod ask;
mod peer;
mod show;

use std::io::{BufRead, Write, stdin, stdout};

use ask::Ask;
use peer::Peer;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut peer = Peer::default();
    let mut output = stdout().lock();
    for line in stdin().lock().lines() {
        let ask: Ask = serde_json::from_str(&line?)?;
        writeln!(output, "{}", peer.answer(ask)?)?;
        output.flush()?;
    }
    Ok(())
}

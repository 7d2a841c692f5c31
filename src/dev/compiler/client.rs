//! A program that asks the compiler of a run.

use std::{
    io::{self, Write as _},
    net::Shutdown,
    os::unix::net::UnixStream,
    sync::{
        Arc,
        mpsc::{SyncSender, TrySendError, sync_channel},
    },
    thread,
};

use serde_json::Value;

/// Answers wait for a reader that takes its time, so many of them; whoever takes none is left.
#[derive(Clone, Debug)]
pub struct Client {
    answers: SyncSender<Value>,
    stream: Arc<UnixStream>,
}

impl Client {
    pub fn over(stream: UnixStream) -> io::Result<Self> {
        let (answers, told) = sync_channel::<Value>(MOST_ANSWERS);
        let written = stream.try_clone()?;
        thread::Builder::new().name("answers".to_owned()).spawn(move || {
            let mut stream = io::LineWriter::new(written);
            while let Ok(value) = told.recv() {
                if writeln!(stream, "{value}").is_err() {
                    return;
                }
            }
        })?;
        Ok(Self { answers, stream: Arc::new(stream) })
    }

    /// False where it has gone, or was left.
    pub fn tell(&self, answer: Value) -> bool {
        match self.answers.try_send(answer) {
            Ok(()) => true,
            Err(TrySendError::Full(_)) => {
                // It finds that its connection has ended. One that has ended already is as good.
                let _ = self.stream.shutdown(Shutdown::Both);
                false
            }
            Err(TrySendError::Disconnected(_)) => false,
        }
    }
}

const MOST_ANSWERS: usize = 256;

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use std::io::{BufRead as _, BufReader};

    use serde_json::json;

    use super::*;

    #[test]
    fn who_reads_gets_all_answers_and_who_does_not_is_left() {
        let (own, other) = UnixStream::pair().unwrap();
        let client = Client::over(own).unwrap();
        let mut lines = BufReader::new(other).lines();
        for number in 0..2 * MOST_ANSWERS {
            assert!(client.tell(json!(number)));
            assert_eq!(lines.next().unwrap().unwrap(), number.to_string());
        }

        let (own, other) = UnixStream::pair().unwrap();
        let client = Client::over(own).unwrap();
        let answer = json!("x".repeat(10_000));
        let told = (0..10 * MOST_ANSWERS).take_while(|_| client.tell(answer.clone())).count();
        assert!((MOST_ANSWERS..5 * MOST_ANSWERS).contains(&told), "{told}");
        let read = BufReader::new(other).lines().map_while(Result::ok).count();
        assert!(read < told, "{read} of {told}");
    }
}

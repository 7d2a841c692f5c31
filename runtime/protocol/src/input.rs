//! What a program hands in: the time and random bytes.

use crate::Error;

/// Two clocks, read at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Time {
    /// Milliseconds of a clock that never goes back: for timers.
    pub monotonic: u64,
    /// Milliseconds since 1970: for tickets, which other machines open.
    pub unix: u64,
}

/// A source of random bytes that nobody can foretell.
pub trait Random {
    /// Fills `bytes`, or says that the system could not.
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), RandomFailed>;
}

/// The system gave no random bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RandomFailed;

impl<F: FnMut(&mut [u8]) -> Result<(), RandomFailed>> Random for F {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), RandomFailed> {
        self(bytes)
    }
}

impl From<RandomFailed> for Error {
    fn from(RandomFailed: RandomFailed) -> Error {
        Error::NoRandomness
    }
}

pub(crate) fn random_bytes<const N: usize>(random: &mut dyn Random) -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    random.fill(&mut bytes)?;
    Ok(bytes)
}

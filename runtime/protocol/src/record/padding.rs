//! The plaintext of a PADDED record is `message ‖ zeros ‖ u16 BE number of zeros`.

use crate::Misbehaviour;

/// Pads a message so that the plaintext is a multiple of `block` bytes long, with at most 65535
/// zeros.
pub fn pad(message: &[u8], block: usize) -> Vec<u8> {
    let least = message.len().saturating_add(LENGTH);
    let whole = least.checked_next_multiple_of(block).unwrap_or(least);
    let zeros = u16::try_from(whole.saturating_sub(least)).unwrap_or(u16::MAX);
    [message, &vec![0; usize::from(zeros)], &zeros.to_be_bytes()].concat()
}

/// The message of a padded plaintext.
pub fn unpad(plaintext: &[u8]) -> Result<&[u8], Misbehaviour> {
    let (rest, length) =
        plaintext.split_last_chunk::<LENGTH>().ok_or(Misbehaviour::WrongPadding)?;
    let zeros = usize::from(u16::from_be_bytes(*length));
    let end = rest.len().checked_sub(zeros).ok_or(Misbehaviour::WrongPadding)?;
    let (message, padding) = rest.split_at_checked(end).ok_or(Misbehaviour::WrongPadding)?;
    if padding.iter().all(|byte| *byte == 0) {
        Ok(message)
    } else {
        Err(Misbehaviour::WrongPadding)
    }
}

const LENGTH: usize = 2;

//! Damages messages: as a line does, and as somebody does who knows the format.

use std::time::{Duration, Instant};

use crate::Failure;

/// Takes or refuses so many damaged copies of a message; says how many of each, and how long the
/// slowest took.
pub fn attack(message: &[u8], take: impl Fn(&[u8]) -> bool) -> Result<Vec<u8>, Failure> {
    let (count, rest) = message.split_first_chunk().ok_or("an attack without a count")?;
    let (seed, original) = rest.split_first_chunk().ok_or("an attack without a seed")?;
    let mut random = Random(u64::from_le_bytes(*seed));
    let (mut refused, mut taken, mut slowest) = (0, 0, Duration::ZERO);
    for _ in 0..u64::from_le_bytes(*count) {
        let damaged = damaged(original, &mut random);
        let start = Instant::now();
        if take(&damaged) {
            taken += 1;
        } else {
            refused += 1;
        }
        slowest = slowest.max(start.elapsed());
    }
    Ok(format!("{refused} {taken} {}", slowest.as_micros()).into_bytes())
}

fn damaged(original: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = original.to_vec();
    for _ in 0..random.pick(&[1, 1, 1, 2, 3, 8]) {
        match random.below(28) {
            0..4 => flip_bits(&mut bytes, random),
            4..8 => set_byte(&mut bytes, random),
            8 => bytes.truncate(random.below(bytes.len() + 1)),
            9 => extend(&mut bytes, random),
            10..12 => shift(&mut bytes, random),
            12..17 => set_word(&mut bytes, random),
            17..21 => set_short(&mut bytes, random),
            21..25 => retarget(&mut bytes, random),
            _ => copy_within(&mut bytes, random),
        }
    }
    bytes
}

fn flip_bits(bytes: &mut [u8], random: &mut Random) {
    for _ in 0..=random.below(4) {
        if let Some(byte) = random.some(bytes) {
            *byte ^= 1 << random.below(8);
        }
    }
}

fn set_byte(bytes: &mut [u8], random: &mut Random) {
    if let Some(byte) = random.some(bytes) {
        *byte = random.pick(&[0, 1, 2, 3, 4, 8, 16, 64, 127, 128, 255, b'"', b'\\', b'[', b'{']);
    }
}

fn extend(bytes: &mut Vec<u8>, random: &mut Random) {
    for _ in 0..=random.below(40) {
        bytes.push(random.bits().to_le_bytes()[0]);
    }
}

/// Removes or doubles a stretch, so that everything behind it moves.
fn shift(bytes: &mut Vec<u8>, random: &mut Random) {
    let from = random.below(bytes.len() + 1);
    let to = bytes.len().min(from + random.pick(&[1, 2, 4, 8, 12]));
    if random.below(2) == 0 {
        bytes.drain(from..to);
    } else {
        bytes.splice(to..to, bytes[from..to].to_vec());
    }
}

/// Writes a number where a length or an offset may stand.
fn set_word(bytes: &mut [u8], random: &mut Random) {
    let Some(at) = random.place(bytes, 4) else { return };
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    let here = u32::try_from(at).unwrap_or(u32::MAX);
    let word = match random.below(12) {
        0 => 0,
        1 => 1,
        2 => u32::MAX,
        3 => i32::MAX.cast_unsigned(),
        4 => 0x8000_0000,
        5 => 0x2000_0000,
        6 => length,
        7 => length.wrapping_sub(here),
        8 => length.wrapping_sub(here + 4),
        9 => here.wrapping_neg(),
        10 => random.bits().to_le_bytes()[0].into(),
        _ => {
            u32::from_le_bytes(chunk(bytes, at)).wrapping_add(random.bits().to_le_bytes()[0].into())
        }
    };
    bytes[at..at + 4].copy_from_slice(&word.to_le_bytes());
}

/// Writes one where an entry of a vtable may stand.
fn set_short(bytes: &mut [u8], random: &mut Random) {
    let Some(at) = random.place(bytes, 2) else { return };
    let near = u16::from_le_bytes(chunk(bytes, at)).wrapping_add(random.pick(&[1, 2, 4, 0xfffe]));
    let short = random.pick(&[0, 2, 3, 4, 6, 8, 12, 0xffff, 0x8000, near]);
    bytes[at..at + 2].copy_from_slice(&short.to_le_bytes());
}

/// Makes an offset lead to where another one leads: shared, or a circle.
fn retarget(bytes: &mut [u8], random: &mut Random) {
    let target = |at: usize| at + u32::from_le_bytes(chunk(bytes, at)) as usize;
    let places = (0..bytes.len().saturating_sub(3)).step_by(4);
    let offsets: Vec<usize> =
        places.filter(|at| (at + 1..bytes.len()).contains(&target(*at))).collect();
    if offsets.is_empty() {
        return;
    }
    let at = random.pick(&offsets);
    let other = random.pick(&offsets);
    let to = random.pick(&[target(other), other, at, 0]);
    let offset = u32::try_from(to).unwrap_or(u32::MAX).wrapping_sub(u32::try_from(at).unwrap_or(0));
    bytes[at..at + 4].copy_from_slice(&offset.to_le_bytes());
}

fn copy_within(bytes: &mut [u8], random: &mut Random) {
    let length = random.pick(&[4, 8, 16]).min(bytes.len());
    let from = random.below(bytes.len() - length + 1);
    let to = random.below(bytes.len() - length + 1);
    bytes.copy_within(from..from + length, to);
}

fn chunk<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes[at..].first_chunk().copied().unwrap_or([0; N])
}

/// `SplitMix64`.
struct Random(u64);

impl Random {
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.bits() % limit.max(1) as u64).unwrap_or(0)
    }

    fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }

    fn some<'b>(&mut self, bytes: &'b mut [u8]) -> Option<&'b mut u8> {
        let at = self.below(bytes.len());
        bytes.get_mut(at)
    }

    fn place(&mut self, bytes: &[u8], width: usize) -> Option<usize> {
        let places = (bytes.len() + 1).checked_sub(width).filter(|places| *places > 0)?;
        Some(self.below(places) / width * width)
    }
}

//! raystream beside TLS 1.3 (rustls), both on ring, in one thread and without sockets: records,
//! handshakes, and what a call costs. Medians of rounds that take turns.

mod calls;
mod handshakes;
mod records;
mod tls;

use std::time::{Duration, Instant};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How often everything is measured.
const ROUNDS: usize = 9;

/// Something that is done a number of times in every round.
struct Contender<'a> {
    times: u32,
    /// Does it once, and returns what of it counts.
    once: Box<dyn FnMut() -> Duration + 'a>,
}

impl<'a> Contender<'a> {
    /// All that it does counts.
    fn new(times: u32, mut once: impl FnMut() + 'a) -> Self {
        Contender::part(times, move || {
            let started = Instant::now();
            once();
            started.elapsed()
        })
    }

    fn part(times: u32, once: impl FnMut() -> Duration + 'a) -> Self {
        Contender { times, once: Box::new(once) }
    }

    fn nanoseconds(&mut self) -> f64 {
        let all: Duration = (0..self.times).map(|_| (self.once)()).sum();
        all.as_secs_f64() * 1e9 / f64::from(self.times)
    }
}

/// The median nanoseconds of each, after a round that only warms up.
fn medians(contenders: &mut [Contender]) -> Vec<f64> {
    let mut rounds = vec![Vec::new(); contenders.len()];
    for round in 0..=ROUNDS {
        for (contender, times) in contenders.iter_mut().zip(&mut rounds) {
            let time = contender.nanoseconds();
            if round > 0 {
                times.push(time);
            }
        }
    }
    rounds
        .into_iter()
        .map(|mut times| {
            times.sort_by(f64::total_cmp);
            times[times.len() / 2]
        })
        .collect()
}

fn main() {
    records::measure();
    handshakes::measure();
    calls::measure();
}

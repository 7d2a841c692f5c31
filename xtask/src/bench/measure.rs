//! What one run of a command took.

use std::{
    io,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// Processor time counts all threads and children, in user and kernel mode.
#[derive(Clone, Copy)]
pub struct Run {
    pub cpu: Duration,
    pub wall: Duration,
}

pub fn run(command: &mut Command) -> io::Result<Run> {
    let before = children()?;
    let started = Instant::now();
    let output = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).output();
    let wall = started.elapsed();
    let cpu = children()?.saturating_sub(before);
    let output = output?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        return Err(io::Error::other(format!("{}\n{text}", output.status)));
    }
    Ok(Run { cpu, wall })
}

/// The processor time of all children that have ended.
#[cfg(unix)]
fn children() -> io::Result<Duration> {
    use nix::sys::{
        resource::{UsageWho, getrusage},
        time::TimeValLike,
    };

    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let microseconds = (usage.user_time() + usage.system_time()).num_microseconds();
    Ok(Duration::from_micros(u64::try_from(microseconds).unwrap_or_default()))
}

#[cfg(not(unix))]
fn children() -> io::Result<Duration> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "processor time is measured on Unix only"))
}

/// Of an odd number of runs the middle one, else the later of the two.
pub fn median(values: impl Iterator<Item = Duration>) -> Duration {
    let mut values: Vec<Duration> = values.collect();
    values.sort();
    values.get(values.len() / 2).copied().unwrap_or_default()
}

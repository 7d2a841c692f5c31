//! Processor time of threads. On a busy machine a thread may wait for long without being at fault.

use std::time::{Duration, Instant};

/// The processor time that this thread has used.
pub fn thread_time() -> Duration {
    #[cfg(unix)]
    {
        use rustix::time::{ClockId, clock_gettime};
        let time = clock_gettime(ClockId::ThreadCPUTime);
        let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
        Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or_default())
    }
    #[cfg(not(unix))]
    START.elapsed()
}

/// A thread, as another one can look at it.
#[derive(Clone, Copy, Debug)]
pub struct ThreadId(#[cfg(target_os = "linux")] i32);

impl ThreadId {
    pub fn current() -> Self {
        Self(
            #[cfg(target_os = "linux")]
            rustix::thread::gettid().as_raw_nonzero().get(),
        )
    }

    /// The processor time that the thread has used; what has passed where the system does not tell.
    pub fn time(self) -> Duration {
        #[cfg(target_os = "linux")]
        if let Some(time) = schedule(self.0) {
            return time;
        }
        START.elapsed()
    }

    /// Lets the thread run when nothing else wants its processor, where the system knows how.
    pub fn yield_to_others(self) {
        #[cfg(target_os = "linux")]
        {
            let thread = rustix::process::Pid::from_raw(self.0);
            // What Linux calls a process here is a thread.
            let _ = rustix::process::setpriority_process(thread, LOWEST_PRIORITY);
        }
    }
}

#[cfg(target_os = "linux")]
const LOWEST_PRIORITY: i32 = 19;

#[cfg(target_os = "linux")]
fn schedule(thread: i32) -> Option<Duration> {
    let text = std::fs::read_to_string(format!("/proc/self/task/{thread}/schedstat")).ok()?;
    text.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}

static START: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);

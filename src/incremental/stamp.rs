//! What the system says of a file without reading it.

use std::{
    fs::Metadata,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};

/// Two equal stamps of a path mean the same bytes, if the first of them is settled.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Stamp {
    size: u64,
    /// Since 1970.
    modified: Duration,
    /// When anything about the file changed; no program can set it. Unix only.
    changed: Duration,
    device: u64,
    inode: u64,
}

impl Stamp {
    pub fn of(metadata: &Metadata) -> Self {
        let since = |time: SystemTime| time.duration_since(UNIX_EPOCH).unwrap_or_default();
        let modified = metadata.modified().map(since).unwrap_or_default();
        #[cfg(unix)]
        let (changed, device, inode) = {
            use std::os::unix::fs::MetadataExt;
            let seconds = u64::try_from(metadata.ctime()).unwrap_or_default();
            let nanoseconds = u32::try_from(metadata.ctime_nsec()).unwrap_or_default();
            (Duration::new(seconds, nanoseconds), metadata.dev(), metadata.ino())
        };
        #[cfg(not(unix))]
        let (changed, device, inode) = (Duration::ZERO, 0, 0);
        Self { size: metadata.len(), modified, changed, device, inode }
    }

    /// A change after `now` gets another stamp. Until then a file may change within one tick of
    /// the file system's clock, and look as it did before.
    pub fn is_settled(&self, now: SystemTime) -> bool {
        let last = self.modified.max(self.changed);
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        last + tick(last) < now
    }

    /// The file system counts in whole seconds, or two.
    pub fn is_coarse(&self) -> bool {
        self.modified.max(self.changed).subsec_nanos() == 0
    }
}

/// At most how long a clock stands that shows this time. Kernels count in hundredths of a second
/// at the least.
fn tick(time: Duration) -> Duration {
    if time.subsec_nanos() == 0 { Duration::from_secs(2) } else { Duration::from_millis(50) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(modified: Duration) -> Stamp {
        Stamp { size: 1, modified, changed: Duration::ZERO, device: 1, inode: 1 }
    }

    #[test]
    fn a_stamp_is_settled_when_the_file_systems_clock_has_gone_on() {
        let time = Duration::from_nanos(1_700_000_000_123_456_789);
        let at = |later| UNIX_EPOCH + time + Duration::from_millis(later);
        assert!(!stamp(time).is_settled(at(0)));
        assert!(!stamp(time).is_settled(at(50)));
        assert!(stamp(time).is_settled(at(51)));
        let whole = Duration::from_secs(1_700_000_000);
        assert!(!stamp(whole).is_settled(UNIX_EPOCH + whole + Duration::from_secs(2)));
        assert!(stamp(whole).is_settled(UNIX_EPOCH + whole + Duration::from_millis(2001)));
        // The clock was set back.
        assert!(!stamp(time).is_settled(UNIX_EPOCH + Duration::from_secs(1)));
    }
}

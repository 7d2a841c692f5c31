//! What builds found out about files, on the disk and in memory: [`Recall`].
//!
//! On the disk it is a log: what is new is added at its end, and what nobody asks for any more is
//! left out when it has grown to twice of what is needed. Its head says how long it is, so that
//! what a build that was killed had added counts for nothing.
//!
//! ```text
//! identity (32 bytes) · length (u64) · entries: subject (u8) · length of name (u32) · length of
//! findings (u32) · key (32 bytes) · check (8 bytes of SHA-256 of all others) · name · findings
//! ```

use std::{
    collections::BTreeMap,
    fs, io,
    io::{Read, Seek, SeekFrom, Write},
    ops::Range,
    path::Path,
    sync::{
        Arc, RwLock,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use sha2::{Digest as _, Sha256};

use super::notes::Digest;
use crate::pipeline::recall::{Key, Recall, Subject};

type Name = (Subject, String);

#[derive(Debug, Default)]
pub struct Facts {
    entries: RwLock<BTreeMap<Name, Entry>>,
    /// Bytes of the log that are known and undamaged.
    length: usize,
    is_damaged: AtomicBool,
    extracted: AtomicUsize,
    printed: AtomicUsize,
}

#[derive(Debug)]
struct Entry {
    /// Of a whole entry as the log holds it.
    bytes: Arc<[u8]>,
    range: Range<usize>,
    is_logged: bool,
    /// Its bytes are those that were kept.
    is_whole: AtomicBool,
    /// The last build asked for it.
    is_used: AtomicBool,
}

impl Entry {
    fn bytes(&self) -> &[u8] {
        &self.bytes[self.range.clone()]
    }

    fn key(&self) -> &[u8] {
        &self.bytes()[KEY]
    }

    /// None where it is damaged.
    fn findings(&self, name: &str) -> Option<&[u8]> {
        let bytes = self.bytes();
        if !self.is_whole.load(Ordering::Relaxed) {
            (bytes[CHECK] == check(bytes)).then_some(())?;
            self.is_whole.store(true, Ordering::Relaxed);
        }
        Some(&bytes[HEAD + name.len()..])
    }
}

impl Facts {
    /// What a log says, as far as it can be read; a log of another compiler says nothing.
    pub fn read(path: &Path, identity: &Digest) -> io::Result<Self> {
        let log: Arc<[u8]> = fs::read(path)?.into();
        let mut facts = Self::default();
        let Some((head, _)) = log.split_at_checked(LOG_HEAD) else {
            return Err(io::ErrorKind::UnexpectedEof.into());
        };
        if head[..32] != identity[..] {
            return Ok(facts);
        }
        let length = number(&head[32..]);
        if length > log.len() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut entries = BTreeMap::new();
        let mut at = LOG_HEAD;
        while at < length {
            let (name, end) = read_entry(&log[..length], at).ok_or(io::ErrorKind::InvalidData)?;
            let entry = Entry {
                bytes: Arc::clone(&log),
                range: at..end,
                is_logged: true,
                is_whole: AtomicBool::new(false),
                is_used: AtomicBool::new(false),
            };
            entries.insert(name, entry);
            at = end;
        }
        facts.entries = RwLock::new(entries);
        facts.length = length;
        Ok(facts)
    }

    /// Brings the log up to date. Whoever reads it meanwhile finds what it said before.
    pub fn write(&mut self, path: &Path, identity: &Digest) -> io::Result<()> {
        let entries = self.entries.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner);
        entries.retain(|_, entry| *entry.is_used.get_mut() || entry.is_logged);
        let used = entries.values().filter(|entry| entry.is_used.load(Ordering::Relaxed));
        let needed: usize = used.map(|entry| entry.range.len()).sum();
        let fresh: usize = entries.values().filter(|e| !e.is_logged).map(|e| e.range.len()).sum();
        if fresh == 0 && self.length > 0 {
            return Ok(());
        }
        if self.length == 0 || self.length + fresh > 2 * needed + SMALL {
            entries.retain(|_, entry| *entry.is_used.get_mut());
            self.length = write_all(path, identity, entries)?;
        } else {
            self.length = append(path, self.length, entries)?;
        }
        entries.values_mut().for_each(|entry| entry.is_logged = true);
        Ok(())
    }

    /// Adds to a log that nobody has read what it does not hold; nothing where it is another
    /// compiler's, or cut off.
    pub fn add_to(&mut self, path: &Path, identity: &Digest) -> io::Result<()> {
        let mut head = [0; LOG_HEAD];
        let mut file = fs::File::open(path)?;
        file.read_exact(&mut head)?;
        let is_whole = number(&head[32..]) as u64 <= file.metadata()?.len();
        if head[..32] != identity[..] || !is_whole {
            return Ok(());
        }
        let entries = self.entries.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner);
        append(path, number(&head[32..]), entries).map(drop)
    }

    /// Another process has written a log of its own.
    pub fn unlog(&mut self) {
        self.length = 0;
        let entries = self.entries.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner);
        entries.values_mut().for_each(|entry| entry.is_logged = false);
    }

    /// Begins another build: how much is found out anew is counted, and what is asked for noted.
    pub fn begin(&self) {
        self.count_anew();
        for entry in self.entries().values() {
            entry.is_used.store(false, Ordering::Relaxed);
        }
    }

    pub fn count_anew(&self) {
        self.extracted.store(0, Ordering::Relaxed);
        self.printed.store(0, Ordering::Relaxed);
        self.is_damaged.store(false, Ordering::Relaxed);
    }

    /// How many contracts and modules were made since then.
    pub fn made(&self) -> (usize, usize) {
        (self.extracted.load(Ordering::Relaxed), self.printed.load(Ordering::Relaxed))
    }

    /// What was found is needed still.
    pub fn touch(&self, subject: Subject, name: &str) {
        if let Some(entry) = self.entries().get(&(subject, name.to_owned())) {
            entry.is_used.store(true, Ordering::Relaxed);
        }
    }

    /// What the last build found, or asked for.
    pub fn used(&self, subject: Subject, name: &str) -> Option<Vec<u8>> {
        let entries = self.entries();
        let entry = entries.get(&(subject, name.to_owned()))?;
        entry.is_used.load(Ordering::Relaxed).then_some(())?;
        entry.findings(name).map(<[u8]>::to_vec)
    }

    pub fn is_damaged(&self) -> bool {
        self.is_damaged.load(Ordering::Relaxed)
    }

    fn entries(&self) -> std::sync::RwLockReadGuard<'_, BTreeMap<Name, Entry>> {
        self.entries.read().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Recall for Facts {
    fn find(&self, subject: Subject, name: &str, key: &Key) -> Option<Vec<u8>> {
        let entries = self.entries();
        let entry = entries.get(&(subject, name.to_owned()))?;
        if entry.key() != key {
            return None;
        }
        let found = entry.findings(name);
        if found.is_none() {
            self.is_damaged.store(true, Ordering::Relaxed);
        }
        let found = found?.to_vec();
        entry.is_used.store(true, Ordering::Relaxed);
        Some(found)
    }

    fn keep(&self, subject: Subject, name: &str, key: &Key, found: Vec<u8>) {
        match subject {
            Subject::Contract => self.extracted.fetch_add(1, Ordering::Relaxed),
            Subject::Module => self.printed.fetch_add(1, Ordering::Relaxed),
            Subject::Literals => 0,
        };
        let Some(bytes) = entry(subject, name, key, &found) else { return };
        let entry = Entry {
            range: 0..bytes.len(),
            bytes: bytes.into(),
            is_logged: false,
            is_whole: AtomicBool::new(true),
            is_used: AtomicBool::new(true),
        };
        let mut entries = self.entries.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        entries.insert((subject, name.to_owned()), entry);
    }
}

/// None where it is too large.
fn entry(subject: Subject, name: &str, key: &Key, found: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = vec![subject as u8];
    bytes.extend(u32::try_from(name.len()).ok()?.to_le_bytes());
    bytes.extend(u32::try_from(found.len()).ok()?.to_le_bytes());
    bytes.extend(key);
    bytes.extend([0; 8]);
    bytes.extend(name.as_bytes());
    bytes.extend(found);
    let check = check(&bytes);
    bytes[CHECK].copy_from_slice(&check);
    Some(bytes)
}

/// The entry that begins at `at`, and where it ends.
fn read_entry(log: &[u8], at: usize) -> Option<(Name, usize)> {
    let head = log.get(at..at + HEAD)?;
    let subject = *SUBJECTS.get(usize::from(head[0]))?;
    let length = |range: Range<usize>| {
        let bytes: [u8; 4] = head[range].try_into().ok()?;
        usize::try_from(u32::from_le_bytes(bytes)).ok()
    };
    let (name, found) = (length(1..5)?, length(5..9)?);
    let end = at.checked_add(HEAD)?.checked_add(name)?.checked_add(found)?;
    let text = log.get(at + HEAD..at + HEAD + name)?;
    (end <= log.len()).then_some(())?;
    Some(((subject, std::str::from_utf8(text).ok()?.to_owned()), end))
}

fn check(entry: &[u8]) -> [u8; 8] {
    let mut hasher = Sha256::new();
    hasher.update(&entry[..CHECK.start]);
    hasher.update(&entry[CHECK.end..]);
    let digest: Digest = hasher.finalize().into();
    let mut check = [0; 8];
    check.copy_from_slice(&digest[..8]);
    check
}

fn write_all(
    path: &Path,
    identity: &Digest,
    entries: &mut BTreeMap<Name, Entry>,
) -> io::Result<usize> {
    let length: usize = LOG_HEAD + entries.values().map(|entry| entry.range.len()).sum::<usize>();
    let mut log = Vec::with_capacity(length);
    log.extend(identity);
    log.extend((length as u64).to_le_bytes());
    for entry in entries.values() {
        log.extend(entry.bytes());
    }
    super::store::replace(path, &log)?;
    // What is left out must not stay in memory either.
    let log: Arc<[u8]> = log.into();
    let mut at = LOG_HEAD;
    for entry in entries.values_mut() {
        let end = at + entry.range.len();
        entry.bytes = Arc::clone(&log);
        entry.range = at..end;
        at = end;
    }
    Ok(length)
}

fn append(path: &Path, length: usize, entries: &BTreeMap<Name, Entry>) -> io::Result<usize> {
    let mut file = fs::OpenOptions::new().write(true).open(path)?;
    let mut bytes = Vec::new();
    for entry in entries.values().filter(|entry| !entry.is_logged) {
        bytes.extend(entry.bytes());
    }
    // What a build that was killed left behind.
    file.set_len(length as u64)?;
    file.seek(SeekFrom::Start(length as u64))?;
    file.write_all(&bytes)?;
    let length = length + bytes.len();
    file.seek(SeekFrom::Start(32))?;
    file.write_all(&(length as u64).to_le_bytes())?;
    Ok(length)
}

fn number(bytes: &[u8]) -> usize {
    let mut number = [0; 8];
    number.copy_from_slice(&bytes[..8]);
    usize::try_from(u64::from_le_bytes(number)).unwrap_or(usize::MAX)
}

const SUBJECTS: [Subject; 3] = [Subject::Contract, Subject::Module, Subject::Literals];
const LOG_HEAD: usize = 40;
const KEY: Range<usize> = 9..41;
const CHECK: Range<usize> = 41..49;
const HEAD: usize = 49;
/// A log of this size is not worth to be written again.
const SMALL: usize = 1 << 20;

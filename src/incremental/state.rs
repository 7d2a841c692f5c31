//! A good build, and all that it went by.

use std::{
    collections::BTreeMap,
    io,
    ops::{Deref, DerefMut},
    sync::OnceLock,
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::{Digest as _, Sha256};

use super::{
    Outcome,
    manifest::Head,
    notes::{Digest, Notes},
    slices::At,
    stamp::Stamp,
};
use crate::model::{
    SourcePath,
    diagnostic::Diagnostic,
    place::{Place, Role},
};

#[derive(Debug, Serialize, Deserialize)]
pub struct State {
    /// Of what was kept of it, edits since then left out.
    #[serde(skip)]
    pub check: Check,
    /// Of the settings, but for those in files.
    pub settings: Digest,
    #[serde(skip)]
    pub notes: Notes,
    /// By path.
    #[serde(skip)]
    pub outputs: Vec<Made>,
    #[serde(skip)]
    pub sources: Lazy<Sources>,
    pub modules: usize,
    pub diagnostics: Vec<Diagnostic>,
    /// Of the manifest, as far as it is known.
    pub manifest: Option<Head>,
    /// Strings that stand in client files and must not become those of server code.
    pub unexplained: Vec<String>,
    pub routes: usize,
    pub hash: String,
    /// What databases go through, where it was of importance.
    pub migrations: Vec<String>,
    /// Of `cache.json`, as it was left.
    pub index: Option<Stamp>,
}

pub type Sources = BTreeMap<SourcePath, Source>;

/// A file that the build made.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Made {
    /// In the project.
    pub path: String,
    /// SHA-256 in hexadecimal.
    pub hash: String,
    /// None where the file system's clock is too coarse to go by.
    pub stamp: Option<Stamp>,
    /// A list of outputs, which is no output itself.
    pub is_record: bool,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Source {
    pub digest: Option<Digest>,
    pub dependencies: Vec<SourcePath>,
    pub role: Option<Role>,
    /// In the project.
    pub client: Option<String>,
    pub server: Option<String>,
    /// What an edit of it alone has to know.
    pub slice: Option<At>,
}

impl State {
    /// What it comes to, but for what was done for it.
    pub fn tell(&self, outcome: &mut Outcome, places: bool) {
        outcome.routes = self.routes;
        outcome.modules = self.modules;
        outcome.hash.clone_from(&self.hash);
        outcome.diagnostics.clone_from(&self.diagnostics);
        if places {
            let place = |(file, source): (&SourcePath, &Source)| {
                let Source { client, server, .. } = source.clone();
                Some(Place { source: file.clone(), role: source.role?, client, server })
            };
            outcome.places = self.sources.iter().filter_map(place).collect();
        }
    }

    /// `each part: length (u64) · SHA-256 of what follows (8 bytes of it) · bytes`
    pub fn encode(&mut self) -> io::Result<Vec<u8>> {
        let ((own, notes), (outputs, sources)) = rayon::join(
            || (encode(self), encode(&self.notes)),
            || (encode(&self.outputs), self.sources.encode()),
        );
        let mut bytes = Vec::new();
        let mut checks = Vec::new();
        for part in [own?, notes?, outputs?, sources?] {
            checks.extend(check(&part));
            bytes.extend((part.len() as u64).to_le_bytes());
            bytes.extend(check(&part));
            bytes.extend(part);
        }
        self.check = check(&checks);
        Ok(bytes)
    }

    /// None where it is another form; an error says what is wrong with the bytes.
    pub fn decode(mut bytes: &[u8]) -> Result<Option<Self>, &'static str> {
        let mut part = || -> Result<Part<'_>, &'static str> {
            let head = bytes.split_at_checked(16).ok_or("it is cut off")?;
            let mut length = [0; 8];
            length.copy_from_slice(&head.0[..8]);
            let length = usize::try_from(u64::from_le_bytes(length)).unwrap_or(usize::MAX);
            let (part, rest) = head.1.split_at_checked(length).ok_or("it is cut off")?;
            bytes = rest;
            Ok(Part { check: &head.0[8..], bytes: part })
        };
        let [own, notes, outputs, sources] = [part()?, part()?, part()?, part()?];
        let checks = [&own, &notes, &outputs, &sources].map(|part| part.check).concat();
        let ((own, notes), (outputs, sources)) = rayon::join(
            || (own.decode::<Self>(), notes.decode()),
            || (outputs.decode(), sources.whole().map(Lazy::encoded)),
        );
        let (own, notes, outputs, sources) = (own?, notes?, outputs?, sources?);
        let (Some(own), Some(notes), Some(outputs)) = (own, notes, outputs) else {
            return Ok(None);
        };
        Ok(Some(Self { check: check(&checks), notes, outputs, sources, ..own }))
    }
}

struct Part<'a> {
    check: &'a [u8],
    bytes: &'a [u8],
}

impl<'a> Part<'a> {
    fn whole(&self) -> Result<&'a [u8], &'static str> {
        (check(self.bytes) == self.check).then_some(self.bytes).ok_or("its bytes have changed")
    }

    fn decode<T: DeserializeOwned>(&self) -> Result<Option<T>, &'static str> {
        Ok(postcard::from_bytes(self.whole()?).ok())
    }
}

fn encode<T: Serialize>(value: &T) -> io::Result<Vec<u8>> {
    postcard::to_allocvec(value).map_err(io::Error::other)
}

/// Of bytes: the first ones of their SHA-256.
pub type Check = [u8; 8];

pub fn check(bytes: &[u8]) -> Check {
    let mut check = [0; 8];
    check.copy_from_slice(&Sha256::digest(bytes)[..8]);
    check
}

/// What is decoded when it is looked at first.
#[derive(Debug, Default)]
pub struct Lazy<T> {
    /// Of what has not changed since.
    encoded: Option<Vec<u8>>,
    value: OnceLock<T>,
}

impl<T: Serialize + DeserializeOwned + Default> Lazy<T> {
    pub fn new(value: T) -> Self {
        Self { encoded: None, value: value.into() }
    }

    fn encoded(bytes: &[u8]) -> Self {
        Self { encoded: Some(bytes.to_owned()), value: OnceLock::new() }
    }

    fn encode(&self) -> io::Result<Vec<u8>> {
        self.encoded.clone().map_or_else(|| encode(&**self), Ok)
    }
}

impl<T: DeserializeOwned + Default> Deref for Lazy<T> {
    type Target = T;

    fn deref(&self) -> &T {
        let decode = || postcard::from_bytes(self.encoded.as_deref()?).ok();
        self.value.get_or_init(|| decode().unwrap_or_default())
    }
}

impl<T: DeserializeOwned + Default> DerefMut for Lazy<T> {
    fn deref_mut(&mut self) -> &mut T {
        let _: &T = self;
        self.encoded = None;
        self.value.get_mut().expect("it has been looked at")
    }
}

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::{Entry, Files, Kind};

/// A file system in memory. A Windows one ignores case and takes `C:\app` as well as `C:/app`;
/// it answers in the second form, which `Path` understands on every system.
#[derive(Debug)]
pub struct Memory {
    windows: bool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    nodes: BTreeMap<String, Node>,
    /// Every operation on these paths fails in this way.
    failures: BTreeMap<String, io::ErrorKind>,
}

#[derive(Clone, Debug)]
struct Node {
    /// With the letter case it was made with.
    path: String,
    content: Content,
}

#[derive(Clone, Debug)]
enum Content {
    File(Vec<u8>),
    Folder,
    Link(String),
}

enum Step {
    Found(Node),
    /// The path after a link on it was followed.
    Link(String),
}

/// Longer chains of links are loops, as on Linux.
const MOST_LINKS: usize = 40;

impl Memory {
    pub fn unix<P: AsRef<str>, T: AsRef<[u8]>>(files: impl IntoIterator<Item = (P, T)>) -> Self {
        Self::new(false, files)
    }

    pub fn windows<P: AsRef<str>, T: AsRef<[u8]>>(files: impl IntoIterator<Item = (P, T)>) -> Self {
        Self::new(true, files)
    }

    fn new<P: AsRef<str>, T: AsRef<[u8]>>(
        windows: bool,
        files: impl IntoIterator<Item = (P, T)>,
    ) -> Self {
        let memory = Self { windows, state: Mutex::default() };
        for (path, bytes) in files {
            memory.put(path.as_ref(), Content::File(bytes.as_ref().to_vec()));
        }
        memory
    }

    /// Adds or replaces a file.
    pub fn add(&self, path: &str, bytes: impl AsRef<[u8]>) {
        self.put(path, Content::File(bytes.as_ref().to_vec()));
    }

    /// Adds a symbolic link; a relative target starts at the link's folder.
    pub fn link(&self, path: &str, target: &str) {
        self.put(path, Content::Link(target.to_owned()));
    }

    /// From now on every operation on `path` fails.
    pub fn fail(&self, path: &str, error: io::ErrorKind) {
        let key = self.key(&self.spell(Path::new(path)));
        self.state().failures.insert(key, error);
    }

    /// Ends what `fail` began.
    pub fn mend(&self, path: &str) {
        let key = self.key(&self.spell(Path::new(path)));
        self.state().failures.remove(&key);
    }

    /// All files with their text, sorted by path.
    pub fn texts(&self) -> Vec<(String, String)> {
        let state = self.state();
        let files = state.nodes.values().filter_map(|node| match &node.content {
            Content::File(bytes) => {
                Some((node.path.clone(), String::from_utf8_lossy(bytes).into_owned()))
            }
            _ => None,
        });
        files.collect()
    }

    fn put(&self, path: &str, content: Content) {
        let path = self.spell(Path::new(path));
        let mut state = self.state();
        for folder in folders(&path) {
            state
                .nodes
                .entry(self.key(folder))
                .or_insert_with(|| Node { path: folder.to_owned(), content: Content::Folder });
        }
        state.nodes.insert(self.key(&path), Node { path: path.clone(), content });
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `C:\app\.\src\..\a.ts` → `C:/app/a.ts`.
    fn spell(&self, path: &Path) -> String {
        let mut text = path.to_string_lossy().into_owned();
        if self.windows {
            text = text.replace('\\', "/");
        }
        let mut parts: Vec<&str> = Vec::new();
        for part in text.split('/') {
            match part {
                "" | "." => {}
                ".." => drop(parts.pop()),
                part => parts.push(part),
            }
        }
        if self.windows { parts.join("/") } else { format!("/{}", parts.join("/")) }
    }

    fn key(&self, path: &str) -> String {
        if self.windows { path.to_lowercase() } else { path.to_owned() }
    }

    /// Follows the links in all parts of the path, the last one only where `follow` says so.
    fn resolve(&self, path: &Path, follow: bool) -> io::Result<Node> {
        let mut path = self.spell(path);
        for _ in 0..MOST_LINKS {
            match self.step(&path, follow)? {
                Step::Found(node) => return Ok(node),
                Step::Link(target) => path = target,
            }
        }
        Err(io::Error::other("too many levels of symbolic links"))
    }

    fn step(&self, path: &str, follow: bool) -> io::Result<Step> {
        let state = self.state();
        for part in folders(path).chain([path]) {
            let key = self.key(part);
            if let Some(error) = state.failures.get(&key) {
                return Err((*error).into());
            }
            let node = state.nodes.get(&key).ok_or(io::ErrorKind::NotFound)?;
            let last = part.len() == path.len();
            match &node.content {
                Content::Link(target) if follow || !last => {
                    let rest = &path[part.len()..];
                    let drive = self.windows && target.as_bytes().get(1) == Some(&b':');
                    let target = if drive || target.starts_with('/') {
                        format!("{target}{rest}")
                    } else {
                        let folder = part.rsplit_once('/').map_or("", |(folder, _)| folder);
                        format!("{folder}/{target}{rest}")
                    };
                    return Ok(Step::Link(self.spell(Path::new(&target))));
                }
                Content::File(_) if !last => return Err(io::ErrorKind::NotADirectory.into()),
                _ if last => return Ok(Step::Found(node.clone())),
                _ => {}
            }
        }
        Err(io::ErrorKind::NotFound.into())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let path = self.resolve(path, false)?.path;
        self.state().nodes.remove(&self.key(&path));
        Ok(())
    }
}

impl Files for Memory {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        match self.resolve(path, true)?.content {
            Content::File(bytes) => Ok(bytes),
            _ => Err(io::ErrorKind::IsADirectory.into()),
        }
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<bool> {
        match self.resolve(path, false) {
            Ok(Node { content: Content::File(found), .. }) if found == bytes => return Ok(false),
            Ok(Node { content: Content::Folder, .. }) => {
                return Err(io::ErrorKind::IsADirectory.into());
            }
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let path = self.spell(path);
        // Links among the folders lead elsewhere.
        let target = match path.rsplit_once('/') {
            Some((folder, name)) => match self.resolve(Path::new(folder), true) {
                Ok(node) => format!("{}/{name}", node.path),
                Err(error) if error.kind() == io::ErrorKind::NotFound => path,
                Err(error) => return Err(error),
            },
            None => path,
        };
        self.put(&target, Content::File(bytes.to_vec()));
        Ok(true)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        match self.resolve(path, false)?.content {
            Content::Folder => Err(io::ErrorKind::IsADirectory.into()),
            _ => self.remove(path),
        }
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        if self.list(path)?.is_empty() {
            self.remove(path)
        } else {
            Err(io::ErrorKind::DirectoryNotEmpty.into())
        }
    }

    fn kind(&self, path: &Path) -> io::Result<Kind> {
        self.resolve(path, true).map(|node| node.content.kind())
    }

    fn link_kind(&self, path: &Path) -> io::Result<Kind> {
        self.resolve(path, false).map(|node| node.content.kind())
    }

    fn read_link(&self, path: &Path) -> io::Result<PathBuf> {
        match self.resolve(path, false)?.content {
            Content::Link(target) => Ok(PathBuf::from(target)),
            _ => Err(io::ErrorKind::InvalidInput.into()),
        }
    }

    fn canonicalize(&self, path: &Path) -> io::Result<PathBuf> {
        self.resolve(path, true).map(|node| PathBuf::from(node.path))
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<Entry>> {
        let node = self.resolve(folder, true)?;
        if !matches!(node.content, Content::Folder) {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        let prefix = format!("{}/", node.path.trim_end_matches('/'));
        let state = self.state();
        let children = state.nodes.values().filter_map(|child| {
            let name = child.path.strip_prefix(&prefix)?;
            (!name.is_empty() && !name.contains('/'))
                .then(|| Entry { name: name.into(), kind: child.content.kind() })
        });
        let mut entries: Vec<_> = children.collect();
        entries.sort_by(|left, right| left.name.cmp(&right.name));
        Ok(entries)
    }
}

impl Content {
    fn kind(&self) -> Kind {
        match self {
            Self::File(_) => Kind::File,
            Self::Folder => Kind::Folder,
            Self::Link(_) => Kind::Link,
        }
    }
}

/// The folders above a path, outermost first: `/`, `/app`, `/app/src`.
fn folders(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(at, _)| if at == 0 { "/" } else { &path[..at] })
}

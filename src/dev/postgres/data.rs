//! The folder of a database.

use std::{
    env, fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use nix::unistd::Pid;
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};

use super::{
    account::{Account, command, private_folder},
    binaries::Binaries,
    log, process,
};
use crate::{dev::diagnostics, hash, model::diagnostic::Diagnostic};

/// The major version that made the data; None where there is none yet.
pub fn version(data: &Path) -> Result<Option<u32>, Diagnostic> {
    let empty = match fs::read_dir(data) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => true,
        Err(error) => return Err(diagnostics::folder_unusable(data, &error)),
    };
    if empty {
        return Ok(None);
    }
    let text = fs::read_to_string(data.join("PG_VERSION")).unwrap_or_default();
    match text.trim().parse() {
        Ok(version) => Ok(Some(version)),
        Err(_) => Err(diagnostics::damaged(data, "PG_VERSION is missing or holds no version")),
    }
}

/// A database with one user, `postgres`, whom whoever may enter the folder of the socket can be.
pub async fn create(
    data: &Path,
    binaries: &Binaries,
    account: Option<&Account>,
) -> Result<(), Diagnostic> {
    let unfinished = data.with_extension("unfinished");
    let unusable = |error: io::Error| diagnostics::folder_unusable(data, &error);
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished).map_err(unusable)?;
    }
    private_folder(&unfinished, account).map_err(unusable)?;
    let output = command(&binaries.folder.join("initdb"), account, &unfinished)
        .args(["--username=postgres", "--auth-local=trust", "--auth-host=reject"])
        .args(["--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"])
        .arg("--pgdata")
        .arg(&unfinished)
        .output()
        .await
        .map_err(unusable)?;
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
        let _ = fs::remove_dir_all(&unfinished);
        return Err(log::explain(data, &complaint, None));
    }
    // Two steps where the folder is there already, and empty.
    let _ = fs::remove_dir(data);
    fs::rename(&unfinished, data).map_err(unusable)
}

/// A server that runs.
#[derive(Debug)]
pub struct Running {
    /// The URL of its superuser.
    pub url: String,
    pub process: i32,
}

/// The server of this data, if it is ready.
pub fn running(data: &Path) -> Option<Running> {
    let data = fs::canonicalize(data).ok()?;
    let text = fs::read_to_string(data.join("postmaster.pid")).ok()?;
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let process = process_of(&text)?;
    let ready = lines.get(7) == Some(&"ready") && process::is_server(process, &data);
    let socket = lines.get(4).filter(|_| ready)?;
    Some(Running { url: url(Path::new(socket)), process: process.as_raw() })
}

/// The URL of the superuser of the server with that socket.
pub fn url(socket: &Path) -> String {
    let folder = percent_encode(socket.as_os_str().as_encoded_bytes(), NON_ALPHANUMERIC);
    format!("postgresql://postgres@{folder}/postgres")
}

/// What `postmaster.pid` says.
fn process_of(text: &str) -> Option<Pid> {
    let process = text.lines().next()?.trim().parse().ok();
    process.filter(|process: &i32| *process > 1).map(Pid::from_raw)
}

/// Stops the server that an earlier run left behind. Whether there was one.
pub async fn stop_leftover(data: &Path) -> Result<bool, Diagnostic> {
    let file = data.join("postmaster.pid");
    let Ok(text) = fs::read_to_string(&file) else { return Ok(false) };
    let Some(process) = process_of(&text) else { return Ok(false) };
    let left = process::is_server(process, data);
    if left && !process::end(process, || !process::is_server(process, data)).await {
        return Err(diagnostics::not_started(
            &format!("a server that was left behind, process {process}, cannot be stopped"),
            &log::path(data),
        ));
    }
    // Its number may belong to another program now, which PostgreSQL would take for a server.
    let _ = fs::remove_file(file);
    Ok(left)
}

/// The folder of the socket: the data's own, or, since the path of a socket must be short, one
/// among the temporary files.
pub fn socket_folder(data: &Path, account: Option<&Account>) -> Result<PathBuf, Diagnostic> {
    let longest = SOCKET_NAME.len() + ".lock".len() + data.as_os_str().len() + 1;
    if longest <= LONGEST_SOCKET {
        return Ok(data.to_owned());
    }
    let name = hash::hex(data.to_string_lossy().as_bytes());
    let folder = env::temp_dir().join(format!("kontract-{}", &name[..12]));
    let unusable = |error: io::Error| diagnostics::folder_unusable(&folder, &error);
    match fs::symlink_metadata(&folder) {
        // Anyone may have made a folder there, to be the server that we talk to.
        Ok(there) if !there.is_dir() || there.uid() != owner(data).map_err(unusable)? => {
            return Err(unusable(io::Error::other("it belongs to another user")));
        }
        _ => private_folder(&folder, account).map_err(unusable)?,
    }
    Ok(folder)
}

fn owner(path: &Path) -> io::Result<u32> {
    fs::metadata(path).map(|metadata| metadata.uid())
}

const SOCKET_NAME: &str = ".s.PGSQL.5432";
/// What macOS admits; Linux admits four more.
const LONGEST_SOCKET: usize = 103;

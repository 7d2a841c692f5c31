//! A PostgreSQL for development: found, started, stopped.

use std::path::{Path, PathBuf};

mod account;
mod binaries;
mod data;
mod log;
mod package;
mod process;
mod server;

pub use binaries::Surroundings;
pub use data::Running;
use server::Plan;
pub use server::Server;

use self::account::{Account, REACHABLE, public_folder, reachable_folder};
use super::{diagnostics, event::Note, folder::Folder};
use crate::model::diagnostic::Diagnostic;

/// Starts PostgreSQL for a project whose development folder this is.
pub async fn start(
    surroundings: &Surroundings,
    folder: &Folder,
) -> Result<(Server, Vec<Note>), Diagnostic> {
    let mut notes = Vec::new();
    let mut base = folder.path().to_owned();
    let mut copies = base.clone();
    let account = Account::needed(&base.join("postgres"))?;
    if let Some(account) = account.as_ref().filter(|account| !account.reaches(&base)) {
        base = reachable_folder(&surroundings.project);
        // One copy of the programs serves all projects.
        copies = PathBuf::from(REACHABLE);
        public_folder(&base).map_err(|error| diagnostics::folder_unusable(&base, &error))?;
        if !account.reaches(&base) {
            return Err(diagnostics::no_account(&format!(
                "{} can reach neither the project nor {}",
                account.name,
                base.display()
            )));
        }
        notes.push(Note::Elsewhere(base.clone()));
    }
    let data = base.join("postgres");
    let version = data::version(&data)?;
    let binaries = binaries::find(surroundings, account.as_ref(), &copies, &data, version).await?;
    if version.is_none() {
        data::create(&data, &binaries, account.as_ref()).await?;
        notes.push(Note::Created);
    } else if data::stop_leftover(&data).await? {
        notes.push(Note::StoppedLeftover);
    }
    let server = Server::start(Plan { binaries, account, data }).await?;
    Ok((server, notes))
}

/// The server of a project that runs now, whoever started it.
pub fn running(project: &Path) -> Option<Running> {
    places(project).iter().find_map(|place| data::running(&place.join("postgres")))
}

/// Whether a project has a database of development.
pub fn exists(project: &Path) -> bool {
    places(project).iter().any(|place| place.join("postgres").join("PG_VERSION").exists())
}

/// Stops the server of a project, whoever started it. Whether there was one.
pub async fn stop(project: &Path) -> Result<bool, Diagnostic> {
    let mut stopped = false;
    for place in places(project) {
        let data = place.join("postgres");
        let data = std::fs::canonicalize(&data).unwrap_or(data);
        stopped |= data::stop_leftover(&data).await?;
    }
    Ok(stopped)
}

/// Removes a project's database of development. Its server must not run.
pub fn remove(project: &Path) -> Result<(), Diagnostic> {
    for data in places(project).map(|place| place.join("postgres")) {
        if data.exists() {
            std::fs::remove_dir_all(&data)
                .map_err(|error| diagnostics::folder_unusable(&data, &error))?;
        }
    }
    Ok(())
}

/// Where the data of a project may lie.
fn places(project: &Path) -> [PathBuf; 2] {
    [Folder::of(project), reachable_folder(project)]
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests;

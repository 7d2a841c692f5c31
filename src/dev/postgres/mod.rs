//! A PostgreSQL for development: found, started, stopped.

use std::path::PathBuf;

mod account;
mod binaries;
mod data;
mod log;
mod package;
mod process;
mod server;

pub use binaries::Surroundings;
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

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests;

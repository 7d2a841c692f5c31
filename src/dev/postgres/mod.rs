//! A PostgreSQL for development: found, started, stopped.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

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

use self::account::{Account, reachable_folder};
use super::{diagnostics, event::Note, folder::Folder};
use crate::model::diagnostic::Diagnostic;

/// Starts PostgreSQL for a project whose development folder this is.
pub async fn start(
    surroundings: &Surroundings,
    folder: &Folder,
) -> Result<(Server, Vec<Note>), Diagnostic> {
    let mut notes = Vec::new();
    let mut base = folder.path().to_owned();
    let account = Account::needed(&base.join("postgres"))?;
    if let Some(account) = account.as_ref().filter(|account| !account.reaches(&base)) {
        base = reachable_folder(&surroundings.project);
        prepare(&base)?;
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
    let binaries = binaries::find(surroundings, account.as_ref(), &base, &data, version).await?;
    if version.is_none() {
        data::create(&data, &binaries, account.as_ref()).await?;
        notes.push(Note::Created);
    } else if data::stop_leftover(&data).await? {
        notes.push(Note::StoppedLeftover);
    }
    let server = Server::start(Plan { binaries, account, data }).await?;
    Ok((server, notes))
}

fn prepare(base: &Path) -> Result<(), Diagnostic> {
    let open = fs::Permissions::from_mode(0o755);
    let parent = base.parent().unwrap_or(base);
    let made = fs::create_dir_all(base)
        .and_then(|()| fs::set_permissions(parent, open.clone()))
        .and_then(|()| fs::set_permissions(base, open));
    made.map_err(|error| diagnostics::folder_unusable(base, &error))
}

#[cfg(test)]
mod tests;

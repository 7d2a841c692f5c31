//! New projects: what `kontract init` writes.

use std::path::Path;

use crate::{
    files::{Files, Kind},
    model::{SourcePath, diagnostic::Diagnostic},
};

mod diagnostics;
mod manager;
mod templates;

pub use manager::Manager;
pub use templates::Template;

/// Makes a project in a folder that is empty or does not exist yet. Returns its name and the files
/// that were written, relative to the folder.
pub fn create(
    files: &dyn Files,
    folder: &Path,
    template: Template,
    manager: Manager,
) -> Result<(String, Vec<&'static str>), Diagnostic> {
    let shown = SourcePath::new(folder.to_string_lossy());
    check_empty(files, folder, &shown)?;
    let name = name_of(folder, template, &shown)?;
    let mut written = Vec::new();
    for (path, text) in templates::render(template, &name, manager) {
        files
            .write(&folder.join(path), text.as_bytes())
            .map_err(|error| diagnostics::not_written(&shown, path, &error))?;
        written.push(path);
    }
    written.sort_unstable();
    Ok((name, written))
}

/// A repository without files counts as empty.
fn check_empty(files: &dyn Files, folder: &Path, shown: &SourcePath) -> Result<(), Diagnostic> {
    match files.kind(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(diagnostics::unreadable(shown, &error)),
        Ok(Kind::Folder) => {}
        Ok(_) => return Err(diagnostics::no_folder(shown)),
    }
    let entries = files.list(folder).map_err(|error| diagnostics::unreadable(shown, &error))?;
    match entries.iter().find(|entry| entry.name != ".git") {
        Some(entry) => Err(diagnostics::not_empty(shown, &entry.name.to_string_lossy())),
        None => Ok(()),
    }
}

/// The name of the package is that of its folder.
fn name_of(folder: &Path, template: Template, shown: &SourcePath) -> Result<String, Diagnostic> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    if !is_package_name(&name) {
        return Err(diagnostics::bad_name(shown, &name, &suggestion(&name)));
    }
    if templates::depends_on(template, &name) {
        return Err(diagnostics::taken_name(shown, &name));
    }
    Ok(name.into_owned())
}

/// What npm accepts, but for `~`.
fn is_package_name(name: &str) -> bool {
    name.len() <= LONGEST_NAME
        && name.starts_with(|first: char| first.is_ascii_lowercase() || first.is_ascii_digit())
        && name.chars().all(is_allowed)
        && name != "node_modules"
}

fn suggestion(name: &str) -> String {
    let lower: String = name.to_lowercase();
    let spelled: String = lower.chars().map(|c| if is_allowed(c) { c } else { '-' }).collect();
    let trimmed = spelled.trim_matches(|c| "-_.".contains(c));
    let short: String = trimmed.chars().take(LONGEST_NAME).collect();
    if is_package_name(&short) { short } else { "my-app".to_owned() }
}

fn is_allowed(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c)
}

const LONGEST_NAME: usize = 214;

#[cfg(test)]
mod tests;

//! Where PostgreSQL is not started for development: it is reached through a private socket, which
//! there is none of here.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use crate::{
    dev::{diagnostics, event::Note, folder::Folder, session::Environment},
    model::diagnostic::Diagnostic,
};

#[derive(Clone, Debug)]
pub struct Surroundings {
    pub project: PathBuf,
    pub package: Option<PathBuf>,
    pub path: OsString,
}

impl Surroundings {
    pub fn of(project: &Path, environment: &Environment) -> Self {
        Self {
            project: project.to_owned(),
            package: environment.package.clone(),
            path: environment.path.clone(),
        }
    }
}

#[derive(Debug)]
pub struct Binaries {
    pub folder: PathBuf,
    pub version: String,
}

/// There is none.
#[derive(Debug)]
pub enum Server {}

impl Server {
    pub fn url(&self) -> String {
        match *self {}
    }

    pub fn binaries(&self) -> &Binaries {
        match *self {}
    }

    pub async fn ended(&mut self) -> Diagnostic {
        match *self {}
    }

    pub async fn restart(self) -> Result<Self, Diagnostic> {
        match self {}
    }

    pub fn leave(self) {
        match self {}
    }

    pub async fn stop(self) -> bool {
        match self {}
    }
}

pub async fn start(_: &Surroundings, _: &Folder) -> Result<(Server, Vec<Note>), Diagnostic> {
    Err(diagnostics::only_given())
}

#[derive(Debug)]
pub struct Running {
    pub url: String,
    pub process: i32,
}

pub fn running(_: &Path) -> Option<Running> {
    None
}

pub fn exists(_: &Path) -> bool {
    false
}

pub async fn stop(_: &Path) -> Result<bool, Diagnostic> {
    Err(diagnostics::only_given())
}

pub fn remove(_: &Path) -> Result<(), Diagnostic> {
    Err(diagnostics::only_given())
}

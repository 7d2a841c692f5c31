//! Where PostgreSQL is not started for development: it is reached through a private socket, which
//! there is none of here.

use std::{ffi::OsString, path::PathBuf};

use crate::{
    dev::{diagnostics, event::Note, folder::Folder},
    model::diagnostic::Diagnostic,
};

#[derive(Clone, Debug)]
pub struct Surroundings {
    pub project: PathBuf,
    pub package: Option<PathBuf>,
    pub path: OsString,
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

    pub async fn stop(self) -> bool {
        match self {}
    }
}

pub async fn start(_: &Surroundings, _: &Folder) -> Result<(Server, Vec<Note>), Diagnostic> {
    Err(diagnostics::only_given())
}

//! The compiler of a run, where there are no sockets for others to ask it.

use std::{
    io,
    path::{Path, PathBuf},
};

use crate::{
    incremental::Settings,
    watch::follower::{Event, Follower},
};

#[derive(Debug)]
pub struct Compiler(Follower);

impl Compiler {
    pub fn start(
        settings: Settings,
        project: PathBuf,
        poll: bool,
        _folder: Option<&Path>,
    ) -> io::Result<Self> {
        Follower::start(settings, project, poll).map(Self)
    }

    pub async fn next(&mut self) -> Option<Event> {
        self.0.next().await
    }

    pub fn socket(&self) -> Option<&Path> {
        None
    }
}

//! What commands that work in a database have in common.

use std::{io, path::PathBuf};

use clap::Args;
use tokio::runtime;
use tokio_postgres::Client;

use super::{Common, Outcome, environment, terminal::Terminal};
use crate::{
    admin::{access::Access, diagnostics},
    config::Flags,
    files::Disk,
    model::diagnostic::Diagnostic,
};

/// The project, of commands whose arguments are something else.
#[derive(Debug, Args)]
pub struct At {
    /// Folder of the project; kontract.toml is looked for there and above it
    #[arg(long, value_name = "folder", default_value = ".", hide_default_value = true)]
    project: PathBuf,
    /// Configuration file; its folder is the project
    #[arg(long, value_name = "path", conflicts_with = "project")]
    config: Option<PathBuf>,
    /// Print one JSON object a line, and a summary as the last one
    #[arg(long)]
    json: bool,
    /// Print what was asked for and errors, but no summary
    #[arg(long, short)]
    quiet: bool,
}

impl At {
    pub fn common(&self) -> Common {
        Common {
            folder: self.project.clone(),
            config: self.config.clone(),
            out: None,
            json: self.json,
            quiet: self.quiet,
        }
    }
}

/// Does something in the project's database, and reports it.
pub fn operate<T>(
    at: &At,
    work: impl AsyncFnOnce(&mut Client) -> Result<T, Diagnostic>,
    report: impl FnOnce(&mut Terminal, T),
) -> Outcome {
    let common = at.common();
    let mut terminal = common.terminal();
    let options = match common.options(&Disk, &mut terminal, Flags::default()) {
        Ok(options) => options,
        Err(outcome) => return terminal.finish(outcome),
    };
    let done = wait(async {
        let mut access = Access::open(&options, &environment::read()).await?;
        let done = work(&mut access.client).await;
        access.close().await;
        done.map_err(|error| vec![error])
    });
    let outcome = match done {
        Ok(done) => {
            report(&mut terminal, done);
            Outcome::Success
        }
        Err(diagnostics) => {
            terminal.diagnostics(&Disk, &options.project, diagnostics);
            Outcome::Failure
        }
    };
    terminal.finish(outcome)
}

pub fn wait<T>(
    work: impl Future<Output = Result<T, Vec<Diagnostic>>>,
) -> Result<T, Vec<Diagnostic>> {
    let runtime: io::Result<_> = runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| vec![diagnostics::no_runtime(&error)])?.block_on(work)
}

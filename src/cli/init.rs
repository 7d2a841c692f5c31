//! `kontract init`

use std::{
    env,
    path::{Path, PathBuf},
};

use clap::Args;
use serde_json::json;

use super::{Outcome, absolute, terminal::Terminal};
use crate::{
    diagnostic::render::plural,
    files::{Disk, Files},
    init::{self, Manager, Template},
};

#[derive(Debug, Args)]
pub struct InitArguments {
    /// Folder of the new project, which gives it its name [default: the current folder]
    #[arg(default_value = ".", hide_default_value = true)]
    name: PathBuf,
    /// What to begin with
    #[arg(long, short, value_enum, default_value_t = Template::Api)]
    template: Template,
    /// Print one JSON object a line, and a summary as the last one
    #[arg(long)]
    json: bool,
    /// Print errors, but no summary
    #[arg(long, short)]
    quiet: bool,
}

pub fn run(arguments: &InitArguments) -> Outcome {
    let mut terminal = Terminal::new(arguments.json, arguments.quiet);
    let files = Disk;
    let folder = absolute(&arguments.name);
    // `.` and links have no name of their own.
    let folder = files.canonicalize(&folder).unwrap_or(folder);
    let manager = Manager::of_agent(&env::var("npm_config_user_agent").unwrap_or_default());
    match init::create(&files, &folder, arguments.template, manager) {
        Ok((name, written)) => {
            let next = next_steps(&arguments.name, &folder, manager);
            let sentence = format!(
                "Created {name}: {}\n\n  {}\n",
                plural(written.len(), "file"),
                next.join("\n  ")
            );
            let object = json!({ "name": name, "folder": folder, "files": written, "next": next });
            terminal.summary(&sentence, &object);
            terminal.finish(Outcome::Success)
        }
        Err(diagnostic) => {
            terminal.diagnostics(&files, &folder, vec![diagnostic]);
            terminal.finish(Outcome::Usage)
        }
    }
}

fn next_steps(name: &Path, folder: &Path, manager: Manager) -> Vec<String> {
    let current = env::current_dir().ok().and_then(|current| Disk.canonicalize(&current).ok());
    let mut steps = Vec::new();
    if current.is_none_or(|current| current != folder) {
        let shown = name.to_string_lossy();
        let quote = if shown.contains(' ') { "\"" } else { "" };
        steps.push(format!("cd {quote}{shown}{quote}"));
    }
    steps.push(manager.install());
    steps.push(format!("{} dev", manager.run()));
    steps
}

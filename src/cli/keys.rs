//! `kontract keys`

use std::{
    env,
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand};
use kontract_runtime::{config::Secret, gateway::StaticKeys};
use serde_json::{Value, json};

use super::{Outcome, absolute, terminal::Terminal};
use crate::{
    files::Disk,
    keys::{self, KeyFile, VARIABLE},
    model::diagnostic::Diagnostic,
};

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct KeysArguments {
    #[command(subcommand)]
    command: KeysCommand,
}

#[derive(Debug, Subcommand)]
enum KeysCommand {
    /// Make the keys of a new gateway: the current one, and the next for a rotation
    ///
    /// The private ones go where they are asked for; the public ones are printed, for kontract.toml.
    #[command(after_help = GENERATE_EXAMPLES)]
    Generate(Where),
    /// Make the next key the current one, and another the next
    ///
    /// Clients that were built before know both keys, so none is left behind.
    #[command(after_help = ROTATE_EXAMPLES)]
    Rotate(Where),
}

/// Where the private keys go.
#[derive(Debug, Args)]
struct Where {
    #[command(flatten)]
    place: Place,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Place {
    /// Keep `KONTRACT_STATIC_KEY` in this file of variables, readable by its owner alone
    #[arg(long, value_name = "file")]
    write: Option<PathBuf>,
    /// Print `KONTRACT_STATIC_KEY`, for a program that keeps secrets
    #[arg(long)]
    print: bool,
}

pub fn run(arguments: &KeysArguments) -> Outcome {
    let (place, made) = match &arguments.command {
        KeysCommand::Generate(place) => (place, generate(place)),
        KeysCommand::Rotate(place) => (place, rotate(place)),
    };
    let mut terminal = Terminal::new(place.json, false);
    let outcome = match made {
        Ok(keys) => {
            report(&mut terminal, place, &keys);
            Outcome::Success
        }
        Err(diagnostic) => {
            terminal.diagnostics(&Disk, Path::new("."), vec![diagnostic]);
            Outcome::Failure
        }
    };
    terminal.finish(outcome)
}

fn generate(Where { place, .. }: &Where) -> Result<StaticKeys, Diagnostic> {
    let made = keys::generate()?;
    if let Some(file) = place.write.as_deref().map(absolute) {
        let file = KeyFile::open(&file)?;
        file.check_new()?;
        file.write(&made)?;
    }
    Ok(made)
}

fn rotate(Where { place, .. }: &Where) -> Result<StaticKeys, Diagnostic> {
    let Some(file) = place.write.as_deref().map(absolute) else {
        let value = Secret::new(env::var(VARIABLE).unwrap_or_default());
        return keys::rotate(&value, VARIABLE);
    };
    let opened = KeyFile::open(&file)?;
    let made = keys::rotate(&opened.existing()?, &file.display().to_string())?;
    opened.write(&made)?;
    Ok(made)
}

fn report(terminal: &mut Terminal, Where { place, .. }: &Where, keys: &StaticKeys) {
    let pins = keys.pins();
    let described: Vec<Value> =
        pins.iter().map(|pin| json!({ "id": pin.id(), "key": pin.to_string() })).collect();
    let mut object = json!({ "pins": described });
    let names: Vec<String> = ["current", "next"]
        .iter()
        .zip(&pins)
        .map(|(name, pin)| format!("{name} {}", pin.id()))
        .collect();
    let quoted: Vec<String> = pins.iter().map(|pin| format!("\"{pin}\"")).collect();
    let public = format!("[wire]\npin = [{}]  # {}", quoted.join(", "), names.join(", "));
    if let Some(file) = &place.write {
        let file = file.display().to_string();
        terminal.tell(&format!(
            "{VARIABLE} is in {file}: give it to every gateway, and keep it out of version \
             control.\nThe public keys belong into kontract.toml, before the next build:\n"
        ));
        object["written"] = file.into();
        terminal.part(&public, &object, true);
    } else {
        let secret = keys.secret();
        terminal.tell(&format!(
            "The public keys belong into kontract.toml, before the next build:\n\n{public}\n"
        ));
        object["secret"] = secret.expose().into();
        terminal.part(&format!("{VARIABLE}={}", secret.expose()), &object, true);
    }
}

const EXAMPLES: &str = "\
Examples:
  kontract keys generate --write .env.production   make keys, and keep the private ones there
  kontract keys rotate --write .env.production     change to the next key

Clients call over raystream, encrypted beneath TLS, where the build pins public keys: `pin` under
`[wire]` in kontract.toml. `kontract dev` has a key of its own, and needs none of this.";

const GENERATE_EXAMPLES: &str = "\
Examples:
  kontract keys generate --write .env.production       KONTRACT_STATIC_KEY in a file of your own
  kontract keys generate --print 2>/dev/null | vault…  or handed to another program
  kontract keys generate --write .env --json | jq -r '.pins[].key'

Exit codes:
  0  made    1  the file cannot be written, or holds keys already    2  wrong arguments";

const ROTATE_EXAMPLES: &str = "\
Examples:
  kontract keys rotate --write .env.production            the keys of a file
  KONTRACT_STATIC_KEY=… kontract keys rotate --print      those of the environment

Put the printed `pin` into kontract.toml, build, give the gateways the new KONTRACT_STATIC_KEY, and
serve the new build. Clients that are in use go on with the key that was the next one. Do it again
only when none is left that was built before this time.

Exit codes:
  0  rotated    1  there is no key, or the file cannot be written    2  wrong arguments";

//! `kontract tenant`

use std::io::{self, IsTerminal};

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{
    Outcome,
    operator::{At, operate},
    terminal::warn,
};
use crate::{
    admin::{
        diagnostics,
        tenants::{self, Tenant},
    },
    diagnostic::render::plural,
    model::diagnostic::Diagnostic,
};

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct TenantArguments {
    #[command(subcommand)]
    command: TenantCommand,
}

#[derive(Debug, Subcommand)]
enum TenantCommand {
    /// Make a tenant with empty tables, or give more hosts to one
    ///
    /// Whoever comes by one of its hosts is its user. A gateway that runs may take three seconds to
    /// notice.
    #[command(after_help = CREATE_EXAMPLES)]
    Create(CreateArguments),
    /// Show the tenants with their hosts, and what they keep
    #[command(after_help = LIST_EXAMPLES)]
    List(ListArguments),
    /// Remove a tenant with all its rows, accounts and sessions
    ///
    /// It asks for the tenant's name.
    #[command(after_help = DROP_EXAMPLES)]
    Drop(DropArguments),
}

#[derive(Debug, Args)]
struct CreateArguments {
    /// Small letters, digits, - and _
    name: String,
    /// A name of the server by which its users come; may be repeated
    #[arg(long = "host", value_name = "host")]
    hosts: Vec<String>,
    #[command(flatten)]
    at: At,
}

#[derive(Debug, Args)]
struct ListArguments {
    #[command(flatten)]
    at: At,
}

#[derive(Debug, Args)]
struct DropArguments {
    name: String,
    /// The name once more, instead of being asked for it
    #[arg(long, value_name = "name")]
    yes: Option<String>,
    #[command(flatten)]
    at: At,
}

pub fn run(arguments: &TenantArguments) -> Outcome {
    match &arguments.command {
        TenantCommand::Create(arguments) => create(arguments),
        TenantCommand::List(arguments) => list(arguments),
        TenantCommand::Drop(arguments) => drop(arguments),
    }
}

fn create(CreateArguments { name, hosts, at }: &CreateArguments) -> Outcome {
    operate(
        at,
        async |client: &mut _| tenants::create(client, name, hosts).await,
        |terminal, created| {
            let sentence = if created.new {
                let tables = plural(created.tables, "table");
                match created.hosts.as_slice() {
                    [] => format!("Made {name} with {tables}; without a host nobody comes to it"),
                    hosts => format!("Made {name} with {tables}, at {}", hosts.join(", ")),
                }
            } else {
                format!("{name} is at {}, too", created.hosts.join(", "))
            };
            let summary = json!({ "tenant": name, "made": created.new, "tables": created.tables, "hosts": created.hosts });
            terminal.summary(&sentence, &summary);
        },
    )
}

fn list(ListArguments { at }: &ListArguments) -> Outcome {
    operate(
        at,
        async |client: &mut _| tenants::list(client).await,
        |terminal, tenants| {
            let width = tenants.iter().map(|tenant| tenant.name.len()).max().unwrap_or(0);
            for tenant in &tenants {
                let hosts = match tenant.hosts.as_slice() {
                    [] if tenant.name == "main" => "any other host".to_owned(),
                    [] => "no host".to_owned(),
                    hosts => hosts.join(", "),
                };
                let text = format!("{:width$}  {}  {hosts}", tenant.name, keeps(tenant));
                terminal.part(&text, &object(tenant), true);
            }
            let count = tenants.len();
            terminal.summary(&plural(count, "tenant"), &json!({ "tenants": count }));
        },
    )
}

fn drop(DropArguments { name, yes, at }: &DropArguments) -> Outcome {
    let work = async |client: &mut _| {
        let given = match yes {
            Some(given) => given.clone(),
            None => ask(name, &tenants::find(client, name).await?)?,
        };
        if given != *name {
            return Err(diagnostics::other_name(name, &given));
        }
        tenants::drop(client, name).await
    };
    operate(at, work, |terminal, dropped| {
        let sentence = format!("Dropped {name}: {} are gone", keeps(&dropped));
        terminal.summary(&sentence, &json!({ "dropped": object(&dropped) }));
    })
}

fn ask(name: &str, tenant: &Tenant) -> Result<String, Diagnostic> {
    let question = format!("Drop the tenant {name} with {}?", keeps(tenant));
    if !io::stdin().is_terminal() {
        return Err(diagnostics::name_not_given(&question, name));
    }
    warn(&format!("{question} They cannot be had back. The name of the tenant, to confirm:"));
    let mut answer = String::new();
    let _ = io::stdin().read_line(&mut answer);
    Ok(answer.trim().to_owned())
}

fn keeps(tenant: &Tenant) -> String {
    let count = |count: i64, noun| plural(usize::try_from(count).unwrap_or(0), noun);
    format!(
        "{} and {} ({})",
        count(tenant.rows, "row"),
        count(tenant.accounts, "account"),
        tenant.size
    )
}

fn object(tenant: &Tenant) -> Value {
    json!({
        "tenant": tenant.name,
        "hosts": tenant.hosts,
        "accounts": tenant.accounts,
        "tables": tenant.tables,
        "rows": tenant.rows,
        "bytes": tenant.bytes,
    })
}

const EXAMPLES: &str = "\
Examples:
  kontract tenant create acme --host acme.example.com   users of that host are apart from now on
  kontract tenant list                                  tenants, their hosts, what they keep
  kontract tenant drop acme                             with all its rows and accounts

Tenants share one database and one gateway. Each has rows, accounts and sessions of its own: nothing
of one is seen by another. `main` is the application itself, for all hosts that are nobody else's.

Environment:
  KONTRACT_MIGRATE_URL  the database; without it, the one of `kontract dev`";

const CREATE_EXAMPLES: &str = "\
Examples:
  kontract tenant create acme --host acme.example.com
  kontract tenant create acme --host www.acme.com      one host more
  kontract tenant create acme --host acme.localhost    with `kontract dev`: http://acme.localhost:8787";

const LIST_EXAMPLES: &str = "\
Examples:
  kontract tenant list
  kontract tenant list --json    an object a tenant, with rows and bytes of its tables";

const DROP_EXAMPLES: &str = "\
Examples:
  kontract db dump --tenant acme -o acme.jsonl && kontract tenant drop acme
  kontract tenant drop acme --yes acme                 without a question";

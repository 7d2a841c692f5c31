//! `kontract user`

use std::collections::BTreeSet;

use clap::{Args, Subcommand};
use kontract_runtime::config::parse_perm;
use serde_json::{Value, json};

use super::{
    Outcome,
    operator::{At, operate},
    terminal::Terminal,
};
use crate::{
    admin::users::{self, Account, Changed, Rights, Who},
    diagnostic::render::plural,
    model::perms,
};

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct UserArguments {
    #[command(subcommand)]
    command: UserCommand,
}

#[derive(Debug, Subcommand)]
enum UserCommand {
    /// Show the accounts, with what they may do
    #[command(after_help = LIST_EXAMPLES)]
    List(ListArguments),
    /// Give an account permissions or groups
    ///
    /// Sessions keep what they were opened with: what is given counts from the next login on.
    #[command(after_help = GRANT_EXAMPLES)]
    Grant(RightsArguments),
    /// Take permissions or groups from an account
    ///
    /// The account's sessions end, so that nothing goes on with what was taken.
    #[command(after_help = REVOKE_EXAMPLES)]
    Revoke(RightsArguments),
    /// Show the groups of an account, or replace them
    #[command(after_help = GROUPS_EXAMPLES)]
    Groups(GroupsArguments),
}

#[derive(Debug, Args)]
struct ListArguments {
    /// Only members of this group
    #[arg(long, value_name = "name")]
    group: Option<String>,
    /// Only accounts of this tenant
    #[arg(long, value_name = "name")]
    tenant: Option<String>,
    #[command(flatten)]
    at: At,
}

/// The account that is meant.
#[derive(Debug, Args)]
struct WhoArguments {
    /// E-mail address or id
    user: String,
    /// Tenant of the account, where several have one with that address
    #[arg(long, value_name = "name")]
    tenant: Option<String>,
}

#[derive(Debug, Args)]
struct RightsArguments {
    #[command(flatten)]
    who: WhoArguments,
    #[command(flatten)]
    which: WhichArguments,
    #[command(flatten)]
    at: At,
}

/// The rights that are meant.
#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
struct WhichArguments {
    /// Permissions: R read, W write, X remove, such as `RW_` or `__X`
    #[arg(long, value_name = "RWX", value_parser = mask)]
    perm: Option<u8>,
    /// A group; may be repeated
    #[arg(long = "group", value_name = "name")]
    groups: Vec<String>,
}

#[derive(Debug, Args)]
struct GroupsArguments {
    #[command(flatten)]
    who: WhoArguments,
    /// What the account's groups are to be; without any, they are shown
    #[arg(value_name = "group")]
    groups: Vec<String>,
    /// Leave the account without a group
    #[arg(long, conflicts_with = "groups")]
    none: bool,
    #[command(flatten)]
    at: At,
}

pub fn run(arguments: &UserArguments) -> Outcome {
    match &arguments.command {
        UserCommand::List(arguments) => list(arguments),
        UserCommand::Grant(arguments) => {
            let RightsArguments { who, which: WhichArguments { perm, groups }, at } = arguments;
            change(who, at, |account| Rights {
                perm: account.perm | perm.unwrap_or(0),
                groups: account.groups.iter().chain(groups).cloned().collect(),
            })
        }
        UserCommand::Revoke(arguments) => {
            let RightsArguments { who, which: WhichArguments { perm, groups }, at } = arguments;
            let taken: BTreeSet<String> = groups.iter().cloned().collect();
            change(who, at, |account| Rights {
                perm: account.perm & !perm.unwrap_or(0),
                groups: account.groups.difference(&taken).cloned().collect(),
            })
        }
        UserCommand::Groups(arguments) => {
            let GroupsArguments { who, groups, none, at } = arguments;
            if groups.is_empty() && !none {
                return show(who, at);
            }
            let groups = groups.iter().cloned().collect();
            change(who, at, |account| Rights { perm: account.perm, groups })
        }
    }
}

fn list(arguments: &ListArguments) -> Outcome {
    let ListArguments { group, tenant, at } = arguments;
    let work =
        async |client: &mut _| users::list(client, tenant.as_deref(), group.as_deref()).await;
    operate(at, work, |terminal, accounts| {
        let width = accounts.iter().map(|account| account.email.chars().count()).max().unwrap_or(0);
        for account in &accounts {
            let email = &account.email;
            let text = format!("{email:width$}  {}", describe(account));
            terminal.part(&text, &object(account), true);
        }
        let count = accounts.len();
        terminal.summary(&plural(count, "account"), &json!({ "accounts": count }));
    })
}

fn show(who: &WhoArguments, at: &At) -> Outcome {
    operate(
        at,
        async |client: &mut _| users::find(client, who.who()).await,
        |terminal, account| {
            let text: Vec<String> = account.groups.iter().cloned().collect();
            terminal.part(&text.join("\n"), &object(&account), true);
        },
    )
}

fn change(who: &WhoArguments, at: &At, rights: impl FnOnce(&Account) -> Rights) -> Outcome {
    operate(at, async |client: &mut _| users::change(client, who.who(), rights).await, report)
}

fn report(terminal: &mut Terminal, changed: Changed) {
    let Changed { before, after, ended } = changed;
    let sessions = |count| plural(count, "session");
    let fate = if before.perm == after.perm && before.groups == after.groups {
        "It was so before".to_owned()
    } else if ended > 0 {
        format!("Ended {}: the user has to log in again", sessions(whole(ended)))
    } else if after.sessions > 0 {
        format!("Counts from the next login on; {} open", sessions(whole(after.sessions)))
    } else {
        "Counts from the next login on".to_owned()
    };
    let sentence = format!("{}  {}\n{fate}", after.email, describe(&after));
    let summary = json!({ "account": object(&after), "before": object(&before), "ended": ended });
    terminal.summary(&sentence, &summary);
}

impl WhoArguments {
    fn who(&self) -> Who<'_> {
        Who { user: &self.user, tenant: self.tenant.as_deref() }
    }
}

fn describe(account: &Account) -> String {
    let mut parts = vec![perms::letters(account.perm)];
    if !account.groups.is_empty() {
        parts.push(account.groups.iter().map(String::as_str).collect::<Vec<_>>().join(", "));
    }
    if account.tenant != "main" {
        parts.push(format!("(tenant {})", account.tenant));
    }
    parts.join("  ")
}

fn whole(count: impl TryInto<usize>) -> usize {
    count.try_into().unwrap_or(usize::MAX)
}

fn object(account: &Account) -> Value {
    json!({
        "id": account.id,
        "email": account.email,
        "tenant": account.tenant,
        "perm": perms::letters(account.perm),
        "ugroups": account.groups,
        "created": account.created,
        "sessions": account.sessions,
    })
}

fn mask(text: &str) -> Result<u8, String> {
    let mask = parse_perm(text).filter(|mask| *mask != 0);
    mask.ok_or_else(|| {
        "expected letters of RWX, with _ for what is left out, such as RW_".to_owned()
    })
}

const EXAMPLES: &str = "\
Examples:
  kontract user list                                    who may do what
  kontract user grant ada@example.com --group admin     from the next login on
  kontract user revoke ada@example.com --group admin    sessions end

Environment:
  KONTRACT_MIGRATE_URL  the database; without it, the one of `kontract dev`";

const LIST_EXAMPLES: &str = "\
Examples:
  kontract user list                who may do what
  kontract user list --group admin  the members of a group
  kontract user list --json         one object a line";

const GRANT_EXAMPLES: &str = "\
Examples:
  kontract user grant ada@example.com --group admin
  kontract user grant ada@example.com --perm __X --group editor --group author

Environment:
  KONTRACT_MIGRATE_URL  the database; without it, the one of `kontract dev`";

const REVOKE_EXAMPLES: &str = "\
Examples:
  kontract user revoke ada@example.com --group admin
  kontract user revoke ada@example.com --perm RWX     nothing but logging in is left

A gateway may take up to three seconds to notice; tables are closed at once.";

const GROUPS_EXAMPLES: &str = "\
Examples:
  kontract user groups ada@example.com               show them
  kontract user groups ada@example.com admin author  these, and no others
  kontract user groups ada@example.com --none        none";

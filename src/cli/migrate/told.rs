//! What `kontract migrate` tells.

use serde_json::{Value, json};

use super::refuse;
use crate::{
    admin::access::Place,
    cli::{Outcome, terminal::Terminal},
    config::Options,
    diagnostic::render::plural,
    lock,
    migrate::{Applied, Look, Step},
};

pub fn plan(
    terminal: &mut Terminal,
    options: &Options,
    place: Option<&Place>,
    look: Look,
) -> Outcome {
    let is_pending = is_pending(place);
    let files = look.migrations.iter().filter(|step| is_pending(step) && step.is_file);
    let pending = files.clone().count();
    for step in files {
        let object = json!({ "migration": step.name });
        terminal.part(&format!("  run the migration {}", step.name), &object, false);
    }
    for change in &look.planned {
        let mut line = format!("  {} ({})", change.sentence, change.tier.name());
        if change.refused.is_some() {
            line.push_str(": refused");
        }
        let object = json!({
            "change": change.sentence, "tier": change.tier.name(), "sql": change.sql,
            "refused": change.refused.is_some(),
        });
        terminal.part(&line, &object, false);
    }
    if look.is_open {
        terminal.tell(
            "What else is changed depends on what those do: `kontract migrate up --dry-run` tries it",
        );
    }
    let count = look.planned.len();
    let refused: Vec<_> = look.planned.into_iter().filter_map(|change| change.refused).collect();
    let all = counted(pending, count);
    let sentence = match refused.len() {
        _ if all.is_empty() => up_to_date(place),
        0 => format!("{all} would be made{}", within(place)),
        refused => format!("{all} would be made{}, were {refused} not refused", within(place)),
    };
    let object = json!({
        "migrations": pending, "changes": count, "refused": refused.len(), "open": look.is_open,
        "compared": subject(place),
    });
    let outcome = if refused.is_empty() { Outcome::Success } else { Outcome::Failure };
    if !refused.is_empty() {
        refuse(terminal, options, refused);
    }
    terminal.summary(&sentence, &object);
    outcome
}

pub fn status(terminal: &mut Terminal, place: Option<&Place>, look: &Look) -> Outcome {
    for step in &look.migrations {
        let line = match &step.applied {
            Some(at) => format!("  applied {at}  {}", step.name),
            None if step.new => format!("  new                           {}", step.name),
            None if place.is_none() => format!("  recorded                      {}", step.name),
            None => format!("  pending                       {}", step.name),
        };
        let object = json!({ "migration": step.name, "applied": step.applied, "new": step.new });
        terminal.part(&line, &object, false);
    }
    for sentence in &look.drift {
        terminal.part(&format!("  drift: {sentence}"), &json!({ "drift": sentence }), true);
    }
    let is_pending = is_pending(place);
    let pending = look.migrations.iter().filter(|step| is_pending(step)).count();
    let count = look.planned.len();
    let sentence = match counted(pending, count) {
        _ if look.heads.len() > 1 => format!(
            "Two branches stand beside each other ({}): run `kontract migrate merge`",
            look.heads.join(", ")
        ),
        behind if behind.is_empty() => up_to_date(place),
        behind => format!("{} is behind the build by {behind}", subject(place)),
    };
    let object = json!({
        "pending": pending, "changes": count, "drift": look.drift.len(), "heads": look.heads,
        "compared": subject(place),
    });
    terminal.summary(&sentence, &object);
    let current = pending + count + look.drift.len() == 0 && look.heads.len() < 2;
    if current { Outcome::Success } else { Outcome::Failure }
}

/// Which files ran and what was changed.
pub fn applied(terminal: &mut Terminal, doing: &str, applied: &Applied, dry_run: bool) {
    for name in &applied.migrations {
        let line = format!("{doing} {name}... \u{2713}");
        terminal.part(&line, &json!({ "migration": name, "dryRun": dry_run }), false);
    }
    for change in &applied.changes {
        terminal.part(&format!("  {change}"), &json!({ "change": change }), false);
    }
}

pub fn up(terminal: &mut Terminal, place: Option<&Place>, applied: &Applied, dry_run: bool) {
    let count = applied.changes.len();
    let all = counted(applied.migrations.len(), count);
    let sentence = match dry_run {
        _ if all.is_empty() => up_to_date(place),
        true => format!("{all} would be made"),
        false => format!("Made {all}; the gateway's role is {}", applied.role),
    };
    let object: Value = json!({ "changes": count, "dryRun": dry_run, "role": applied.role });
    terminal.summary(&sentence, &object);
}

pub fn down(terminal: &mut Terminal, place: Option<&Place>, applied: &Applied, dry_run: bool) {
    let count = applied.migrations.len();
    let sentence = match (count, dry_run) {
        (0, _) => "The database went through no migration".to_owned(),
        (_, true) => format!("{} would be taken back", plural(count, "migration")),
        (_, false) => {
            let again = if place.is_some_and(|place| place.is_development) {
                "`kontract dev` goes on with what the build needs, and leaves files to `migrate up`"
            } else {
                "`kontract migrate up` makes what the build needs again"
            };
            format!("Took back {}; {again}", plural(count, "migration"))
        }
    };
    let object = json!({
        "migrations": count, "changes": applied.changes.len(), "dryRun": dry_run,
        "role": applied.role,
    });
    terminal.summary(&sentence, &object);
}

/// `1 migration and 2 changes`; of nothing: nothing.
fn counted(migrations: usize, changes: usize) -> String {
    let all = [(migrations, "migration"), (changes, "change")];
    let some = all.into_iter().filter(|(count, _)| *count > 0);
    some.map(|(count, what)| plural(count, what)).collect::<Vec<_>>().join(" and ")
}

/// Without a database, what the lock has counts as done.
fn is_pending(place: Option<&Place>) -> impl Fn(&Step) -> bool {
    let has_database = place.is_some();
    move |step| step.applied.is_none() && (has_database || step.new)
}

/// What the build was compared with.
fn subject(place: Option<&Place>) -> &'static str {
    match place {
        None => lock::NAME,
        Some(place) if place.is_development => "The database of development",
        Some(_) => "The database",
    }
}

fn up_to_date(place: Option<&Place>) -> String {
    format!("{} is as the build needs it", subject(place))
}

fn within(place: Option<&Place>) -> &'static str {
    match place {
        None => ", going by kontract.lock.json: KONTRACT_MIGRATE_URL is not set",
        Some(place) if place.is_development => " in the database of development",
        Some(_) => "",
    }
}

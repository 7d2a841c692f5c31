//! `migrate up` and `migrate down`: one transaction, under one lock.

use std::collections::{BTreeMap, BTreeSet};

use kontract_runtime::manifest::Manifest;
use tokio_postgres::{Client, Transaction, error::SqlState};

use super::{
    Applied, Gateway, Problem,
    base::{check_version, existing, renew_base},
    chain::{self, Chain, Link},
    connect::connect,
    delta::{self, Renames},
    description::{describe, renames},
    diagnostics,
    quote::identifier,
    roles,
    script::Source,
    statements, steps,
    work::{Ask, Work},
};
/// What to migrate, and to what.
pub struct Order<'a> {
    /// Of a role which may create roles and schemas.
    pub url: &'a str,
    /// Where the URL was found.
    pub variable: &'a str,
    pub gateway: &'a Gateway,
    pub manifest: &'a Manifest,
    /// The chain, as the lock has it.
    pub links: &'a [Link],
    /// The files of the folder of migrations.
    pub sources: &'a [Source],
    /// That folder.
    pub folder: &'a str,
    pub record: Record,
    /// Undo everything at the end.
    pub dry_run: bool,
}

/// What becomes part of the chain.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Record {
    Everything,
    /// Changes that need no file are made without: many builds follow each other.
    Files,
    /// The chain must not change: a file that is not in it is an error.
    Nothing,
}

/// Makes the database keep what a build wants kept, or tells what stands in the way: goes through the
/// links of the chain that the database has not been through, and then makes what is still missing.
pub async fn up(order: &Order<'_>) -> Result<Applied, Problem> {
    let wanted = describe(order.manifest).map_err(|reason| diagnostics::bad_manifest(&reason))?;
    let mut chain = Chain::new(order.links)?;
    let (mut client, _) = connect(order.url, order.variable).await?;
    let (mut work, role) = begin(&mut client, order.gateway).await?;
    let past = history(&work.transaction).await?;
    check_files(order.sources, &past)?;
    adopt(&mut chain, &past, order.sources);
    update_checksums(&mut chain, order)?;
    let timestamp = work.now().await?;
    let new = add_sources(&mut chain, order, &timestamp)?;
    let next_version = chain.next_version(order.sources);
    let next = |what: &str| format!("{}/{next_version:04}_{}.ts", order.folder, chain::plain(what));

    let pending: Vec<Link> =
        chain.links().iter().filter(|link| !past.contains_key(&link.name)).cloned().collect();
    let mut ran = Vec::new();
    let mut unremembered = Vec::new();
    for link in &pending {
        if stands_for_the_past(link, &past)? {
            work.remember(link).await?;
            continue;
        }
        if let Some(file) = &link.file {
            let source = find_source(order.sources, link, file)?;
            steps::run(&mut work, source, "up").await?;
            ran.push(link.name.clone());
        }
        let target = delta::applied(&work.tables, &link.changes);
        work.change_to(&target, &Renames::of(&link.changes), Ask::Everything, &next).await?;
        if new.contains(&link.name) {
            let sql = std::mem::take(&mut work.sql);
            // What development has made without recording it belongs to the first that is recorded.
            let schema = chain.schema();
            let changes = delta::diff(&schema, &work.tables, &work.renames);
            if let Some(link) = chain.get_mut(&link.name) {
                link.changes = changes;
                link.sql = sql;
            }
            unremembered.push(link.name.clone());
        } else {
            work.remember(link).await?;
            work.sql.clear();
        }
    }

    let mut declared = renames(order.manifest, &work.tables);
    work.change_to(&wanted, &declared, Ask::Everything, &next).await?;
    work.tighten().await?;
    let made = statements::renew(&work.transaction, order.manifest, &wanted, &role).await?;
    work.sentences.extend(made);
    declared.tables.append(&mut work.renames.tables);
    declared.fields.append(&mut work.renames.fields);
    let changes = delta::diff(&chain.schema(), &work.tables, &declared);
    let sql = std::mem::take(&mut work.sql);
    match unremembered.last().and_then(|last| chain.get_mut(last)) {
        _ if changes.is_empty() => {}
        Some(link) => {
            link.changes.extend(changes);
            link.sql += &sql;
        }
        None if order.record == Record::Everything => {
            chain.refuse_two_heads()?;
            let (version, parents) = (chain.next_version(order.sources), chain.heads());
            let what = chain::words(&changes);
            let link = Link::of_changes(version, &what, parents, &timestamp, changes);
            unremembered.push(chain.push(Link { sql, ..link }).name.clone());
        }
        None => {}
    }
    for name in &unremembered {
        if let Some(link) = chain.get(name) {
            work.remember(link).await?;
        }
    }
    end(work, order.dry_run).await.map(|changes| Applied {
        changes,
        migrations: ran,
        links: chain.into_links(),
        role,
    })
}

/// Takes back the last `count` migrations that the database went through, the last one first. Values
/// that nothing reads any more stay in their rows.
pub async fn down(order: &Order<'_>, count: usize) -> Result<Applied, Problem> {
    let chain = Chain::new(order.links)?;
    let (mut client, _) = connect(order.url, order.variable).await?;
    let (mut work, role) = begin(&mut client, order.gateway).await?;
    let past = history(&work.transaction).await?;
    check_files(order.sources, &past)?;
    let mut last: Vec<&Past> = past.values().collect();
    last.sort_by_key(|past| std::cmp::Reverse(past.place));
    let next_version = chain.next_version(order.sources);
    let next = |what: &str| format!("{}/{next_version:04}_{}.ts", order.folder, chain::plain(what));
    let mut ran = Vec::new();
    for past in last.into_iter().take(count) {
        let link = &past.link;
        if let Some(file) = &link.file {
            let source = find_source(order.sources, link, file)?;
            steps::run(&mut work, source, "down").await?;
        }
        let changes = delta::inverse(&link.changes);
        let target = delta::applied(&work.tables, &changes);
        work.change_to(&target, &Renames::of(&changes), Ask::Hidden, &next).await?;
        work.forget(link).await?;
        ran.push(link.name.clone());
    }
    work.tighten().await?;
    end(work, order.dry_run).await.map(|changes| Applied {
        changes,
        migrations: ran,
        links: order.links.to_vec(),
        role,
    })
}

/// A migration that a database went through.
#[derive(Debug)]
pub struct Past {
    pub place: i64,
    pub at: String,
    pub link: Link,
}

/// By name.
pub type History = BTreeMap<String, Past>;

pub async fn history(transaction: &Transaction<'_>) -> Result<History, Problem> {
    let exists = "SELECT to_regclass('kontract.migrations') IS NOT NULL";
    let row = transaction.query_one(exists, &[]).await.map_err(diagnostics::failed)?;
    if !row.get::<_, bool>(0) {
        return Ok(History::new());
    }
    let rows = transaction.query(HISTORY, &[]).await.map_err(diagnostics::failed)?;
    rows.iter()
        .map(|row| {
            let link: Link =
                serde_json::from_str(row.get(2)).map_err(|_| diagnostics::unknown_schema())?;
            Ok((link.name.clone(), Past { place: row.get(0), at: row.get(1), link }))
        })
        .collect()
}

/// What the database went through must not be changed afterwards.
pub fn check_files(sources: &[Source], past: &History) -> Result<(), Problem> {
    let edited: Vec<_> = sources
        .iter()
        .filter(|source| {
            past.get(&source.name).is_some_and(|past| past.link.checksum != source.checksum)
        })
        .map(|source| diagnostics::edited(&source.path))
        .collect();
    if edited.is_empty() { Ok(()) } else { Err(Problem::Refused(edited)) }
}

/// Takes over what the database went through and the lock does not know, as after a process that ended
/// before it wrote the lock.
fn adopt(chain: &mut Chain, past: &History, sources: &[Source]) {
    let mut unknown: Vec<&Past> =
        past.values().filter(|past| chain.get(&past.link.name).is_none()).collect();
    unknown.sort_by_key(|past| past.place);
    for past in unknown {
        let here =
            past.link.file.is_none() || sources.iter().any(|source| source.name == past.link.name);
        if here && past.link.parents == chain.heads() {
            chain.push(past.link.clone());
        }
    }
}

/// A file may be changed until a database went through it.
fn update_checksums(chain: &mut Chain, order: &Order<'_>) -> Result<(), Problem> {
    for source in order.sources {
        let Some(link) = chain.get_mut(&source.name) else { continue };
        if link.checksum == source.checksum {
            continue;
        }
        if order.record == Record::Nothing {
            return Err(diagnostics::not_recorded(&source.path));
        }
        link.checksum.clone_from(&source.checksum);
    }
    Ok(())
}

/// Adds the files that the chain does not have, and returns their names.
fn add_sources(
    chain: &mut Chain,
    order: &Order<'_>,
    timestamp: &str,
) -> Result<BTreeSet<String>, Problem> {
    let mut new = BTreeSet::new();
    chain.refuse_two_heads()?;
    for source in order.sources {
        if chain.get(&source.name).is_some() {
            continue;
        }
        if order.record == Record::Nothing {
            return Err(diagnostics::not_recorded(&source.path));
        }
        let heads = chain.heads();
        new.insert(chain.push(Link::of_source(source, heads, timestamp)).name.clone());
    }
    Ok(new)
}

/// Whether a link only puts together what the database went through before.
fn stands_for_the_past(link: &Link, past: &History) -> Result<bool, Problem> {
    if link.replaces.is_empty() {
        return Ok(false);
    }
    let missing: Vec<&String> =
        link.replaces.iter().filter(|name| !past.contains_key(*name)).collect();
    match missing.len() {
        0 => Ok(true),
        all if all == link.replaces.len() => Ok(false),
        _ => Err(diagnostics::half_squashed(&link.name, &missing)),
    }
}

fn find_source<'a>(sources: &'a [Source], link: &Link, file: &str) -> Result<&'a Source, Problem> {
    let found = sources.iter().find(|source| source.name == link.name);
    found.ok_or_else(|| diagnostics::no_file(file))
}

/// Takes the lock, and makes what every database has. Also returns the gateway's role.
async fn begin<'a>(
    client: &'a mut Client,
    gateway: &Gateway,
) -> Result<(Work<'a>, String), Problem> {
    check_version(client).await?;
    let transaction = client.transaction().await.map_err(diagnostics::failed)?;
    transaction.batch_execute(LOCK).await.map_err(|error| match error.code() {
        Some(&SqlState::LOCK_NOT_AVAILABLE) => diagnostics::already_migrating(),
        _ => diagnostics::failed(error),
    })?;
    let role = roles::prepare(&transaction, gateway).await?;
    let renewed = renew_base(&transaction, &role).await?;
    let tables = existing(&transaction).await?;
    let mut work = Work::new(transaction, identifier(&role), tables);
    if renewed {
        work.sentences.push("make the functions of Kontract".to_owned());
        work.renew().await?;
    }
    Ok((work, role))
}

async fn end(work: Work<'_>, dry_run: bool) -> Result<Vec<String>, Problem> {
    let Work { transaction, sentences, .. } = work;
    let end = if dry_run { transaction.rollback().await } else { transaction.commit().await };
    end.map_err(diagnostics::failed)?;
    Ok(sentences)
}

/// Whoever waits for a table in use makes all who come later wait too.
const LOCK: &str = "SET LOCAL lock_timeout = '5s'; SET LOCAL client_min_messages = 'warning';
    SELECT pg_advisory_xact_lock(hashtextextended('kontract.migrate', 0));";
const HISTORY: &str = "SELECT place,
    to_char(applied_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), link::text
    FROM kontract.migrations";

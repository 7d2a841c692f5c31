//! `migrate up`: one transaction, under one lock.

use std::collections::BTreeSet;

use kontract_runtime::manifest::Manifest;
use tokio_postgres::{Client, Transaction, error::SqlState};

use super::{
    Applied, Gateway, Problem,
    base::{check_version, existing, renew_base, tenants},
    chain::{self, Chain, Link},
    connect::connect,
    delta::{self, Renames},
    description::{Tables, describe, renames},
    diagnostics::{self, Advice},
    history::{History, Past, check_files, history},
    quote::identifier,
    roles,
    script::Source,
    statements, steps,
    work::{Ask, Work},
};
use crate::model::SourcePath;

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

impl<'a> Order<'a> {
    /// What is said of rows that stand in the way.
    pub fn advice(&self, chain: &Chain, tables: &Tables) -> Advice<'a> {
        let version = chain.next_file(self.sources, tables);
        Advice { manifest: self.manifest, folder: self.folder, version }
    }
}

/// What becomes part of the chain.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Record {
    Everything,
    /// Nothing: many builds follow each other, and what they changed is recorded with the next file.
    /// Files run in a database that has no tables yet; elsewhere they wait for somebody's word. What
    /// is taken back is no link any more.
    Development,
    /// The chain must not change: a file that is not in it is an error.
    Nothing,
}

/// Makes the database keep what a build wants kept, or tells what stands in the way: goes through the
/// links of the chain that the database has not been through, and then makes what is still missing.
pub async fn up(order: &Order<'_>) -> Result<Applied, Problem> {
    let wanted = describe(order.manifest).map_err(|reason| diagnostics::bad_manifest(&reason))?;
    let mut chain = Chain::new(order.links)?;
    chain.refuse_leftovers(order.sources)?;
    let (mut client, _) = connect(order.url, order.variable).await?;
    let (mut work, role) = begin(&mut client, order.gateway).await?;
    let past = history(&work.transaction).await?;
    check_files(order.sources, past.values())?;
    let waiting = waiting(order, &chain, &past, &work.tables);
    let mut declared = renames(order.manifest, &work.tables);
    if !waiting.is_empty() && !delta::diff(&work.tables, &wanted, &declared).is_empty() {
        return Err(Problem::Refused(waiting.iter().map(diagnostics::waiting).collect()));
    }
    let advice = order.advice(&chain, &work.tables);
    let timestamp = work.now().await?;
    let new = if order.record == Record::Development {
        chain.refuse_two_heads()?;
        BTreeSet::new()
    } else {
        adopt(&mut chain, &past, order.sources);
        update_checksums(&mut chain, order)?;
        add_sources(&mut chain, order, &timestamp)?
    };

    let pending = |link: &&Link| waiting.is_empty() && !past.contains_key(&link.name);
    let pending: Vec<Link> = chain.links().iter().filter(pending).cloned().collect();
    let mut ran = Vec::new();
    let mut unremembered = Vec::new();
    for link in &pending {
        if stands_for_the_past(link, &past)? {
            work.remember(link).await?;
            continue;
        }
        if new.contains(&link.name) {
            // A database that goes through the chain must have what this one has before the file.
            let made = delta::diff(&chain.schema(), &work.tables, &work.renames);
            if !made.is_empty() {
                unremembered.extend(chain.insert_before(&link.name, made));
            }
        }
        if let Some(file) = &link.file {
            let source = find_source(order.sources, link, file)?;
            steps::run(&mut work, source, "up").await?;
            ran.push(link.name.clone());
        }
        let target = delta::applied(&work.tables, &link.changes);
        work.change_to(&target, &Renames::of(&link.changes), Ask::Everything(&advice)).await?;
        if new.contains(&link.name) {
            let sql = std::mem::take(&mut work.sql);
            let changes = delta::diff(&chain.schema(), &work.tables, &work.renames);
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

    declared = renames(order.manifest, &work.tables);
    work.change_to(&wanted, &declared, Ask::Everything(&advice)).await?;
    work.tighten().await?;
    let made =
        statements::renew(&work.transaction, order.manifest, &wanted, &work.tenants, &role).await?;
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
    let changes = end(work, order.dry_run).await?;
    Ok(Applied { changes, migrations: ran, links: chain.into_links(), role, waiting })
}

/// The files that development does not run by itself: where there are rows, only somebody who has
/// read a file can know that it is finished, and wanted here.
fn waiting(order: &Order<'_>, chain: &Chain, past: &History, tables: &Tables) -> Vec<SourcePath> {
    if order.record != Record::Development {
        return Vec::new();
    }
    let recorded = |source: &Source| {
        chain.get(&source.name).is_some_and(|link| link.checksum == source.checksum)
    };
    let runs = |source: &&Source| tables.is_empty() && recorded(source);
    let left = order.sources.iter().filter(|source| !past.contains_key(&source.name));
    left.filter(|source| !runs(source)).map(|source| source.path.clone()).collect()
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

pub fn find_source<'a>(
    sources: &'a [Source],
    link: &Link,
    file: &str,
) -> Result<&'a Source, Problem> {
    let found = sources.iter().find(|source| source.name == link.name);
    found.ok_or_else(|| diagnostics::no_file(file))
}

/// Takes the lock, and makes what every database has. Also returns the gateway's role.
pub async fn begin<'a>(
    client: &'a mut Client,
    gateway: &Gateway,
) -> Result<(Work<'a>, String), Problem> {
    check_version(client).await?;
    let transaction = client.transaction().await.map_err(diagnostics::failed)?;
    lock(&transaction).await?;
    let role = roles::prepare(&transaction, gateway).await?;
    let renewed = renew_base(&transaction, &role).await?;
    let tables = existing(&transaction).await?;
    let tenants = tenants(&transaction).await?;
    let mut work = Work::new(transaction, identifier(&role), tables, tenants);
    if renewed {
        work.sentences.push("make the functions of Kontract".to_owned());
        work.renew().await?;
    }
    Ok((work, role))
}

/// Waits for other migrations to end, and lets no other begin.
pub async fn lock(transaction: &Transaction<'_>) -> Result<(), Problem> {
    transaction.batch_execute(LOCK).await.map_err(|error| match error.code() {
        Some(&SqlState::LOCK_NOT_AVAILABLE) => diagnostics::already_migrating(),
        _ => diagnostics::failed(error),
    })
}

pub async fn end(work: Work<'_>, dry_run: bool) -> Result<Vec<String>, Problem> {
    let Work { transaction, sentences, .. } = work;
    let end = if dry_run { transaction.rollback().await } else { transaction.commit().await };
    end.map_err(diagnostics::failed)?;
    Ok(sentences)
}

/// Whoever waits for a table in use makes all who come later wait too.
const LOCK: &str = "SET LOCAL lock_timeout = '5s'; SET LOCAL client_min_messages = 'warning';
    SELECT pg_advisory_xact_lock(hashtextextended('kontract.migrate', 0));";

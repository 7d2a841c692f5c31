//! `migrate down`: migrations are taken back, the last one first.

use std::{cmp::Reverse, collections::BTreeSet};

use super::{
    Applied, Problem,
    apply::{Order, Record, begin, end, find_source},
    chain::Chain,
    connect::connect,
    delta::{self, Renames},
    diagnostics,
    history::{Past, check_files, history},
    steps,
    work::Ask,
};

/// Takes back the last `count` migrations that the database went through. Values that nothing reads
/// any more stay in their rows. A file may have been edited since it ran: `down` is run as it is
/// written now.
pub async fn down(order: &Order<'_>, count: usize) -> Result<Applied, Problem> {
    let mut chain = Chain::new(order.links)?;
    let (mut client, _) = connect(order.url, order.variable).await?;
    let (mut work, role) = begin(&mut client, order.gateway).await?;
    let past = history(&work.transaction).await?;
    let mut last: Vec<&Past> = past.values().collect();
    last.sort_by_key(|past| Reverse(past.place));
    let (taken, kept) = last.split_at(count.min(last.len()));
    check_files(order.sources, kept.iter().copied())?;
    let past_names: BTreeSet<&str> = past.keys().map(String::as_str).collect();
    let mut ran = Vec::new();
    for past in taken {
        let link = &past.link;
        if link.replaces.iter().any(|name| past_names.contains(name.as_str())) {
            return Err(diagnostics::stands_for_others(link));
        }
        if let Some(file) = &link.file {
            let source = find_source(order.sources, link, file)?;
            steps::run(&mut work, source, "down").await?;
        }
        let changes = delta::inverse(&link.changes);
        let target = delta::applied(&work.tables, &changes);
        work.change_to(&target, &Renames::of(&changes), Ask::Back(link)).await?;
        work.forget(link).await?;
        if order.record == Record::Development {
            chain.forget(&link.name);
        }
        ran.push(link.name.clone());
    }
    work.tighten().await?;
    let changes = end(work, order.dry_run).await?;
    Ok(Applied { changes, migrations: ran, links: chain.into_links(), role, waiting: Vec::new() })
}

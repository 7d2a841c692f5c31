//! `migrate merge` and `squash`: changes of the chain, without a database.

use std::collections::BTreeSet;

use super::{
    Problem,
    apply::Order,
    chain::{Chain, Link},
    delta::{self, Renames},
    description::Tables,
    diagnostics,
};

/// Whether two branches stand beside each other.
pub fn has_branches(links: &[Link]) -> Result<bool, Problem> {
    Ok(Chain::new(links)?.heads().len() > 1)
}

/// The chain with a link that comes after both branches.
pub fn merge(links: &[Link]) -> Result<Vec<Link>, Problem> {
    let mut chain = Chain::new(links)?;
    let heads = chain.heads();
    if heads.len() < 2 {
        return Err(diagnostics::one_head());
    }
    let version = chain.next_version(&[]);
    chain.push(Link::of_changes(version, "merge", heads, &latest(links), Vec::new()));
    Ok(chain.into_links())
}

/// One link in the place of the whole chain, and the files that it makes superfluous.
pub fn squash(order: &Order<'_>) -> Result<(Link, Vec<String>), Problem> {
    let chain = Chain::new(order.links)?;
    chain.refuse_leftovers(order.sources)?;
    chain.refuse_two_heads()?;
    if chain.links().len() < 2 {
        return Err(diagnostics::nothing_to_squash("the chain has less than two migrations"));
    }
    if let Some(new) = order.sources.iter().find(|source| chain.get(&source.name).is_none()) {
        return Err(diagnostics::not_recorded(&new.path));
    }
    let schema = chain.schema();
    let changes = delta::diff(&Tables::new(), &schema, &Renames::default());
    let version = chain.next_version(order.sources);
    let mut link =
        Link::of_changes(version, "squash", BTreeSet::new(), &latest(order.links), changes);
    for old in chain.links() {
        link.replaces.insert(old.name.clone());
    }
    let files = chain.links().iter().filter_map(|link| link.file.clone()).collect();
    Ok((link, files))
}

/// When the newest of them was recorded: what is put together is as new.
fn latest(links: &[Link]) -> String {
    links.iter().map(|link| link.timestamp.as_str()).max().unwrap_or_default().to_owned()
}

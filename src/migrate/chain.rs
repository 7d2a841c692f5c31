//! The migrations of a project, in the order in which databases go through them.
//!
//! Each link of the chain names those it came after. Two branches that were joined leave two heads,
//! until `kontract migrate merge` adds a link that comes after both.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{
    Problem,
    delta::{self, Delta, Renames},
    description::Tables,
    diagnostics,
    script::Source,
};
use crate::hash;

/// A migration as the lock and databases record it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    pub version: u32,
    /// `0006_rename_email_field`: unique.
    pub name: String,
    /// The names of those that it came after; of none: the first.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub parents: BTreeSet<String>,
    /// When it was recorded, as RFC 3339 has it.
    pub timestamp: String,
    /// Where it is a file: its path in the project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Of the file; of the changes where there is none.
    pub checksum: String,
    /// What it makes of the schema.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Delta>,
    /// How that was done where it was recorded.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub sql: String,
    /// Migrations that it stands for. A database that has them all has this one too.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub replaces: BTreeSet<String>,
}

/// Links, each after those it came after.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Chain(Vec<Link>);

impl Chain {
    pub fn new(links: &[Link]) -> Result<Self, Problem> {
        let names: BTreeSet<&str> = links.iter().map(|link| link.name.as_str()).collect();
        if names.len() < links.len() {
            let twice = links.iter().enumerate().find_map(|(index, link)| {
                links[..index].iter().any(|other| other.name == link.name).then_some(&link.name)
            });
            return Err(diagnostics::bad_chain(&format!(
                "`{}` stands in it twice",
                twice.map_or("", String::as_str)
            )));
        }
        let mut left: Vec<&Link> = links.iter().collect();
        left.sort_by(|one, other| (one.version, &one.name).cmp(&(other.version, &other.name)));
        let mut ordered: Vec<Link> = Vec::new();
        while !left.is_empty() {
            let placed: BTreeSet<&str> = ordered.iter().map(|link| link.name.as_str()).collect();
            let ready = left.iter().position(|link| {
                link.parents.iter().all(|parent| placed.contains(parent.as_str()))
            });
            let Some(ready) = ready else {
                let link = left[0];
                let missing = link.parents.iter().find(|parent| !names.contains(parent.as_str()));
                return Err(diagnostics::bad_chain(&match missing {
                    Some(parent) => {
                        format!("`{}` comes after `{parent}`, which is not in it", link.name)
                    }
                    None => format!("`{}` comes after itself", link.name),
                }));
            };
            ordered.push(left.remove(ready).clone());
        }
        Ok(Self(ordered))
    }

    pub fn links(&self) -> &[Link] {
        &self.0
    }

    pub fn into_links(self) -> Vec<Link> {
        self.0
    }

    pub fn get(&self, name: &str) -> Option<&Link> {
        self.0.iter().find(|link| link.name == name)
    }

    /// The names of the links that none comes after.
    pub fn heads(&self) -> BTreeSet<String> {
        let mut heads: BTreeSet<String> = self.0.iter().map(|link| link.name.clone()).collect();
        for link in &self.0 {
            heads.retain(|head| !link.parents.contains(head));
        }
        heads
    }

    /// The version of the next link.
    pub fn next_version(&self, sources: &[Source]) -> u32 {
        let links = self.0.iter().map(|link| link.version);
        links.chain(sources.iter().map(|source| source.version)).max().map_or(1, |last| last + 1)
    }

    /// The version of the next file. What was made of `tables` without being recorded becomes a link
    /// before the first file that is not in the chain.
    pub fn next_file(&self, sources: &[Source], tables: &Tables) -> u32 {
        let all_known = sources.iter().all(|source| self.get(&source.name).is_some());
        let unrecorded = || !delta::diff(&self.schema(), tables, &Renames::default()).is_empty();
        self.next_version(sources) + u32::from(all_known && unrecorded())
    }

    /// Adds a link after all others, and returns it.
    pub fn push(&mut self, link: Link) -> &Link {
        self.0.push(link);
        &self.0[self.0.len() - 1]
    }

    /// Puts a link between `name` and those it came after: changes that had been made when it ran.
    /// Returns the name of the new link.
    pub fn insert_before(&mut self, name: &str, changes: Vec<Delta>) -> Option<String> {
        let place = self.0.iter().position(|link| link.name == name)?;
        let next = &self.0[place];
        let (parents, timestamp) = (next.parents.clone(), next.timestamp.clone());
        let versions = self.0[..place].iter().map(|link| link.version);
        let version = versions.max().map_or(1, |last| last + 1).min(next.version);
        let mut what = words(&changes);
        while self.get(&format!("{version:04}_{what}")).is_some() {
            what.push_str("_before");
        }
        let link = Link::of_changes(version, &what, parents, &timestamp, changes);
        let added = link.name.clone();
        self.0[place].parents = BTreeSet::from([added.clone()]);
        self.0.insert(place, link);
        Some(added)
    }

    /// Removes a link that none comes after.
    pub fn forget(&mut self, name: &str) {
        if self.heads().contains(name) {
            self.0.retain(|link| link.name != name);
        }
    }

    pub fn get_mut(&mut self, name: &str) -> Option<&mut Link> {
        self.0.iter_mut().find(|link| link.name == name)
    }

    /// The schema after all of it.
    pub fn schema(&self) -> Tables {
        self.0.iter().fold(Tables::new(), |tables, link| delta::applied(&tables, &link.changes))
    }

    /// Files that were put together with others must be gone: they would count as new ones.
    pub fn refuse_leftovers(&self, sources: &[Source]) -> Result<(), Problem> {
        for source in sources {
            let squash = self.0.iter().find(|link| link.replaces.contains(&source.name));
            if let Some(squash) = squash.filter(|_| self.get(&source.name).is_none()) {
                return Err(diagnostics::left_over(&source.path, &squash.name));
            }
        }
        Ok(())
    }

    /// Two branches must be joined before anything comes after them.
    pub fn refuse_two_heads(&self) -> Result<(), Problem> {
        let heads = self.heads();
        if heads.len() > 1 { Err(diagnostics::two_heads(&heads)) } else { Ok(()) }
    }
}

impl Link {
    /// One that comes after `parents`.
    pub fn of_source(source: &Source, parents: BTreeSet<String>, timestamp: &str) -> Self {
        Self {
            version: source.version,
            name: source.name.clone(),
            parents,
            timestamp: timestamp.to_owned(),
            file: Some(source.path.as_str().to_owned()),
            checksum: source.checksum.clone(),
            changes: Vec::new(),
            sql: String::new(),
            replaces: BTreeSet::new(),
        }
    }

    /// One that needs no file.
    pub fn of_changes(
        version: u32,
        what: &str,
        parents: BTreeSet<String>,
        timestamp: &str,
        changes: Vec<Delta>,
    ) -> Self {
        let text = serde_json::to_string(&changes).unwrap_or_default();
        Self {
            version,
            name: format!("{version:04}_{what}"),
            parents,
            timestamp: timestamp.to_owned(),
            file: None,
            checksum: hash::of_parts([text.as_str()]),
            changes,
            sql: String::new(),
            replaces: BTreeSet::new(),
        }
    }
}

/// A few words for the name of a link: `add_users_email`, `add_users_email_and_more`.
pub fn words(changes: &[Delta]) -> String {
    let Some(first) = changes.first() else { return "changes".to_owned() };
    let words = match first {
        Delta::CreateTable { table, .. } => format!("create_{table}"),
        Delta::RemoveTable { table, .. } => format!("remove_{table}"),
        Delta::RenameTable { table, to } => format!("rename_{table}_to_{to}"),
        Delta::ChangeKey { table, .. } => format!("change_key_of_{table}"),
        Delta::ChangeOwned { table, .. } => format!("change_owners_of_{table}"),
        Delta::ChangeSearched { table, .. } => format!("index_{table}"),
        Delta::AddField { table, field, .. } => format!("add_{table}_{field}"),
        Delta::RemoveField { table, field, .. } => format!("remove_{table}_{field}"),
        Delta::RenameField { table, field, to } => format!("rename_{table}_{field}_to_{to}"),
        Delta::ChangeField { table, field, .. } => format!("change_{table}_{field}"),
    };
    let more = if changes.len() > 1 { "_and_more" } else { "" };
    plain(&format!("{words}{more}"))
}

/// As the name of a file.
pub fn plain(text: &str) -> String {
    let letters = text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' });
    let name: String = letters.take(MAX_NAME).collect();
    let name = name.trim_matches('_');
    if name.is_empty() { "migration".to_owned() } else { name.to_owned() }
}

const MAX_NAME: usize = 60;

//! Statements of a table's rows: what stands in the way of a change, and what a change makes of them.

use serde_json::Value;

use super::{LIVE, Physical};
use crate::migrate::{description::Field, quote::literal};

impl Physical<'_> {
    /// A query of the rows whose value in a field that is to be unique is another row's too.
    pub fn duplicates(&self, name: &str, field: &Field) -> String {
        let value = Self::unique_expression(name, field);
        let relation = self.relation();
        // As the rows are when they were given the default.
        let data = match &field.default {
            Some(default) if !field.optional => format!(
                "jsonb_build_object({}, {}::jsonb) || data",
                literal(name),
                literal(&default.to_string())
            ),
            _ => "data".to_owned(),
        };
        format!(
            "SELECT coalesce(sum(n), 0)::bigint FROM (SELECT count(*) AS n FROM \
             (SELECT {data} AS data FROM {relation} WHERE {LIVE}) AS r \
             WHERE {value} IS NOT NULL GROUP BY {value} HAVING count(*) > 1) AS d"
        )
    }

    /// Whether a row has a field.
    pub fn holds_field(name: &str) -> String {
        format!("data ? {}", literal(name))
    }

    /// How many rows have no text of their own in a field that is to be the key.
    pub fn keyless(&self, name: &str) -> String {
        let (name, relation) = (literal(name), self.relation());
        format!(
            "SELECT count(*) - count(DISTINCT CASE WHEN jsonb_typeof(data -> {name}) = 'string' \
             THEN data ->> {name} END) FROM {relation} WHERE {LIVE}"
        )
    }

    /// Moves a field's values to another name. Rows that have a value there keep it.
    pub fn rename_field(&self, from: &str, to: &str) -> String {
        let (from, to) = (literal(from), literal(to));
        format!(
            "UPDATE {} SET data = (data - {from}) || jsonb_build_object({to}, data -> {from}), \
             _version = _version + 1, _txid = txid_current() WHERE data ? {from} AND NOT data ? {to};\n",
            self.relation()
        )
    }

    /// Puts a field in the place of the key, whose values become a field.
    pub fn change_key(&self, from: &str, to: &str) -> String {
        let (from, to) = (literal(from), literal(to));
        format!(
            "UPDATE {} SET id = data ->> {to}, data = (data - {to}) || jsonb_build_object({from}, id), \
             _version = _version + 1, _txid = txid_current();\n",
            self.relation()
        )
    }

    /// Gives rows without a field its default. They count as changed.
    pub fn backfill(&self, name: &str, default: &Value) -> String {
        format!(
            "UPDATE {} SET data = data || jsonb_build_object({name}, {}::jsonb), \
             _version = _version + 1, _txid = txid_current() WHERE NOT data ? {name};\n",
            self.relation(),
            literal(&default.to_string()),
            name = literal(name),
        )
    }

    /// Copies the rows as they are now, and nothing of what they were.
    pub fn rewrite(&self) -> String {
        let relation = self.relation();
        format!("ALTER TABLE {relation} ALTER COLUMN data TYPE jsonb USING data || '{{}}';\n")
    }

    /// Removes tombstones, which no constraint should have to allow for.
    pub fn purge(&self) -> String {
        format!("DELETE FROM {} WHERE NOT {LIVE};\n", self.relation())
    }
}

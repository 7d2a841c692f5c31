//! The statements of `exec` in the database: two functions for each (`sql/statement.sql`). The one
//! that runs it belongs to a role which nobody logs in as and which may read one table.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    iter,
};

use kontract_runtime::manifest::{Manifest, Statement};
use tokio_postgres::{
    Client, Transaction,
    error::SqlState,
    types::{Kind, Type},
};

use super::{
    Problem,
    description::Tables,
    diagnostics::{self, statement_refused},
    quote::{array, identifier, literal},
    table::{MAIN, Physical, fill},
};
use crate::{diagnostic::render::plural, hash};

/// The statements of a build that a database cannot run, as the gateway sees it.
pub async fn missing(client: &Client, manifest: &Manifest) -> Result<usize, Problem> {
    if manifest.statements.is_empty() {
        return Ok(0);
    }
    let row = client.query_one("SELECT kontract.statements()", &[]).await;
    let known: Vec<String> = row.map_err(diagnostics::failed)?.get(0);
    Ok(manifest.statements.keys().filter(|id| !known.contains(id)).count())
}

/// Makes what is missing of a build's statements, and forgets others a day after a build had them:
/// gateways of that build may still run. Works as the owner of the schema. `gateway` is its role,
/// `tenants` are those beside `main`.
pub async fn renew(
    transaction: &Transaction<'_>,
    manifest: &Manifest,
    tables: &Tables,
    tenants: &[String],
    gateway: &str,
) -> Result<Vec<String>, Problem> {
    let statements = Statements::find(transaction, gateway).await?;
    let mut sentences = Vec::new();
    for table in statements.forget(manifest, tables).await? {
        sentences.push(format!("forget statements of {table}"));
    }
    let made = statements.made().await?;
    let mut changed: BTreeMap<&str, usize> = BTreeMap::new();
    for (id, statement) in &manifest.statements {
        let Some(table) = tables.get(&statement.table) else {
            let reason = format!(
                "the statement {id} reads the table `{}`, which is not there",
                statement.table
            );
            return Err(diagnostics::bad_manifest(&reason));
        };
        let runner = statements.runner(&statement.table).await?;
        let name = &statement.table;
        let everyone = iter::once(MAIN).chain(tenants.iter().map(String::as_str));
        let relations: Vec<String> =
            everyone.map(|tenant| Physical::of(tenant, name, table).relation()).collect();
        let physical = Physical::new(name, table);
        let (relations, runner) = (&relations[..], runner.as_deref());
        let plan = Plan { id, statement, physical, relations, runner, owned: table.owned };
        let sources = plan.hash(&statements.gateway);
        if made.get(id) != Some(&sources) {
            let sql = plan.sql(transaction, &statements).await? + &plan.record(&sources);
            transaction.batch_execute(&sql).await.map_err(diagnostics::failed)?;
            *changed.entry(&statement.table).or_default() += 1;
        }
    }
    let wanted: Vec<&String> = manifest.statements.keys().collect();
    let seen = "UPDATE kontract.statements SET wanted_at = now() WHERE id = ANY ($1)";
    transaction.execute(seen, &[&wanted]).await.map_err(diagnostics::failed)?;
    sentences.extend(changed.into_iter().map(sentence));
    Ok(sentences)
}

/// Lets the statements of tables read those of a new tenant.
pub async fn admit(
    transaction: &Transaction<'_>,
    tenant: &str,
    tables: &Tables,
) -> Result<(), Problem> {
    // Where one role does everything there are no others.
    let statements = Statements::find(transaction, "").await?;
    for (name, table) in tables {
        let role = statements.runner_of(name);
        if statements.exists(&role).await? {
            let relation = Physical::of(tenant, name, table).relation();
            let sql = format!("GRANT SELECT ON {relation} TO {}", identifier(&role));
            transaction.batch_execute(&sql).await.map_err(diagnostics::failed)?;
        }
    }
    Ok(())
}

/// What [`renew`] would make, where `known` are the ids of the statements that are there.
pub fn planned(manifest: &Manifest, known: &[String]) -> Vec<String> {
    let mut missing: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, statement) in manifest.statements.iter().filter(|(id, _)| !known.contains(id)) {
        *missing.entry(&statement.table).or_default() += 1;
    }
    missing.into_iter().map(sentence).collect()
}

fn sentence((table, count): (&str, usize)) -> String {
    format!("make {} of {table}", plural(count, "statement"))
}

/// What the statements of a database have in common.
struct Statements<'a> {
    transaction: &'a Transaction<'a>,
    gateway: String,
    /// Who owns the schema, and migrates.
    owner: String,
    /// Digits of the database's name, as in the names of its other roles.
    database: String,
    /// `privileges = "shared"`: there is one role for all.
    shared: bool,
}

impl<'a> Statements<'a> {
    async fn find(transaction: &'a Transaction<'a>, gateway: &str) -> Result<Self, Problem> {
        let who = "SELECT current_user::text, current_database()::text";
        let row = transaction.query_one(who, &[]).await.map_err(diagnostics::failed)?;
        let owner: String = row.get(0);
        let database = hash::hex(row.get::<_, &str>(1).as_bytes())[..8].to_owned();
        let shared = owner == gateway;
        Ok(Self { transaction, gateway: identifier(gateway), owner, database, shared })
    }

    /// By id: the hash of what they were made from. Functions may be gone, with the base's.
    async fn made(&self) -> Result<BTreeMap<String, String>, Problem> {
        let made =
            "SELECT id, made FROM kontract.statements WHERE id = ANY (kontract.statements())";
        let rows = self.transaction.query(made, &[]).await.map_err(diagnostics::failed)?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    /// Removes the functions of statements that no build has had for a day, and of tables that are
    /// gone, with their roles. Returns the tables.
    async fn forget(&self, manifest: &Manifest, tables: &Tables) -> Result<Vec<String>, Problem> {
        let wanted: Vec<&String> = manifest.statements.keys().collect();
        let kept: Vec<&String> = tables.keys().collect();
        let old = "DELETE FROM kontract.statements
                   WHERE id <> ALL ($1) AND (t <> ALL ($2) OR wanted_at < now() - interval '1 day')
                   RETURNING t, id";
        let rows =
            self.transaction.query(old, &[&wanted, &kept]).await.map_err(diagnostics::failed)?;
        let mut forgotten = BTreeSet::new();
        for row in &rows {
            let (table, id): (String, &str) = (row.get(0), row.get(1));
            let names = [format!("exec_{table}_{id}"), format!("_run_{table}_{id}")];
            let sql = format!(
                "DO $$ DECLARE made regprocedure; BEGIN
                   FOR made IN SELECT p.oid FROM pg_proc AS p
                     WHERE p.pronamespace = 'kontract'::regnamespace AND p.proname = ANY ({}::text[]) LOOP
                     EXECUTE format('DROP FUNCTION %s', made);
                   END LOOP;
                 END $$;",
                array(&names.each_ref().map(String::as_str))
            );
            self.transaction.batch_execute(&sql).await.map_err(diagnostics::failed)?;
            forgotten.insert(table);
        }
        for table in forgotten.iter().filter(|table| !tables.contains_key(*table)) {
            self.drop_runner(table).await?;
        }
        Ok(forgotten.into_iter().collect())
    }

    /// The role that runs the statements of a table, made where it is missing; none where one role
    /// does everything.
    async fn runner(&self, table: &str) -> Result<Option<String>, Problem> {
        if self.shared {
            return Ok(None);
        }
        let role = self.runner_of(table);
        if !self.exists(&role).await? {
            let name = identifier(&role);
            let owner = identifier(&self.owner);
            let sql = format!(
                "SET LOCAL ROLE NONE; CREATE ROLE {name} NOLOGIN; GRANT {name} TO {owner};
                 SET LOCAL ROLE {owner}; GRANT USAGE ON SCHEMA kdata TO {name};"
            );
            self.transaction.batch_execute(&sql).await.map_err(|error| match error.code() {
                Some(&SqlState::INSUFFICIENT_PRIVILEGE) => {
                    diagnostics::no_create_role("that migrates")
                }
                _ => diagnostics::failed(error),
            })?;
        }
        Ok(Some(identifier(&role)))
    }

    async fn drop_runner(&self, table: &str) -> Result<(), Problem> {
        let role = self.runner_of(table);
        if self.shared || !self.exists(&role).await? {
            return Ok(());
        }
        let sql = format!(
            "DROP OWNED BY {name}; SET LOCAL ROLE NONE; DROP ROLE {name}; SET LOCAL ROLE {};",
            identifier(&self.owner),
            name = identifier(&role),
        );
        self.transaction.batch_execute(&sql).await.map_err(diagnostics::failed)
    }

    fn runner_of(&self, table: &str) -> String {
        format!("kx_{table}_{}", self.database)
    }

    async fn exists(&self, role: &str) -> Result<bool, Problem> {
        let found = "SELECT FROM pg_roles WHERE rolname = $1";
        let row = self.transaction.query_opt(found, &[&role]).await;
        Ok(row.map_err(diagnostics::failed)?.is_some())
    }
}

/// A statement that is to be made.
struct Plan<'a> {
    id: &'a str,
    statement: &'a Statement,
    physical: Physical<'a>,
    /// The table of every tenant.
    relations: &'a [String],
    /// The quoted name of the role that runs it.
    runner: Option<&'a str>,
    owned: bool,
}

impl Plan<'_> {
    fn hash(&self, gateway: &str) -> String {
        hash::of_parts([
            TEMPLATE,
            &self.statement.sql,
            &self.physical.relation(),
            self.runner.unwrap_or(""),
            if self.owned { "owned" } else { "" },
            gateway,
        ])
    }

    /// The functions, once PostgreSQL has said what the parameters are.
    async fn sql(
        &self,
        transaction: &Transaction<'_>,
        statements: &Statements<'_>,
    ) -> Result<String, Problem> {
        let refused = |reason: &str| Err(statement_refused(self.statement, reason));
        let asked = transaction.prepare(&self.bound(&self.physical.relation(), "true")).await;
        let asked = match asked {
            Ok(asked) => asked,
            Err(error) => match error.as_db_error() {
                Some(database) => return refused(database.message()),
                None => return Err(diagnostics::failed(error)),
            },
        };
        let mut columns: Vec<&str> =
            asked.columns().iter().map(tokio_postgres::Column::name).collect();
        columns.sort_unstable();
        if let Some([twice, _]) = columns.array_windows().find(|[first, second]| first == second) {
            return refused(&format!("two columns are called \"{twice}\": name one with AS"));
        }
        let parameters = asked.params();
        let names: Vec<String> = parameters.iter().map(type_name).collect();
        let types: String = names.iter().fold(String::new(), |all, name| all + name + ", ");
        let mut declarations = String::new();
        let mut assignments = String::from("NULL;");
        let mut arguments = String::new();
        for (index, (name, kind)) in names.iter().zip(parameters).enumerate() {
            let _ = write!(declarations, "p{index} {name}; ");
            let _ = write!(
                assignments,
                "\n    place := {index}; p{index} := {};",
                conversion(index, name, kind)
            );
            let _ = write!(arguments, "p{index}, ");
        }
        let caller = format!("${}", parameters.len() + 1);
        let filter = if self.owned { format!("r._owner = {caller}") } else { "true".to_owned() };
        let order = if self.statement.ordered { "" } else { " ORDER BY to_jsonb(q.*)" };
        let whole = |relation: &str| {
            let bound = self.bound(relation, &filter);
            format!(
                "SELECT coalesce(jsonb_agg(to_jsonb(q.*){order}), '[]')::text FROM ({bound}) AS q"
            )
        };
        // No statement has a NUL.
        let generic = whole("\0");
        let (before, after) = generic.split_once('\0').unwrap_or_default();
        let relation = format!("${}", parameters.len() + 2);
        let given: Vec<String> = (1..parameters.len() + 2).map(|n| format!("${n}")).collect();
        let body = format!(
            "#variable_conflict use_column\nDECLARE result text;\n\
             BEGIN\n\
             IF {relation} IS NULL THEN RETURN ({}); END IF;\n\
             EXECUTE {} || {relation} || {} INTO result USING {};\n\
             RETURN result;\n\
             END",
            whole(&self.physical.relation()),
            literal(before),
            literal(after),
            given.join(", "),
        );
        let labels: Vec<&str> = parameters.iter().map(Type::name).collect();
        let count = parameters.len().to_string();
        let functions = fill(
            TEMPLATE,
            &[
                ("{id}", self.id),
                ("{table}", &self.statement.table),
                ("{runner}", self.runner.unwrap_or("the owner")),
                ("{types}", &types),
                ("'{body}'", &literal(&body)),
                ("{parameters}", &declarations),
                ("{assignments}", &assignments),
                ("{arguments}", &arguments),
                ("{count}", &count),
                ("'{names}'", &array(&labels)),
                ("{gateway}", &statements.gateway),
            ],
        );
        let given_away = self.runner.map_or_else(String::new, |runner| {
            let owner = identifier(&statements.owner);
            let run = format!("kontract.\"_run_{}_{}\"({types}text, text)", self.statement.table, self.id);
            format!(
                "GRANT SELECT ON {} TO {runner}; GRANT CREATE ON SCHEMA kontract TO {runner};
                 ALTER FUNCTION {run} OWNER TO {runner}; REVOKE CREATE ON SCHEMA kontract FROM {runner};
                 GRANT EXECUTE ON FUNCTION {run} TO {owner};",
                self.relations.join(", ")
            )
        });
        Ok(functions + &given_away)
    }

    /// The statement with its table's logical name bound to the rows that it may see.
    fn bound(&self, relation: &str, filter: &str) -> String {
        format!(
            "WITH {} AS NOT MATERIALIZED (SELECT r.id, r.data FROM {relation} AS r WHERE r._deleted_txid IS NULL AND {filter}) ({})",
            identifier(&self.statement.table),
            self.statement.sql,
        )
    }

    fn record(&self, sources: &str) -> String {
        format!(
            "INSERT INTO kontract.statements (id, t, made) VALUES ({}, {}, {})
             ON CONFLICT (id) DO UPDATE SET made = excluded.made, wanted_at = now();",
            literal(self.id),
            literal(&self.statement.table),
            literal(sources),
        )
    }
}

/// A parameter of the call, `given`, as PostgreSQL wants it.
fn conversion(index: usize, name: &str, kind: &Type) -> String {
    match kind.kind() {
        Kind::Array(_) => format!("kontract._texts(given -> {index})::{name}"),
        _ if *kind == Type::JSONB => format!("kontract._json(given -> {index})"),
        _ if *kind == Type::JSON => format!("kontract._json(given -> {index})::json"),
        _ => format!("(given ->> {index})::{name}"),
    }
}

fn type_name(kind: &Type) -> String {
    match kind.kind() {
        Kind::Array(element) => format!("{}[]", type_name(element)),
        _ => format!("{}.{}", identifier(kind.schema()), identifier(kind.name())),
    }
}

/// With the base's text and those of tables, what a version of Kontract puts into databases.
pub const TEMPLATE: &str = include_str!("sql/statement.sql");

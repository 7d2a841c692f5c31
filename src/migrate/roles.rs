//! Who owns the schema, and whom the gateway logs in as.

use kontract_runtime::{config::Secret, storage::Target};
use postgres_protocol::password::scram_sha_256;
use tokio_postgres::{Transaction, error::SqlState};

use super::{
    Problem, diagnostics,
    quote::{identifier, literal},
};
use crate::hash;

/// The role that the gateway uses.
pub enum Gateway {
    /// One of its own, which may read two tables and call functions. It is made where it is missing.
    Login { role: String, password: Option<Secret> },
    /// The same, with a name that Kontract chooses, and with this password from now on; None: with the
    /// one that it has.
    Chosen { password: Option<Secret> },
    /// `privileges = "shared"`: the role that migrates. Nothing is kept from the gateway.
    Shared,
}

impl Gateway {
    /// The role and password of a connection URL.
    pub fn of(url: &str) -> Result<Self, Problem> {
        let target =
            Target::parse(url).map_err(|reason| diagnostics::bad_url("DATABASE_URL", &reason))?;
        let Some(role) = target.config.get_user() else {
            return Err(diagnostics::bad_url("DATABASE_URL", "it names no user"));
        };
        let password = target.config.get_password().map(String::from_utf8_lossy);
        Ok(Self::Login { role: role.to_owned(), password: password.map(Secret::new) })
    }
}

/// Makes the roles and schemas that are missing, goes on as their owner, and returns the gateway's
/// role.
pub async fn prepare(transaction: &Transaction<'_>, gateway: &Gateway) -> Result<String, Problem> {
    let migrator = Migrator::find(transaction).await?;
    let (role, password) = match gateway {
        Gateway::Shared => {
            schemas(transaction, &migrator, &migrator.role).await?;
            return Ok(migrator.role);
        }
        Gateway::Login { role, password } => (role.clone(), password.as_ref()),
        Gateway::Chosen { password } => (chosen_role(&migrator.database), password.as_ref()),
    };
    if role == migrator.role {
        return Err(diagnostics::same_role(&role));
    }
    let owner = named("owner", &migrator.database);
    if !exists(transaction, &owner).await? {
        migrator.create_role(transaction, &owner, "NOLOGIN").await?;
    }
    join(transaction, &migrator.role, &owner).await?;
    if exists(transaction, &role).await? {
        refuse_mighty(transaction, &role, &owner).await?;
        if let Gateway::Chosen { password: Some(_) } = gateway {
            let sql = format!("ALTER ROLE {}{}", identifier(&role), verifier(password));
            transaction.batch_execute(&sql).await.map_err(diagnostics::failed)?;
        }
    } else {
        let attributes = format!("LOGIN NOINHERIT{}", verifier(password));
        migrator.create_role(transaction, &role, &attributes).await?;
    }
    let connects = "SELECT has_database_privilege($1::text::name, current_database(), 'CONNECT')";
    let row = transaction.query_one(connects, &[&role]).await.map_err(diagnostics::failed)?;
    if !row.get::<_, bool>(0) {
        let sql = format!(
            "GRANT CONNECT ON DATABASE {} TO {}",
            identifier(&migrator.database),
            identifier(&role)
        );
        transaction.batch_execute(&sql).await.map_err(diagnostics::failed)?;
    }
    take_from_public(transaction, &migrator.database).await?;
    schemas(transaction, &migrator, &owner).await?;
    // Functions are everybody's when they are made, unless their owner says otherwise.
    let sql = format!(
        "SET LOCAL ROLE {};
         ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;",
        identifier(&owner)
    );
    transaction.batch_execute(&sql).await.map_err(diagnostics::failed)?;
    Ok(role)
}

/// The gateway's role, where Kontract names it.
pub fn chosen_role(database: &str) -> String {
    named("gateway", database)
}

/// Roles belong to all databases of a server: each database has its own.
fn named(purpose: &str, database: &str) -> String {
    format!("kontract_{purpose}_{}", &hash::hex(database.as_bytes())[..8])
}

/// The role that migrates.
struct Migrator {
    role: String,
    database: String,
    creates_roles: bool,
    creates_schemas: bool,
}

impl Migrator {
    async fn find(transaction: &Transaction<'_>) -> Result<Self, Problem> {
        let row = transaction
            .query_one(
                "SELECT r.rolname::text, current_database()::text, r.rolsuper OR r.rolcreaterole,
                        has_database_privilege(current_database(), 'CREATE')
                 FROM pg_roles AS r WHERE r.rolname = current_user",
                &[],
            )
            .await
            .map_err(diagnostics::failed)?;
        Ok(Self {
            role: row.get(0),
            database: row.get(1),
            creates_roles: row.get(2),
            creates_schemas: row.get(3),
        })
    }

    async fn create_role(
        &self,
        transaction: &Transaction<'_>,
        role: &str,
        attributes: &str,
    ) -> Result<(), Problem> {
        if !self.creates_roles {
            return Err(diagnostics::no_create_role(&self.role));
        }
        let sql = format!("CREATE ROLE {} {attributes}", identifier(role));
        transaction.batch_execute(&sql).await.map_err(diagnostics::failed)
    }
}

/// Makes the role that migrates a member of the owner.
async fn join(transaction: &Transaction<'_>, role: &str, owner: &str) -> Result<(), Problem> {
    let member = transaction
        .query_one("SELECT pg_has_role($1::text::name, $2::text::name, 'USAGE')", &[&role, &owner])
        .await
        .map_err(diagnostics::failed)?;
    if member.get(0) {
        return Ok(());
    }
    let sql = format!("GRANT {} TO {}", identifier(owner), identifier(role));
    transaction.batch_execute(&sql).await.map_err(|error| match error.code() {
        Some(&SqlState::INSUFFICIENT_PRIVILEGE) => diagnostics::not_owner(role, owner),
        _ => diagnostics::failed(error),
    })
}

/// Takes from everybody, and so from the gateway, what every role may do in a new database, where
/// the role that migrates may say so: make temporary tables, and tables in `public`.
async fn take_from_public(transaction: &Transaction<'_>, database: &str) -> Result<(), Problem> {
    let row = transaction.query_one(PUBLIC, &[]).await.map_err(diagnostics::failed)?;
    let (temporary, database_create, schema_create) = (row.get(0), row.get(1), row.get(2));
    let database = identifier(database);
    for (taken, sql) in [
        (temporary, format!("REVOKE TEMPORARY ON DATABASE {database} FROM PUBLIC")),
        (database_create, format!("REVOKE CREATE ON DATABASE {database} FROM PUBLIC")),
        (schema_create, "REVOKE CREATE ON SCHEMA public FROM PUBLIC".to_owned()),
    ] {
        if taken {
            transaction.batch_execute(&sql).await.map_err(diagnostics::failed)?;
        }
    }
    Ok(())
}

/// What everybody may do and the role that migrates, as an owner, may take back.
const PUBLIC: &str = "
SELECT d.owned AND has_database_privilege('public', d.oid, 'TEMPORARY'),
       d.owned AND has_database_privilege('public', d.oid, 'CREATE'),
       coalesce((SELECT pg_has_role(n.nspowner, 'USAGE') AND has_schema_privilege('public', n.oid, 'CREATE')
                 FROM pg_namespace AS n WHERE n.nspname = 'public'), false)
FROM (SELECT oid, pg_has_role(datdba, 'USAGE') AS owned FROM pg_database
      WHERE datname = current_database()) AS d";

/// The password as the server keeps it, so that it reaches no log.
fn verifier(password: Option<&Secret>) -> String {
    let scram = password.map(|password| scram_sha_256(password.expose().as_bytes()));
    scram.map_or_else(String::new, |scram| format!(" PASSWORD {}", literal(&scram)))
}

async fn schemas(
    transaction: &Transaction<'_>,
    migrator: &Migrator,
    owner: &str,
) -> Result<(), Problem> {
    let rows = transaction
        .query(
            "SELECT n.nspname::text, pg_get_userbyid(n.nspowner)::text FROM pg_namespace AS n
             WHERE n.nspname IN ('kontract', 'kdata')",
            &[],
        )
        .await
        .map_err(diagnostics::failed)?;
    for schema in ["kontract", "kdata"] {
        let found = rows.iter().find(|row| row.get::<_, &str>(0) == schema);
        match found.map(|row| row.get::<_, String>(1)) {
            Some(other) if other != owner => {
                return Err(diagnostics::foreign_schema(schema, &other, owner));
            }
            Some(_) => {}
            None if !migrator.creates_schemas => return Err(diagnostics::no_create_schema()),
            None => {
                let sql = format!("CREATE SCHEMA {schema} AUTHORIZATION {}", identifier(owner));
                transaction.batch_execute(&sql).await.map_err(diagnostics::failed)?;
            }
        }
    }
    Ok(())
}

async fn exists(transaction: &Transaction<'_>, role: &str) -> Result<bool, Problem> {
    let found = transaction.query_opt("SELECT FROM pg_roles WHERE rolname = $1", &[&role]).await;
    Ok(found.map_err(diagnostics::failed)?.is_some())
}

/// A gateway's role that could do more than it is given would make the claim of two tables untrue.
async fn refuse_mighty(
    transaction: &Transaction<'_>,
    role: &str,
    owner: &str,
) -> Result<(), Problem> {
    let row = transaction
        .query_one(
            "SELECT r.rolsuper OR r.rolbypassrls OR r.rolcreaterole OR pg_has_role(r.oid, $2::text::name, 'MEMBER'), r.rolcanlogin
             FROM pg_roles AS r WHERE r.rolname = $1",
            &[&role, &owner],
        )
        .await
        .map_err(diagnostics::failed)?;
    match (row.get(0), row.get(1)) {
        (true, _) => Err(diagnostics::mighty_role(role)),
        (false, false) => Err(diagnostics::no_login(role)),
        (false, true) => Ok(()),
    }
}

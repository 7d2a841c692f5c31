//! Servers and roles: K195–K197.

use tokio_postgres::{Config, Error, config::Host, error::SqlState};

use super::{Problem, error, reason};

#[cold]
pub fn no_url(variable: &str) -> Problem {
    let help = match variable {
        "DATABASE_URL" => {
            "set it to the URL that the gateway is to use: its role is created with that password"
        }
        _ => "set it to the URL of a role that may create roles and schemas",
    };
    Problem::Failed(error("K195", format!("{variable} is not set")).help(help))
}

/// Host and port, without the password.
pub struct Place(String);

impl Place {
    pub fn of(config: &Config) -> Self {
        let host = match config.get_hosts().first() {
            Some(Host::Tcp(name)) => name.clone(),
            #[cfg(unix)]
            Some(Host::Unix(path)) => path.display().to_string(),
            None => "localhost".to_owned(),
        };
        let port = config.get_ports().first().copied().unwrap_or(5432);
        Self(format!("{host}:{port}"))
    }
}

#[cold]
pub fn bad_url(variable: &str, reason: &str) -> Problem {
    let help = "write it as `postgresql://role:password@host:5432/database`";
    Problem::Unreachable(error("K195", format!("{variable} cannot be used: {reason}")).help(help))
}

#[cold]
pub fn silent(place: &Place) -> Problem {
    let message = format!("PostgreSQL at {} does not answer", place.0);
    Problem::Unreachable(error("K195", message).help("check host and port, and firewalls between"))
}

#[cold]
pub fn unreachable(place: &Place, variable: &str, failure: &Error) -> Problem {
    let message = format!("PostgreSQL at {} cannot be reached: {}", place.0, reason(failure));
    let help = match failure.code() {
        Some(&SqlState::INVALID_CATALOG_NAME) => {
            format!("create the database, or correct its name in {variable}")
        }
        Some(&SqlState::INVALID_PASSWORD | &SqlState::INVALID_AUTHORIZATION_SPECIFICATION) => {
            format!("correct role and password in {variable}")
        }
        _ => format!("start PostgreSQL, or correct {variable}"),
    };
    Problem::Unreachable(error("K195", message).help(help))
}

#[cold]
pub fn too_old(version: &str) -> Problem {
    let message = format!("the server is PostgreSQL {version}: 14 is the oldest that is supported");
    Problem::Failed(error("K197", message).help("upgrade the server"))
}

#[cold]
pub fn no_create_role(role: &str) -> Problem {
    let message = format!("the role `{role}` may not create roles");
    Problem::Failed(error("K196", message).help(format!(
        "run `ALTER ROLE \"{role}\" CREATEROLE` as a superuser, or, where that is not to be had, \
         set `[database] privileges = \"shared\"`"
    )))
}

#[cold]
pub fn no_create_schema() -> Problem {
    let message = "the role of the migration may not create schemas in this database";
    Problem::Failed(
        error("K196", message)
            .help("run `GRANT CREATE ON DATABASE … TO …` as the database's owner"),
    )
}

#[cold]
pub fn not_owner(role: &str, owner: &str) -> Problem {
    let message = format!("the role `{role}` is no member of `{owner}`, which owns the tables");
    Problem::Failed(error("K196", message).help(format!(
        "use the role that made them, or run `GRANT \"{owner}\" TO \"{role}\"` as a superuser"
    )))
}

#[cold]
pub fn foreign_schema(schema: &str, found: &str, owner: &str) -> Problem {
    let message = format!("the schema `{schema}` belongs to `{found}`, not to `{owner}`");
    Problem::Failed(error("K196", message).help(
        "use the role and the `[database] privileges` that it was made with, or another database",
    ))
}

#[cold]
pub fn same_role(role: &str) -> Problem {
    let message =
        format!("`{role}` is to migrate and to serve: the gateway needs a role of its own");
    Problem::Failed(error("K196", message).help(
        "name another role in DATABASE_URL (it is created), or set `[database] privileges = \"shared\"`",
    ))
}

#[cold]
pub fn mighty_role(role: &str) -> Problem {
    let message = format!("the gateway's role `{role}` may do more than a gateway should");
    Problem::Failed(error("K196", message).help(
        "name a role in DATABASE_URL that is no superuser, creates no roles, obeys row security and \
         does not own the tables",
    ))
}

#[cold]
pub fn no_login(role: &str) -> Problem {
    let message = format!("the gateway's role `{role}` may not log in");
    Problem::Failed(error("K196", message).help(format!("run `ALTER ROLE \"{role}\" LOGIN`")))
}

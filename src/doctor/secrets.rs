//! What the environment holds: secrets that can be guessed, connections that can be read.

use kontract_runtime::{
    config::Secret,
    gateway::{Pin, check_secret, check_static_key},
    storage::Target,
};
use tokio_postgres::config::{Host, SslMode};

use super::{Report, diagnostics};
use crate::{dev::session::Environment, model::diagnostic::Diagnostic};

/// `pins` are what kontract.toml has clients know a gateway by.
pub fn check(environment: &Environment, pins: &[Pin], report: &mut Report) {
    let Environment { database, migrate, secret, static_key, .. } = environment;
    let served = database.is_some() || migrate.is_some();
    match secret {
        // `kontract dev` has one of its own.
        None if !served => {}
        secret => {
            let secret = secret.clone().unwrap_or_else(|| Secret::new(""));
            let weak = check_secret(&secret).err().map(|error| diagnostics::weak_secret(&error));
            report.add(weak.into_iter().collect(), "KONTRACT_SECRET cannot be guessed");
        }
    }
    if served && (static_key.is_some() || !pins.is_empty()) {
        let pinned: Vec<String> = pins.iter().map(ToString::to_string).collect();
        let wrong = check_static_key(static_key.as_ref(), &pinned).err();
        let wrong = wrong.map(|error| diagnostics::weak_secret(&error));
        report.add(wrong.into_iter().collect(), "clients know KONTRACT_STATIC_KEY");
    }
    let urls = [("DATABASE_URL", database), ("KONTRACT_MIGRATE_URL", migrate)];
    for (name, url) in urls.into_iter().filter_map(|(name, url)| Some((name, url.as_ref()?))) {
        report.add(check_url(name, url.expose()), format!("{name} keeps its password to itself"));
    }
    if let (Some(database), Some(migrate)) = (database, migrate)
        && user(database).is_some()
        && user(database) == user(migrate)
    {
        report.findings.push(diagnostics::one_role_for_both());
    }
}

/// A URL that cannot be read is told of where it is used.
fn check_url(name: &str, url: &str) -> Vec<Diagnostic> {
    let Ok(Target { config, .. }) = Target::parse(url) else { return Vec::new() };
    let mut findings = Vec::new();
    let remote = config.get_hosts().iter().any(|host| match host {
        Host::Tcp(name) => !is_this_machine(name),
        #[cfg(unix)]
        Host::Unix(_) => false,
    });
    // A machine of one's own may let everybody in without a password.
    if let Some(password) = config.get_password().map(String::from_utf8_lossy)
        && let Some(reason) = weakness(&password, config.get_user().unwrap_or_default())
    {
        findings.push(diagnostics::weak_password(name, reason));
    }
    let encrypted = matches!(config.get_ssl_mode(), SslMode::Require);
    if remote && !encrypted {
        findings.push(diagnostics::readable_connection(name));
    }
    findings
}

fn weakness(password: &str, role: &str) -> Option<&'static str> {
    let lower = password.to_lowercase();
    if lower == role.to_lowercase() {
        Some("is the role's name")
    } else if COMMON.contains(&lower.as_str()) {
        Some("is one that everybody tries first")
    } else if password.chars().count() < LEAST_PASSWORD {
        Some("is shorter than 12 characters")
    } else {
        None
    }
}

fn is_this_machine(host: &str) -> bool {
    let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

fn user(url: &Secret) -> Option<String> {
    Target::parse(url.expose()).ok()?.config.get_user().map(str::to_owned)
}

const LEAST_PASSWORD: usize = 12;
const COMMON: [&str; 6] = [
    "passwordpassword",
    "changemechangeme",
    "postgrespostgres",
    "kontractkontract",
    "123456789012",
    "password1234",
];

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use kontract_runtime::gateway::StaticKeys;

    use super::*;

    fn found(database: &str, secret: &str) -> Vec<String> {
        found_with(database, secret, None, &[])
    }

    fn found_with(
        database: &str,
        secret: &str,
        static_key: Option<Secret>,
        pins: &[Pin],
    ) -> Vec<String> {
        let secret_of = |text: &str| Some(Secret::new(text)).filter(|_| !text.is_empty());
        let environment = Environment {
            database: secret_of(database),
            migrate: None,
            secret: secret_of(secret),
            static_key,
            package: None,
            path: std::ffi::OsString::new(),
        };
        let mut report = Report::default();
        check(&environment, pins, &mut report);
        report
            .findings
            .into_iter()
            .map(|finding| format!("{} {}", finding.code, finding.message))
            .collect()
    }

    #[test]
    fn what_can_be_guessed_or_read_on_the_way_is_found_and_never_shown() {
        let good = "kX9v2mQ8sL4tR7wZ1pB6nC3dF5gH0jYa";
        let strong = "postgresql://gate:9tRq1mXw7Lk2@127.0.0.1/app";
        assert_eq!(found(strong, good), Vec::<String>::new());
        assert_eq!(found("", ""), Vec::<String>::new());
        for (url, secret, needle) in [
            (strong, "", "KONTRACT_SECRET is missing"),
            (strong, "short", "shorter than 32 bytes"),
            ("postgresql://gate:gate@127.0.0.1/app", good, "is the role's name"),
            ("postgresql://gate:PasswordPassword@127.0.0.1/app", good, "tries first"),
            ("postgresql://gate:hunter2@127.0.0.1/app", good, "12 characters"),
            ("postgresql://gate:9tRq1mXw7Lk2@db.example/app", good, "K251 the connection"),
            ("postgresql://gate:9tRq1mXw7Lk2@db.example/app?sslmode=prefer", good, "not encrypted"),
        ] {
            let messages = found(url, secret);
            assert!(messages.len() == 1 && messages[0].contains(needle), "{url}: {messages:?}");
            assert!(!messages[0].contains("hunter2") && !messages[0].contains("PasswordPassword"));
        }
        let encrypted = "postgresql://gate:9tRq1mXw7Lk2@db.example/app?sslmode=verify-full";
        assert_eq!(found(encrypted, good), Vec::<String>::new());
    }

    #[test]
    fn a_key_that_clients_do_not_know_is_found() {
        let (url, good) =
            ("postgresql://gate:9tRq1mXw7Lk2@127.0.0.1/app", "kX9v2mQ8sL4tR7wZ1pB6nC3dF5gH0jYa");
        let (own, other) = (StaticKeys::generate(1).unwrap(), StaticKeys::generate(1).unwrap());
        let found = |key, pins: &[Pin]| found_with(url, good, key, pins);
        assert_eq!(found(Some(own.secret()), &own.pins()), Vec::<String>::new());
        for (key, pins) in [
            (None, own.pins()),
            (Some(own.secret()), Vec::new()),
            (Some(own.secret()), other.pins()),
            (Some(Secret::new("nothing")), own.pins()),
        ] {
            let messages = found(key, &pins);
            assert!(
                messages.len() == 1 && messages[0].contains("K250 KONTRACT_STATIC_KEY"),
                "{messages:?}"
            );
        }
    }
}

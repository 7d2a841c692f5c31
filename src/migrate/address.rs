//! Connection URLs of one database for another role.

use kontract_runtime::config::Secret;
use url::Url;

/// The URL with another role and its password. `url` may be a list of `key=value` too.
pub fn as_role(url: &Secret, role: &str, password: &Secret) -> Secret {
    let replaced = Url::parse(url.expose()).ok().and_then(|mut parsed| {
        parsed.set_username(role).ok()?;
        parsed.set_password(Some(password.expose())).ok()?;
        Some(String::from(parsed))
    });
    // In a list the last value counts.
    Secret::new(replaced.unwrap_or_else(|| {
        let role = quoted(role);
        let password = quoted(password.expose());
        format!("{} user={role} password={password}", url.expose())
    }))
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

#[cfg(test)]
mod tests {
    use tokio_postgres::{Config, config::Host};

    use super::*;

    fn parsed(url: &str) -> Config {
        let password = Secret::new("p@:/ '\\");
        let replaced = as_role(&Secret::new(url), "gate", &password);
        replaced.expose().parse().expect("a connection URL")
    }

    #[test]
    fn role_and_password_are_replaced_and_the_rest_stays() {
        for url in [
            "postgresql://me:secret@localhost:5433/app?sslmode=disable",
            "postgresql://localhost:5433/app",
            "host=localhost port=5433 user=me password=secret dbname=app",
        ] {
            let config = parsed(url);
            assert_eq!(config.get_user(), Some("gate"), "{url}");
            assert_eq!(config.get_password(), Some(b"p@:/ '\\".as_slice()), "{url}");
            assert_eq!(config.get_hosts(), [Host::Tcp("localhost".to_owned())], "{url}");
            assert_eq!(config.get_ports(), [5433], "{url}");
            assert_eq!(config.get_dbname(), Some("app"), "{url}");
        }
    }

    #[test]
    fn the_folder_of_a_socket_stays() {
        let config = parsed("postgresql://me@%2Ftmp%2Fa%20b/app");
        assert_eq!(config.get_hosts(), [Host::Unix("/tmp/a b".into())]);
        assert_eq!(config.get_user(), Some("gate"));
    }
}

//! The application's `src/auth.ts`, which outweighs `kontract.toml`.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::config::{AuthConfig, parse_perm};

/// Reads an `AuthConfig` as JavaScript has it; what it leaves out stays as it is.
pub fn merge(config: &AuthConfig, application: Option<&Value>) -> Result<AuthConfig, String> {
    let mut merged = config.clone();
    let Some(application) = application else { return Ok(merged) };
    let settings = application.as_object().ok_or("src/auth.ts: expected an AuthConfig")?;
    refuse_unknown(settings, &["sessionTtlSeconds", "allowAnonymous", "perm"], "src/auth.ts")?;
    if let Some(ttl) = settings.get("sessionTtlSeconds") {
        let seconds = ttl.as_f64().filter(|seconds| *seconds > 0.0 && *seconds <= LONGEST_TTL);
        merged.session_ttl = seconds.map(Duration::from_secs_f64).ok_or_else(|| {
            format!("auth.sessionTtlSeconds: expected a number above 0, at most {LONGEST_TTL}")
        })?;
    }
    if let Some(allowed) = settings.get("allowAnonymous") {
        merged.allow_anonymous =
            allowed.as_bool().ok_or("auth.allowAnonymous: expected true or false")?;
    }
    if let Some(perm) = settings.get("perm") {
        let perm = perm.as_object().ok_or("src/auth.ts: perm: expected an object")?;
        refuse_unknown(perm, &["anonymous", "user"], "src/auth.ts: perm")?;
        if let Some(mask) = perm.get("anonymous") {
            merged.anonymous_perm = parse_mask(mask, "auth.perm.anonymous")?;
        }
        if let Some(mask) = perm.get("user") {
            merged.user_perm = parse_mask(mask, "auth.perm.user")?;
        }
    }
    Ok(merged)
}

fn refuse_unknown(found: &Map<String, Value>, known: &[&str], place: &str) -> Result<(), String> {
    match found.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) => {
            Err(format!("{place}: '{key}' is not available; there is {}", known.join(", ")))
        }
        None => Ok(()),
    }
}

fn parse_mask(mask: &Value, place: &str) -> Result<u8, String> {
    let number = mask.as_f64().filter(|number| (0.0..=7.0).contains(number));
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a whole number below 8"
    )]
    let number = number.filter(|number| number.fract() == 0.0).map(|number| number as u8);
    number
        .or_else(|| parse_perm(mask.as_str()?))
        .ok_or_else(|| format!("{place}: expected a permission mask such as 'R__' or perms.RWX"))
}

/// A year.
const LONGEST_TTL: f64 = 365.0 * 24.0 * 3600.0;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_the_application_says_outweighs_the_configuration() {
        let config = AuthConfig::default();
        assert_eq!(merge(&config, None), Ok(config.clone()));
        assert_eq!(merge(&config, Some(&json!({}))), Ok(config.clone()));
        let application = json!({
            "sessionTtlSeconds": 0.5,
            "allowAnonymous": false,
            "perm": { "anonymous": "RW_", "user": 4 },
        });
        let merged = AuthConfig {
            session_ttl: Duration::from_millis(500),
            allow_anonymous: false,
            anonymous_perm: 6,
            user_perm: 4,
        };
        assert_eq!(merge(&config, Some(&application)), Ok(merged));
    }

    #[test]
    fn what_is_no_auth_config_is_refused() {
        for (application, reason) in [
            (json!(null), "expected an AuthConfig"),
            (json!([]), "expected an AuthConfig"),
            (json!({ "secret": "s" }), "src/auth.ts: 'secret' is not available"),
            (json!({ "sessionTtlSeconds": 0 }), "sessionTtlSeconds"),
            (json!({ "sessionTtlSeconds": "60" }), "sessionTtlSeconds"),
            (json!({ "sessionTtlSeconds": null }), "sessionTtlSeconds"),
            (json!({ "sessionTtlSeconds": 1e12 }), "sessionTtlSeconds"),
            (json!({ "allowAnonymous": "no" }), "allowAnonymous"),
            (json!({ "perm": 7 }), "perm: expected an object"),
            (json!({ "perm": { "admin": 7 } }), "'admin' is not available"),
            (json!({ "perm": { "user": 8 } }), "auth.perm.user"),
            (json!({ "perm": { "user": -1 } }), "auth.perm.user"),
            (json!({ "perm": { "user": 1.5 } }), "auth.perm.user"),
            (json!({ "perm": { "anonymous": "toString" } }), "auth.perm.anonymous"),
        ] {
            let refused = merge(&AuthConfig::default(), Some(&application)).expect_err("refused");
            assert!(refused.contains(reason), "{application}: {refused}");
        }
    }
}

//! Decides which web pages may call.

use std::net::IpAddr;

use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{
        ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS,
        ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS,
        ACCESS_CONTROL_MAX_AGE, HOST, ORIGIN, VARY,
    },
};
use url::{Host, Url};

use crate::failure::Failure;

pub struct OriginPolicy {
    allowed: Vec<String>,
    /// Pages of this machine may call, whatever their port: development servers.
    loopback: bool,
}

impl OriginPolicy {
    /// `allowed` are origins as browsers spell them.
    pub fn new(allowed: Vec<String>, loopback: bool) -> Self {
        Self { allowed, loopback }
    }

    /// Adds what lets the browser hand the answer to a page of a listed origin.
    pub fn describe(&self, origin: Option<&HeaderValue>, answer: &mut HeaderMap) {
        if !self.allowed.is_empty() || self.loopback {
            answer.insert(VARY, HeaderValue::from_static("Origin"));
        }
        let Some(origin) = origin.filter(|origin| self.is_listed(origin)) else { return };
        answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        answer.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        answer.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED_HEADERS));
    }

    /// Refuses what a page of another origin asks for. Other programs send no origin.
    /// `local` is the address that the request came to.
    pub fn check(&self, request: &HeaderMap, local: IpAddr) -> Result<(), Failure> {
        let allowed = match request.get(ORIGIN) {
            None => request.get(SEC_FETCH_SITE).is_none_or(|site| site != "cross-site"),
            Some(origin) => self.is_listed(origin) || is_same_origin(origin, request, local),
        };
        let refusal = || Failure::new("FORBIDDEN", 403, "Calls from this origin are not allowed");
        allowed.then_some(()).ok_or_else(refusal)
    }

    /// The headers of the answer to a preflight request that was checked.
    pub fn preflight(answer: &mut HeaderMap) {
        let allowed = HeaderValue::from_static;
        answer.insert(ACCESS_CONTROL_ALLOW_METHODS, allowed("GET, POST"));
        answer.insert(ACCESS_CONTROL_ALLOW_HEADERS, allowed(REQUEST_HEADERS));
        answer.insert(ACCESS_CONTROL_MAX_AGE, allowed("600"));
    }

    fn is_listed(&self, origin: &HeaderValue) -> bool {
        self.allowed.iter().any(|allowed| allowed == origin)
            || self.loopback && parse_origin(origin).is_some_and(|page| is_loopback_name(&page))
    }
}

fn is_same_origin(origin: &HeaderValue, request: &HeaderMap, local: IpAddr) -> bool {
    let Some(page) = parse_origin(origin) else { return false };
    let host = request.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let Ok(server) = Url::parse(&format!("{}://{host}", page.scheme())) else { return false };
    let same = (page.host(), page.port()) == (server.host(), server.port()) && is_bare(&server);
    // A foreign name that resolves to this machine (DNS rebinding) is a foreign page: whoever
    // serves such a name through a local proxy lists it.
    same && (!local.to_canonical().is_loopback() || is_loopback_name(&page))
}

/// The origin, where it is one of web pages and spelled as browsers do.
fn parse_origin(origin: &HeaderValue) -> Option<Url> {
    let text = origin.to_str().ok()?;
    crate::config::is_origin(text).then(|| Url::parse(text).ok()).flatten()
}

fn is_bare(url: &Url) -> bool {
    url.path() == "/" && url.username().is_empty() && url.password().is_none()
}

fn is_loopback_name(page: &Url) -> bool {
    match page.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const REQUEST_HEADERS: &str = "authorization, content-type, idempotency-key, x-kontract-abi";
const EXPOSED_HEADERS: &str = "location, retry-after, x-kontract-call-id";

#[cfg(test)]
mod tests {
    use super::*;

    const LOOPBACK: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
    const PUBLIC: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

    fn headers<const N: usize>(pairs: [(&'static str, &str); N]) -> HeaderMap {
        let value = |value: &str| HeaderValue::from_str(value).expect("a header");
        pairs.iter().map(|(name, text)| (HeaderName::from_static(name), value(text))).collect()
    }

    fn policy() -> OriginPolicy {
        OriginPolicy::new(vec!["https://app.example".to_owned()], false)
    }

    fn may_call(origin: &str, host: &str, local: IpAddr) -> bool {
        policy().check(&headers([("origin", origin), ("host", host)]), local).is_ok()
    }

    #[test]
    fn programs_without_an_origin_may_call_and_pages_that_hide_theirs_may_not() {
        assert!(policy().check(&HeaderMap::new(), LOOPBACK).is_ok());
        assert!(policy().check(&headers([("sec-fetch-site", "same-origin")]), LOOPBACK).is_ok());
        assert!(policy().check(&headers([("sec-fetch-site", "cross-site")]), LOOPBACK).is_err());
    }

    #[test]
    fn pages_of_the_servers_own_and_of_listed_origins_may_call() {
        for (origin, host) in [
            ("https://app.example", "127.0.0.1:8787"),
            ("http://127.0.0.1:8787", "127.0.0.1:8787"),
            ("http://localhost:8787", "localhost:8787"),
            ("http://app.localhost:8787", "app.localhost:8787"),
            ("http://[::1]:8787", "[::1]:8787"),
            ("http://localhost", "localhost:80"),
        ] {
            assert!(may_call(origin, host, LOOPBACK), "{origin}");
        }
        assert!(may_call("https://shop.example", "shop.example", PUBLIC));
        assert!(may_call("https://shop.example", "SHOP.example:443", PUBLIC));
    }

    #[test]
    fn other_pages_may_not() {
        for origin in [
            "https://evil.example",
            "https://app.example.evil.example",
            "http://app.example",
            "https://app.example:8443",
            "https://APP.example",
            "null",
            "",
            "file://",
            "not an origin",
            "http://127.0.0.1",
            "http://127.0.0.1:8787/",
        ] {
            assert!(!may_call(origin, "127.0.0.1:8787", LOOPBACK), "{origin}");
        }
        // A name of another that leads to this machine.
        assert!(!may_call("http://evil.example:8787", "evil.example:8787", LOOPBACK));
        assert!(!may_call("http://evil.example", "evil.example/x", PUBLIC));
        assert!(!may_call("http://evil.example", "user@evil.example", PUBLIC));
        assert!(!may_call("http://evil.example", "", PUBLIC));
    }

    #[test]
    fn development_takes_every_page_of_this_machine() {
        let development = OriginPolicy::new(Vec::new(), true);
        let check = |origin| development.check(&headers([("origin", origin)]), LOOPBACK);
        for origin in ["http://localhost:5173", "http://127.0.0.1:1", "https://[::1]:3000"] {
            assert!(check(origin).is_ok(), "{origin}");
            let mut answer = HeaderMap::new();
            development.describe(Some(&HeaderValue::from_static(origin)), &mut answer);
            assert_eq!(answer["access-control-allow-origin"], origin);
        }
        assert!(check("http://evil.example").is_err());
        assert!(check("http://localhost.evil.example").is_err());
    }
}

//! What `kontract.toml` says of a gateway: `[server]`, `[database]`, `[auth]`, `[wire]`.

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use kontract_runtime::config::{
    self as runtime, AuthConfig, Config, Limits, Secret, Wire, is_origin, parse_perm,
};

use super::{
    Options, Text,
    document::{Document, Item},
    wire,
};
use crate::model::{diagnostic::Diagnostic, perms::Guests};

/// How `kontract dev` and `kontract serve` serve an application.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ServerOptions {
    pub port: u16,
    pub host: IpAddr,
    /// Whether calls in JSON are answered.
    pub json: bool,
    /// Origins besides the server's own that browsers may call from.
    pub cors: Vec<String>,
    pub limits: Limits,
    /// The names of the environment variables that `env` offers.
    pub env: Vec<String>,
    /// Where `fetch` may go besides public hosts: `host[:port]`, `loopback`, `private`.
    pub egress: Vec<String>,
    /// `privileges = "shared"`: the gateway runs as the role that owns the tables.
    pub shared_privileges: bool,
    /// The folder of migrations, relative to the project.
    pub migrations: String,
    pub auth: AuthConfig,
    /// How long a client's ticket is good for.
    pub session_idle: Duration,
    /// Streams of one address.
    pub sessions_per_address: usize,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            port: 8787,
            host: IpAddr::from([127, 0, 0, 1]),
            json: true,
            cors: Vec::new(),
            limits: Limits::default(),
            env: Vec::new(),
            egress: Vec::new(),
            shared_privileges: false,
            migrations: "migrations".to_owned(),
            auth: AuthConfig::default(),
            session_idle: Wire::default().session_idle,
            sessions_per_address: Wire::default().sessions_per_address,
        }
    }
}

impl Options {
    /// What `[auth]` says of callers without an account.
    pub fn guests(&self) -> Guests {
        let AuthConfig { allow_anonymous, anonymous_perm, .. } = self.serving.auth;
        Guests { perm: allow_anonymous.then_some(anonymous_perm) }
    }

    /// What a gateway of the project's output folder is told. The environment variables that it
    /// lists are taken as they are now.
    pub fn gateway(
        &self,
        database: runtime::Database,
        secret: Secret,
        static_key: Option<Secret>,
    ) -> Config {
        let ServerOptions { port, host, json, cors, limits, egress, auth, .. } =
            self.serving.clone();
        let ServerOptions { session_idle, sessions_per_address, .. } = self.serving;
        Config {
            dist: self.out_folder(),
            address: SocketAddr::new(host, port),
            base: self.base.clone(),
            json,
            cors,
            limits,
            variables: self.variables(),
            egress,
            database,
            secret,
            auth,
            wire: Wire { static_key, session_idle, sessions_per_address, ..Wire::default() },
            development: false,
            threads: None,
        }
    }

    /// The environment variables that the application is offered.
    pub fn variables(&self) -> BTreeMap<String, Option<String>> {
        let names = self.serving.env.iter();
        names.map(|name| (name.clone(), std::env::var(name).ok())).collect()
    }
}

/// Reads the four sections; what is wrong keeps its default and is reported.
pub fn read(document: &Document<'_>, diagnostics: &mut Vec<Diagnostic>) -> ServerOptions {
    let mut options = ServerOptions::default();
    let server = |key| document.item("server", key);
    if let Some(port) = server("port").and_then(|item| number(&item, 0, 65_535, diagnostics)) {
        options.port = u16::try_from(port).unwrap_or_default();
    }
    if let Some(host) = server("host").and_then(|item| parse_host(&item, diagnostics)) {
        options.host = host;
    }
    if let Some(json) = server("json").and_then(|item| item.boolean(diagnostics)) {
        options.json = json;
    }
    let mut list = |key, expected, is_valid: fn(&str) -> bool| {
        server(key).map_or(Vec::new(), |item| texts(&item, expected, is_valid, diagnostics))
    };
    options.cors =
        list("cors", "an origin such as `https://app.example`, without a path", is_origin);
    options.env = list("env", "names in capitals, such as `API_KEY`", is_variable);
    options.egress = list("egress", "`host`, `host:port`, `loopback` or `private`", is_destination);
    if let Some(item) = server("limits") {
        read_limits(&item, &mut options.limits, diagnostics);
    }
    if let Some(item) = document.item("database", "privileges") {
        options.shared_privileges = is_shared(&item, diagnostics);
    }
    if let Some(item) = document.item("database", "migrations")
        && let Some(text) = item.text(diagnostics)
    {
        let folder = text.value.trim_end_matches('/');
        let inside = |part: &str| !part.is_empty() && part != "." && part != "..";
        if folder.split('/').all(inside) && !folder.contains(['\\', ':']) {
            folder.clone_into(&mut options.migrations);
        } else {
            item.refuse("a folder of the project, such as `\"database/migrations\"`", diagnostics);
        }
    }
    read_auth(document, &mut options.auth, diagnostics);
    if let Some(idle) = wire::session_idle(document, diagnostics) {
        options.session_idle = idle;
    }
    if let Some(item) = document.item("wire", "sessions_per_address")
        && let Some(most) = number(&item, 1, 1 << 30, diagnostics)
    {
        options.sessions_per_address = usize::try_from(most).unwrap_or(usize::MAX);
    }
    options
}

fn read_limits(item: &Item<'_>, limits: &mut Limits, diagnostics: &mut Vec<Diagnostic>) {
    for (key, item) in item.entries(&LIMITS, diagnostics) {
        // Timers and sizes stay far from where arithmetic ends.
        let Some(number) = number(&item, 1, 1 << 30, diagnostics) else { continue };
        let size = usize::try_from(number).unwrap_or(usize::MAX);
        match key {
            "deadline_ms" => limits.deadline = Duration::from_millis(number),
            "cpu_ms" => limits.cpu = Duration::from_millis(number),
            "heap_mb" => limits.heap = size.saturating_mul(1 << 20),
            "stack_kb" => limits.stack = size.saturating_mul(1 << 10),
            "body_kb" => limits.body = size.saturating_mul(1 << 10),
            _ => limits.in_flight = size,
        }
    }
}

fn read_auth(document: &Document<'_>, auth: &mut AuthConfig, diagnostics: &mut Vec<Diagnostic>) {
    if let Some(seconds) = document
        .item("auth", "session_ttl")
        .and_then(|item| number(&item, 1, LONGEST_TTL, diagnostics))
    {
        auth.session_ttl = Duration::from_secs(seconds);
    }
    if let Some(allowed) =
        document.item("auth", "allow_anonymous").and_then(|item| item.boolean(diagnostics))
    {
        auth.allow_anonymous = allowed;
    }
    let entries = document
        .item("auth", "perm")
        .map_or(Vec::new(), |item| item.entries(&["anonymous", "user"], diagnostics));
    for (key, item) in entries {
        let Some(text) = item.text(diagnostics) else { continue };
        match (parse_perm(&text.value), key) {
            (Some(perm), "anonymous") => auth.anonymous_perm = perm,
            (Some(perm), _) => auth.user_perm = perm,
            (None, _) => item.refuse("a mask such as `\"R__\"` or `\"RWX\"`", diagnostics),
        }
    }
}

fn number(
    item: &Item<'_>,
    least: u64,
    most: u64,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<u64> {
    let number = item.whole_number(diagnostics)?;
    let number = u64::try_from(number).ok().filter(|number| (least..=most).contains(number));
    if number.is_none() {
        item.refuse(&format!("a whole number from {least} to {most}"), diagnostics);
    }
    number
}

fn texts(
    item: &Item<'_>,
    expected: &str,
    is_valid: fn(&str) -> bool,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<String> {
    let texts = item.texts(diagnostics).unwrap_or_default();
    if texts.iter().any(|text| !is_valid(&text.value)) {
        item.refuse(expected, diagnostics);
    }
    texts.into_iter().map(|Text { value, .. }| value).collect()
}

fn parse_host(item: &Item<'_>, diagnostics: &mut Vec<Diagnostic>) -> Option<IpAddr> {
    let text = item.text(diagnostics)?.value;
    let host = if text == "localhost" { "127.0.0.1" } else { &text };
    let address = host.parse().ok();
    if address.is_none() {
        item.refuse("an address of this machine: `127.0.0.1`, `0.0.0.0`, `::`", diagnostics);
    }
    address
}

fn is_shared(item: &Item<'_>, diagnostics: &mut Vec<Diagnostic>) -> bool {
    let Some(text) = item.text(diagnostics) else { return false };
    match text.value.as_str() {
        "shared" => true,
        "minimal" => false,
        _ => {
            item.refuse("`minimal` or `shared`", diagnostics);
            false
        }
    }
}

fn is_variable(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty()
        && name.bytes().all(|byte| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'_'))
}

fn is_destination(text: &str) -> bool {
    !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || "/@?#*".contains(c))
}

const LIMITS: [&str; 6] = ["deadline_ms", "cpu_ms", "heap_mb", "stack_kb", "body_kb", "in_flight"];
/// A year.
const LONGEST_TTL: u64 = 365 * 24 * 3600;

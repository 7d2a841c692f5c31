use std::time::Duration;

use kontract_runtime::config::{AuthConfig, Limits};
use proptest::prelude::*;

use super::*;
use crate::{
    diagnostic::testing::{shown, snapshots},
    files::Memory,
};

fn load_text(text: &str) -> Result<Options, Vec<Diagnostic>> {
    let files = Memory::unix([("/app/kontract.toml", text)]);
    load(&files, Path::new("/app"), &Flags::default())
}

fn errors(text: &str) -> String {
    let files = Memory::unix([("/app/kontract.toml", text)]);
    let errors = load(&files, Path::new("/app"), &Flags::default()).expect_err("it is wrong");
    shown(&files, "/app", errors)
}

#[test]
fn a_project_without_a_configuration_has_the_defaults() {
    let files = Memory::unix([("/app/src/a.ts", "")]);
    let options = load(&files, Path::new("/app"), &Flags::default()).expect("no configuration");
    assert_eq!(options.project, Path::new("/app"));
    assert_eq!(options.include, ["src/**/*.{ts,tsx,mts}"]);
    assert_eq!(options.out, "dist");
    assert_eq!(options.source_root(), "src");
    assert_eq!(options.base, None);
    assert_eq!(options.serving, ServerOptions::default());
    assert!(!options.is_server(&SourcePath::new("src/a.ts")));
}

#[test]
fn every_key_of_this_version_is_read() {
    let options = load_text(
        r#"
[build]
include = ["src/**/*.ts", "./lib/", "main.ts"]
exclude = ["src/old"]
server = ["src/server/**"]
client = ["src/web"]
out = "./build/out/"
[server]
base = "/api/v1/"
port = 0x50
host = "::1"
json = false
cors = ["https://app.example", "http://localhost:5173"]
env = ["API_KEY"]
egress = ["loopback", "mail.internal:25"]
[server.limits]
deadline_ms = 2_000
cpu_ms = 50
heap_mb = 8
stack_kb = 256
body_kb = 64
in_flight = 10
[database]
privileges = "shared"
migrations = "database/migrations"
[auth]
session_ttl = 60
allow_anonymous = false
perm = { anonymous = "___", user = "RW_" }
[wire]
pin = ["AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="]
session_idle = 60
sessions_per_address = 100
"#,
    )
    .expect("the configuration is right");
    assert_eq!(options.include, ["src/**/*.ts", "lib/**/*.{ts,tsx,mts}", "main.ts"]);
    assert_eq!(options.out, "build/out");
    assert_eq!(options.base.as_deref(), Some("/api/v1"));
    assert_eq!(
        options.serving,
        ServerOptions {
            port: 80,
            host: "::1".parse().expect("an address"),
            json: false,
            cors: vec!["https://app.example".to_owned(), "http://localhost:5173".to_owned()],
            limits: Limits {
                deadline: Duration::from_secs(2),
                cpu: Duration::from_millis(50),
                heap: 8 << 20,
                stack: 256 << 10,
                body: 64 << 10,
                in_flight: 10,
                ..Limits::default()
            },
            env: vec!["API_KEY".to_owned()],
            egress: vec!["loopback".to_owned(), "mail.internal:25".to_owned()],
            shared_privileges: true,
            migrations: "database/migrations".to_owned(),
            auth: AuthConfig {
                session_ttl: Duration::from_mins(1),
                allow_anonymous: false,
                anonymous_perm: 0,
                user_perm: 6,
            },
            session_idle: Duration::from_mins(1),
            sessions_per_address: 100,
        }
    );
    assert_eq!(options.pins.iter().map(Pin::id).collect::<Vec<_>>(), ["72cd6e84"]);
    assert!(options.is_server(&SourcePath::new("src/server/db/pool.ts")));
    assert!(!options.is_server(&SourcePath::new("src/servers.ts")));
    assert!(options.is_client(&SourcePath::new("src/web/main.ts")));
    assert!(options.is_excluded("src/old"));
    assert!(!options.is_source("src/old/a.ts"));
    assert_eq!(options.source_root(), "");
}

#[test]
fn the_source_root_is_the_folder_that_all_patterns_share() {
    let root = |include: &str| {
        load_text(&format!("[build]\ninclude = {include}")).expect("right").source_root()
    };
    assert_eq!(root(r#"["src/**/*.ts"]"#), "src");
    assert_eq!(root(r#"["src/api/**", "src/web/**"]"#), "src");
    assert_eq!(root(r#"["src/api/**", "src/apis/**"]"#), "src");
    assert_eq!(root(r#"["src/{api,web}/**/*.ts"]"#), "src");
    assert_eq!(root(r#"["packages/*/src/**"]"#), "packages");
    assert_eq!(root(r#"["src/api/users.ts"]"#), "src/api");
    assert_eq!(root(r#"["**/*.ts"]"#), "");
    assert_eq!(root(r#"["src", "lib"]"#), "");
}

#[test]
fn declarations_tests_and_other_types_are_no_sources_unless_named() {
    let options =
        load_text(r#"build.include = ["src/**", "src/fixtures/a.test.ts"]"#).expect("right");
    for path in ["src/a.ts", "src/b.tsx", "src/c.mts", "src/fixtures/a.test.ts", "src/test.ts"] {
        assert!(options.is_source(path), "{path}");
    }
    for path in
        ["src/a.d.ts", "src/a.d.mts", "src/a.test.ts", "src/a.spec.tsx", "src/a.css", "lib/a.ts"]
    {
        assert!(!options.is_source(path), "{path}");
    }
}

#[test]
fn the_nearest_configuration_above_is_used_up_to_the_repository() {
    let files = Memory::unix([
        ("/kontract.toml", ""),
        ("/repository/.git/HEAD", ""),
        ("/repository/shop/kontract.toml", "build.out = 'built'"),
        ("/repository/shop/src/deep/a.ts", ""),
        ("/repository/other/a.ts", ""),
    ]);
    let at = |start: &str| load(&files, Path::new(start), &Flags::default()).expect("right");
    assert_eq!(at("/repository/shop/src/deep").project, Path::new("/repository/shop"));
    assert_eq!(at("/repository/shop/src/deep").out, "built");
    assert_eq!(at("/repository/other").project, Path::new("/repository/other"));
    assert_eq!(at("/").project, Path::new("/"));
}

#[test]
fn builds_of_development_know_its_gateway_first() {
    let (own, other) = (
        "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=",
        "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=",
    );
    let files = Memory::unix([
        ("/app/kontract.toml", &*format!("wire.pin = ['{other}']")),
        ("/app/.kontract/dev/pin", &*format!("{own}\n")),
    ]);
    let pins = |development| {
        let flags = Flags { development, ..Flags::default() };
        let options = load(&files, Path::new("/app"), &flags).expect("right");
        options.pins.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(pins(true), [own, other]);
    assert_eq!(pins(false), [other]);
}

#[test]
fn flags_win_over_the_configuration() {
    let files = Memory::unix([("/app/config/other.toml", "build.out = 'built'")]);
    let mut flags = Flags {
        config: Some("/app/config/other.toml".into()),
        out: Some("flag".to_owned()),
        threads: Some(2),
        leak_report: Some("/tmp/report.json".into()),
        optimize: true,
        development: false,
    };
    let options = load(&files, Path::new("/elsewhere"), &flags).expect("right");
    assert_eq!(options.project, Path::new("/app/config"));
    assert_eq!((options.out.as_str(), options.threads), ("flag", Some(2)));
    flags.out = Some("/app/config/inside".to_owned());
    assert_eq!(load(&files, Path::new("/"), &flags).expect("right").out, "inside");
    flags.out = None;
    assert_eq!(load(&files, Path::new("/"), &flags).expect("right").out, "built");
}

#[test]
fn the_optimizer_runs_where_a_flag_and_the_configuration_agree() {
    let passes = |text: &str, optimize| {
        let files = Memory::unix([("/app/kontract.toml", text)]);
        let flags = Flags { optimize, ..Flags::default() };
        load(&files, Path::new("/app"), &flags).expect("right").optimize
    };
    let all = Passes::default();
    assert_eq!(passes("", false), None);
    assert_eq!(passes("", true), Some(all));
    assert_eq!(passes("build.optimize = true", true), Some(all));
    assert_eq!(passes("build.optimize = false", true), None);
    assert_eq!(
        passes("[build.optimize]\ninline = false\nfold = true\npasses = 1", true),
        Some(Passes { inline: false, passes: 1, ..all })
    );
}

#[test]
fn a_project_behind_a_symbolic_link_has_its_real_path() {
    let files = Memory::unix([("/real/app/src/a.ts", "")]);
    files.link("/app", "/real/app");
    let options = load(&files, Path::new("/app/src/.."), &Flags::default()).expect("right");
    assert_eq!(options.project, Path::new("/real/app"));
}

#[test]
fn windows_paths_work_in_both_spellings() {
    let files = Memory::windows([
        (r"C:\shop\kontract.toml", "build.out = 'Built'"),
        (r"C:\shop\src\a.ts", ""),
        (r"D:\lib\b.ts", ""),
    ]);
    let options = load(&files, Path::new(r"c:\SHOP\src"), &Flags::default()).expect("right");
    assert_eq!(options.project, Path::new("C:/shop"));
    assert_eq!(options.source_path(Path::new("C:/shop/src/a.ts")).as_str(), "src/a.ts");
    assert_eq!(options.source_path(Path::new("C:/lib/b.ts")).as_str(), "../lib/b.ts");
    assert_eq!(options.absolute(&SourcePath::new("src/a.ts")), Path::new("C:/shop/src/a.ts"));
}

#[test]
fn source_paths_and_absolute_paths_are_inverse() {
    let options = Options::defaults("/home/me/app");
    for (path, name) in [
        ("/home/me/app/src/a.ts", "src/a.ts"),
        ("/home/me/shared/b.ts", "../shared/b.ts"),
        ("/home/me/apples/b.ts", "../apples/b.ts"),
        ("/opt/c.ts", "../../../opt/c.ts"),
    ] {
        assert_eq!(options.source_path(Path::new(path)).as_str(), name);
        assert_eq!(options.absolute(&SourcePath::new(name)), Path::new(path));
    }
}

#[test]
fn mistakes_in_keys_are_shown_with_what_was_meant() {
    snapshots("config").bind(|| {
        insta::assert_snapshot!("unknown_keys", errors(
            "include = []\nsever.base = ''\n[build]\nincldue = []\nbase = '/'\nxyzzy = 1\n[zzz]\n[database]\nfoo = 1\n"
        ));
        insta::assert_snapshot!("wrong_types", errors(
            "server = 3\n[build]\nout = 3\ninclude = 'src'\nexclude = ['a', 1, true]\n[[client]]\n"
        ));
        insta::assert_snapshot!("not_available_yet", errors(
            "[auth]\nhash = 'argon2id'\n"
        ));
    });
}

#[test]
fn mistakes_in_values_are_shown_where_they_are() {
    snapshots("config").bind(|| {
        insta::assert_snapshot!("bad_patterns", errors(
            "[build]\ninclude = ['src/[a', '../lib/**', '/abs', 'src\\a.ts', '']\nclient = ['C:/x']\n"
        ));
        insta::assert_snapshot!("empty_include", errors("build.include = []"));
        insta::assert_snapshot!("bad_base", errors("server.base = 'api?x=1'"));
        insta::assert_snapshot!("reserved_base", errors("server.base = '/auth/v1'"));
        insta::assert_snapshot!("bad_server", errors(
            "[server]\nport = 65536\nhost = 'example.org'\njson = 'no'\ncors = ['https://app.example/']\n\
             env = ['api_key']\negress = ['http://a']\nlimits = { body_kb = 0, cpu = 1, heap_mb = 1.5 }\n\
             [database]\nprivileges = 'all'\n\
             [auth]\nsession_ttl = -1\nallow_anonymous = 1\nperm = { user = 'XWR', anonymous = 4 }\n"
        ));
        insta::assert_snapshot!("bad_wire", errors(
            "[wire]\npin = ['m']\nsession_idle = 1\nsessions_per_address = 0\njson = false\npins = []\n"
        ));
        insta::assert_snapshot!("bad_optimize", errors(
            "[build.optimize]\npasses = 4\ninlne = true\nfold = 'yes'\n"
        ));
        insta::assert_snapshot!("bad_tables", errors("server.limits = 3\nauth.perm = 'RWX'"));
    });
}

#[test]
fn output_folders_that_would_destroy_something_are_refused() {
    let all =
        [".", "", "./", "..", "a/../..", "/tmp/x", "C:/x", "a\\b", "src", "node_modules/x", ".git"];
    let shown: Vec<String> =
        all.iter().map(|out| errors(&format!("build.out = '{out}'"))).collect();
    snapshots("config").bind(|| insta::assert_snapshot!("bad_out", shown.join("\n")));
    for out in ["src/generated", "build", "a/../b", "srcs", ".dist"] {
        assert!(load_text(&format!("build.out = '{out}'")).is_ok(), "{out}");
    }
}

#[test]
fn a_flag_for_the_output_folder_has_no_place_in_the_configuration() {
    let files = Memory::unix([("/app/src/a.ts", "")]);
    let flags = Flags { out: Some("../x".to_owned()), ..Flags::default() };
    let errors = load(&files, Path::new("/app"), &flags).expect_err("outside");
    snapshots("config")
        .bind(|| insta::assert_snapshot!("bad_out_flag", shown(&files, "/app", errors)));
}

#[test]
fn files_that_are_no_configuration_are_refused() {
    let files = Memory::unix([
        ("/syntax/kontract.toml", &b"\xef\xbb\xbf[build\r\nout = \r\n"[..]),
        ("/binary/kontract.toml", &b"[build]\nout = \"\xff\""[..]),
        ("/secret/kontract.toml", &b""[..]),
    ]);
    files.fail("/secret/kontract.toml", std::io::ErrorKind::PermissionDenied);
    let errors = |folder: &str| {
        let errors = load(&files, Path::new(folder), &Flags::default()).expect_err("wrong");
        shown(&files, folder, errors)
    };
    snapshots("config").bind(|| {
        insta::assert_snapshot!("syntax", errors("/syntax"));
        insta::assert_snapshot!("not_utf8", errors("/binary"));
        insta::assert_snapshot!("no_such_folder", errors("/none"));
        let flags = Flags { config: Some("/none/kontract.toml".into()), ..Flags::default() };
        let missing = load(&files, Path::new("/syntax"), &flags).expect_err("missing");
        insta::assert_snapshot!("no_such_config", shown(&files, "/", missing));
    });
}

#[test]
fn the_folder_of_a_pattern_for_all_its_files_is_excluded_itself() {
    let options = load_text("build.exclude = ['src/old/**', '**/gen/**/*', 'src/x/*.ts']");
    let options = options.expect("right");
    for folder in ["src/old", "src/old/deep", "src/a/gen", "gen"] {
        assert!(options.is_excluded(folder), "{folder}");
    }
    for folder in ["src", "src/older", "src/x", "src/gen2"] {
        assert!(!options.is_excluded(folder), "{folder}");
    }
}

proptest! {
    #[test]
    fn any_text_is_a_configuration_or_is_refused_with_a_place(
        text in prop_oneof![
            "[\\PC\n]{0,60}",
            "(\\[?(build|server|client|out)\\]? ?[=.]? ?(\"[a-z/.*{},\\[\\]]{0,8}\"|\\[|\\]|[0-9]|,|\n| ){0,4}){0,6}",
            "build\\.(include|exclude|out) = (\\[)?'[^'\\n]{0,12}'(\\])?",
        ]
    ) {
        if let Err(found) = load_text(&text) {
            prop_assert!(!found.is_empty());
            let files = Memory::unix([("/app/kontract.toml", &text)]);
            shown(&files, "/app", found);
        }
    }
}

//! No input makes the compiler panic or hang, and what it puts out is code.
//!
//! A failing mutant prints its seed; `KONTRACT_SEED=<seed> cargo test --test robustness mutants`
//! builds that one alone. Where the process itself dies (a stack overflow), the seeds that were
//! under way are in `target/tmp/robustness-*.seed`.

#[path = "support/fixtures.rs"]
mod fixtures;
#[path = "support/mutation.rs"]
mod mutation;

use std::{
    env, fs,
    panic::{self, AssertUnwindSafe},
    path::Path,
    process,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use kontract::{
    config::{Flags, load},
    diagnostic::render::{Renderer, Style, sort},
    files::{Files, Memory},
    model::{SourcePath, diagnostic::Diagnostic, output::Output},
    pipeline, source,
};

use fixtures::{PROJECT, fixtures, folder, names};
use mutation::{Random, mutate};

type Sources = Vec<(String, Vec<u8>)>;

struct Built {
    diagnostics: Vec<Diagnostic>,
    outputs: Vec<Output>,
}

fn build(files: &Arc<dyn Files>, threads: usize) -> Built {
    let flags = Flags { threads: Some(threads), ..Flags::default() };
    match load(&**files, Path::new(PROJECT), &flags) {
        Ok(options) => {
            let build = pipeline::build(files, &options);
            Built { diagnostics: build.diagnostics, outputs: build.outputs }
        }
        Err(diagnostics) => Built { diagnostics, outputs: Vec::new() },
    }
}

fn memory<'a>(sources: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Arc<dyn Files> {
    let files = Memory::unix([(format!("{PROJECT}/.git/HEAD"), "")]);
    for (path, bytes) in sources {
        files.add(&format!("{PROJECT}/{path}"), bytes);
    }
    Arc::new(files)
}

fn failed(built: &Built) -> bool {
    built.diagnostics.iter().any(Diagnostic::is_error)
}

/// Everything that must hold of a build, whatever the sources are.
fn check(files: &Arc<dyn Files>) -> Result<Built, String> {
    let built = build(files, 1);
    render(&**files, built.diagnostics.clone());
    if failed(&built) {
        return match built.outputs.is_empty() {
            true => Ok(built),
            false => Err("there are errors and outputs".to_owned()),
        };
    }
    for output in &built.outputs {
        check_output(output)?;
    }
    let again = build(files, 2);
    let differs = built
        .outputs
        .iter()
        .zip(&again.outputs)
        .find(|(a, b)| (&a.path, &a.text) != (&b.path, &b.text));
    if let Some((output, _)) = differs {
        return Err(format!("{} is not the same twice", output.path));
    }
    if built.outputs.len() != again.outputs.len() {
        return Err("not the same outputs twice".to_owned());
    }
    Ok(built)
}

fn render(files: &dyn Files, diagnostics: Vec<Diagnostic>) {
    let mut renderer = Renderer::new(files, Path::new(PROJECT));
    for diagnostic in sort(diagnostics) {
        renderer.human(&diagnostic, Style { color: false, width: 80 });
        let json = renderer.json(&diagnostic);
        serde_json::from_str::<serde_json::Value>(&json).expect("a diagnostic is JSON");
        renderer.github(&diagnostic, "");
    }
}

fn check_output(output: &Output) -> Result<(), String> {
    let file = SourcePath::new(&output.path);
    if output.path.ends_with(".json") || output.path.ends_with(".map") {
        return serde_json::from_str::<serde::de::IgnoredAny>(&output.text)
            .map(drop)
            .map_err(|error| format!("{file} is not JSON: {error}"));
    }
    match source::parse(&file, &output.text) {
        (Some(parsed), diagnostics) if diagnostics.is_empty() && parsed.plain => Ok(()),
        (_, diagnostics) => Err(format!(
            "{file} does not parse: {:?}\n{}",
            diagnostics.first().map(|d| (&d.message, d.span)),
            output.text
        )),
    }
}

// ---- mutants ------------------------------------------------------------------------------------

/// The projects that are mutated: every fixture, and each application.
fn projects() -> Vec<Sources> {
    let mut projects: Vec<Sources> = fixtures().into_iter().map(|f| f.sources).collect();
    for application in names(&folder("fixtures/apps")) {
        let mut sources = Sources::new();
        for path in ["src", "kontract.toml", "tsconfig.json"] {
            read(&folder("fixtures/apps").join(&application), path, &mut sources);
        }
        projects.push(sources);
    }
    projects.retain(|sources| !sources.is_empty());
    projects
}

fn read(root: &Path, path: &str, sources: &mut Sources) {
    let full = root.join(path);
    if full.is_dir() {
        names(&full).iter().for_each(|name| read(root, &format!("{path}/{name}"), sources));
    } else if full.is_file() {
        sources.push((path.to_owned(), fs::read(&full).expect("readable")));
    }
}

fn mutant(projects: &[Sources], seed: u64) -> Sources {
    let mut random = Random::new(seed);
    let mut sources = projects[random.below(projects.len())].clone();
    let other = &projects[random.below(projects.len())];
    let other = &other[random.below(other.len())].1;
    let at = random.below(sources.len());
    sources[at].1 = mutate(&mut random, &sources[at].1, other);
    sources
}

fn check_mutant(projects: &[Sources], seed: u64) -> Result<bool, String> {
    let sources = mutant(projects, seed);
    let run = || {
        let files = memory(sources.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice())));
        check(&files)
    };
    match panic::catch_unwind(AssertUnwindSafe(run)) {
        Ok(Ok(built)) => Ok(!failed(&built)),
        Ok(Err(message)) => Err(message),
        Err(_) => Err("it panicked".to_owned()),
    }
}

#[test]
fn mutants_of_the_fixtures_neither_panic_nor_hang_and_build_to_code() {
    let projects = projects();
    if let Some(seed) = env::var("KONTRACT_SEED").ok().and_then(|seed| seed.parse().ok()) {
        for (path, bytes) in mutant(&projects, seed) {
            eprintln!("──── {path}\n{}", String::from_utf8_lossy(&bytes));
        }
        if let Err(message) = check_mutant(&projects, seed) {
            panic!("{message}");
        }
        return;
    }
    let prove = env::var_os("KONTRACT_PROVE").is_some();
    let count: u64 = if prove { 120_000 } else { 3_000 };
    // Other mutants in a long run than in a short one.
    let first: u64 = if prove { 1_000_000 } else { 0 };
    let next = AtomicU64::new(first);
    let succeeded = AtomicUsize::new(0);
    let failures = Mutex::new(Vec::new());
    let workers = thread::available_parallelism().map_or(2, usize::from).min(8);
    let under_way: Vec<Mutex<Option<(u64, Instant)>>> =
        (0..workers).map(|_| Mutex::default()).collect();
    thread::scope(|scope| {
        let work: Vec<_> = under_way
            .iter()
            .enumerate()
            .map(|(worker, slot)| {
                let (next, succeeded, failures, projects) =
                    (&next, &succeeded, &failures, &projects);
                scope.spawn(move || {
                    let note = Path::new(env!("CARGO_TARGET_TMPDIR"))
                        .join(format!("robustness-{worker}.seed"));
                    loop {
                        let seed = next.fetch_add(1, Ordering::Relaxed);
                        if seed >= first + count {
                            let _ = fs::remove_file(&note);
                            break;
                        }
                        let _ = fs::write(&note, seed.to_string());
                        *slot.lock().expect("held shortly") = Some((seed, Instant::now()));
                        match check_mutant(projects, seed) {
                            Ok(true) => drop(succeeded.fetch_add(1, Ordering::Relaxed)),
                            Ok(false) => {}
                            Err(message) => {
                                failures.lock().expect("held shortly").push((seed, message))
                            }
                        }
                        *slot.lock().expect("held shortly") = None;
                    }
                })
            })
            .collect();
        while work.iter().any(|worker| !worker.is_finished()) {
            for slot in &under_way {
                if let Some((seed, since)) = *slot.lock().expect("held shortly")
                    && since.elapsed() > LIMIT
                {
                    // A thread that hangs cannot be ended.
                    eprintln!("mutant {seed} takes longer than {LIMIT:?}");
                    process::exit(1);
                }
            }
            thread::sleep(Duration::from_millis(20));
        }
    });
    let mut failures = failures.into_inner().expect("nobody panicked");
    failures.sort();
    for (seed, message) in &failures {
        eprintln!("──── KONTRACT_SEED={seed}: {message}");
    }
    let seeds: Vec<u64> = failures.iter().map(|(seed, _)| *seed).collect();
    assert!(seeds.is_empty(), "{} of {count} mutants failed: {seeds:?}", seeds.len());
    let succeeded = succeeded.into_inner() as u64;
    eprintln!("{count} mutants, {succeeded} of them built");
    assert!(succeeded > count / 20, "only {succeeded} of {count} mutants built: they say little");
}

/// What no mutant may exceed; they take milliseconds, but the machine may be busy.
const LIMIT: Duration = Duration::from_secs(60);

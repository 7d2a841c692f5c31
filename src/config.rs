//! `kontract.toml` and flags → [`Options`].

use std::path::{Path, PathBuf};

use kontract_runtime::gateway::Pin;

use crate::{
    diagnostic::config as diagnostics,
    files::Files,
    model::{SourcePath, Span, diagnostic::Diagnostic},
};

mod document;
mod optimize;
mod patterns;
mod server;
mod wire;

use document::{Document, Text};
pub use optimize::Passes;
pub use patterns::Patterns;
use patterns::{has_wildcard, normalize, static_prefix};
pub use server::ServerOptions;
pub use wire::DEVELOPMENT_PIN;

pub const CONFIG_FILE: &str = "kontract.toml";

/// What a build is told. Paths with `/` are relative to the project.
#[derive(Clone, Debug)]
pub struct Options {
    /// The folder of `kontract.toml`: absolute, without symbolic links.
    pub project: PathBuf,
    pub include: Vec<String>,
    pub exclude: Vec<String>,
    pub server: Vec<String>,
    pub client: Vec<String>,
    /// The output folder, `dist` by default: inside the project, not the project itself.
    pub out: String,
    /// Modules of the server are loaded when one of their routes is called.
    pub lazy: bool,
    /// The folder of the pages that document the routes.
    pub cookbook: Cookbook,
    /// A second prefix of the routes beside `/rpc`: `/api/v1`, never with a `/` at its end.
    pub base: Option<String>,
    /// How server code is optimized; None: not at all.
    pub optimize: Option<Passes>,
    /// How the application is served.
    pub serving: ServerOptions,
    /// The keys by which clients know a gateway, the current one first; without any they make their
    /// calls by HTTP alone.
    pub pins: Vec<Pin>,
    /// Where to write what the scan of the client files looked for.
    pub leak_report: Option<PathBuf>,
    pub threads: Option<usize>,
    globs: Globs,
}

/// `[cookbook]`
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cookbook {
    /// Like the output folder, and not it.
    pub out: String,
    /// The section stands in `kontract.toml`: builds write the pages.
    pub configured: bool,
}

#[derive(Clone, Debug)]
struct Globs {
    include: Patterns,
    exclude: Patterns,
    server: Patterns,
    client: Patterns,
}

/// What the command line says about a build; it wins over `kontract.toml`.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    /// Absolute.
    pub config: Option<PathBuf>,
    /// Relative to the project, or an absolute path inside it.
    pub out: Option<String>,
    /// Absolute.
    pub leak_report: Option<PathBuf>,
    pub threads: Option<usize>,
    /// Server code is optimized as `kontract.toml` says, and otherwise not at all.
    pub optimize: bool,
    /// Clients know the gateway of `kontract dev`, too.
    pub development: bool,
}

/// Where a project is and what configures it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Project {
    pub folder: PathBuf,
    /// Name of the configuration file in `folder`; None: all defaults.
    pub config: Option<String>,
}

/// Finds the configuration that governs `start`: the nearest `kontract.toml` in it or above it, up
/// to the root of the git repository, since a file outside of it would make builds differ between
/// machines. Without one, `start` is the project.
pub fn find(files: &dyn Files, start: &Path, flags: &Flags) -> Result<Project, Vec<Diagnostic>> {
    if let Some(path) = &flags.config {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        let folder = path.parent().and_then(|folder| files.canonicalize(folder).ok());
        return match (folder, name) {
            (Some(folder), Some(name)) if files.is_file(path) => {
                Ok(Project { folder, config: Some(name) })
            }
            _ => Err(vec![diagnostics::no_such_config(path)]),
        };
    }
    let start = files
        .canonicalize(start)
        .ok()
        .filter(|start| files.is_folder(start))
        .ok_or_else(|| vec![diagnostics::no_such_folder(start)])?;
    for folder in start.ancestors() {
        if files.is_file(&folder.join(CONFIG_FILE)) {
            let config = Some(CONFIG_FILE.to_owned());
            return Ok(Project { folder: folder.to_owned(), config });
        }
        if files.link_kind(&folder.join(".git")).is_ok() {
            break;
        }
    }
    Ok(Project { folder: start, config: None })
}

pub fn load(files: &dyn Files, start: &Path, flags: &Flags) -> Result<Options, Vec<Diagnostic>> {
    let project = find(files, start, flags)?;
    let mut diagnostics = Vec::new();
    let mut options = match &project.config {
        Some(name) => read_config(files, &project.folder, name, flags, &mut diagnostics),
        None => build_options(project.folder, &Document::default(), flags, &mut diagnostics),
    };
    if let Some(options) = options.as_mut().filter(|_| flags.development) {
        let pin = wire::development_pin(files, &options.project);
        options.pins.splice(0..0, pin);
    }
    match options {
        Some(options) if diagnostics.is_empty() => Ok(options),
        _ => Err(diagnostics),
    }
}

impl Options {
    /// What a project without `kontract.toml` is built with.
    #[allow(clippy::missing_panics_doc, reason = "the defaults are valid")]
    pub fn defaults(project: impl Into<PathBuf>) -> Self {
        let mut diagnostics = Vec::new();
        build_options(project.into(), &Document::default(), &Flags::default(), &mut diagnostics)
            .expect("the defaults are valid")
    }

    /// The file matches `[build] include` and not `exclude`, which includes what is never a source:
    /// declaration files, tests, and other file types.
    pub fn is_source(&self, path: &str) -> bool {
        is_typescript(path)
            && self.globs.include.is_match(path)
            && !self.globs.exclude.is_match(path)
            && (!is_declaration_or_test(path) || self.names(path))
    }

    /// An entry of `[build] include` is exactly this path: nothing but `exclude` outweighs that.
    pub fn names(&self, path: &str) -> bool {
        self.include.iter().any(|pattern| pattern == path)
    }

    /// A folder with everything below it is excluded.
    pub fn is_excluded(&self, folder: &str) -> bool {
        folder == self.out || self.globs.exclude.is_match(folder)
    }

    /// Files matched by `[build] include` may lie in this folder or below it.
    pub fn may_hold_sources(&self, folder: &str) -> bool {
        self.include.iter().any(|pattern| {
            let prefix = static_prefix(pattern);
            is_within(prefix, folder) || is_within(folder, prefix)
        })
    }

    /// The entries of `[build] include` that match a path, by their place in the list.
    pub fn matching_includes(&self, path: &str) -> impl Iterator<Item = usize> {
        self.globs.include.matches(path)
    }

    pub fn is_server(&self, file: &SourcePath) -> bool {
        self.globs.server.is_match(file.as_str())
    }

    pub fn is_client(&self, file: &SourcePath) -> bool {
        self.globs.client.is_match(file.as_str())
    }

    /// The folder that all sources share, such as `src`, or empty: outputs are named by the path
    /// below it. It follows from the patterns alone, so that adding a file moves no output.
    pub fn source_root(&self) -> String {
        let mut prefixes = self.include.iter().map(|pattern| static_prefix(pattern));
        let first = prefixes.next().unwrap_or_default();
        prefixes.fold(first, common_folder).to_owned()
    }

    pub fn out_folder(&self) -> PathBuf {
        self.project.join(&self.out)
    }

    pub fn absolute(&self, file: &SourcePath) -> PathBuf {
        absolute(&self.project, file)
    }

    /// The name of an absolute path: relative to the project, `../` above it; on another Windows
    /// drive the absolute path itself.
    pub fn source_path(&self, path: &Path) -> SourcePath {
        relative(&self.project, path)
    }
}

/// `../` in a source path is taken literally: the project's own path holds no symbolic links.
pub fn absolute(project: &Path, file: &SourcePath) -> PathBuf {
    if is_absolute(file.as_str()) {
        return PathBuf::from(file.as_str());
    }
    let mut path = project.to_owned();
    for part in file.as_str().split('/') {
        match part {
            ".." => drop(path.pop()),
            part => path.push(part),
        }
    }
    path
}

/// The name of an absolute path, see [`Options::source_path`].
pub fn relative(project: &Path, path: &Path) -> SourcePath {
    if let Ok(inside) = path.strip_prefix(project) {
        return SourcePath::new(slashes(inside));
    }
    for (steps, folder) in project.ancestors().enumerate().skip(1) {
        if let Ok(rest) = path.strip_prefix(folder) {
            return SourcePath::new(format!("{}{}", "../".repeat(steps), slashes(rest)));
        }
    }
    SourcePath::new(slashes(path))
}

fn slashes(path: &Path) -> String {
    let text = path.to_string_lossy();
    if cfg!(windows) { text.replace('\\', "/") } else { text.into_owned() }
}

fn read_config(
    files: &dyn Files,
    folder: &Path,
    name: &str,
    flags: &Flags,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Options> {
    let file = SourcePath::new(name);
    let text = match files.read(&folder.join(name)).map(String::from_utf8) {
        Ok(Ok(text)) => text,
        Ok(Err(error)) => {
            diagnostics.push(diagnostics::not_utf8(&file, error.utf8_error().valid_up_to()));
            return None;
        }
        Err(error) => {
            diagnostics.push(diagnostics::unreadable(&file, &error));
            return None;
        }
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let document = Document::parse(&file, text, diagnostics)?;
    build_options(folder.to_owned(), &document, flags, diagnostics)
}

fn build_options(
    project: PathBuf,
    document: &Document<'_>,
    flags: &Flags,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Options> {
    let include = match document.texts("build", "include", diagnostics) {
        Some(include) if include.is_empty() => {
            diagnostics.push(diagnostics::empty_include(document.file()));
            return None;
        }
        Some(include) => include,
        None => vec![Text { value: DEFAULT_INCLUDE.to_owned(), span: None }],
    };
    let include = compile(document, &include, Some(expand_folder), diagnostics);
    let mut list = |key| {
        let texts = document.texts("build", key, diagnostics).unwrap_or_default();
        compile(document, &texts, None, diagnostics)
    };
    let (exclude, server, client) = (list("exclude"), list("server"), list("client"));
    let base = document
        .text("server", "base", diagnostics)
        .and_then(|base| check_base(document, &base, diagnostics));
    let optimize = optimize::read(document, diagnostics).filter(|_| flags.optimize);
    let serving = server::read(document, diagnostics);
    let pins = wire::pins(document, diagnostics);
    let out = match &flags.out {
        Some(out) => Text { value: within_project(&project, out), span: None },
        None => document
            .text("build", "out", diagnostics)
            .unwrap_or_else(|| Text { value: DEFAULT_OUT.to_owned(), span: None }),
    };
    let file = if flags.out.is_some() { SourcePath::new("") } else { document.file().clone() };
    let ((include, include_globs), (exclude, exclude_globs)) = (include?, exclude?);
    let ((server, server_globs), (client, client_globs)) = (server?, client?);
    let out = check_out(&file, &out, &include, diagnostics)?;
    let lazy = document.item("build", "lazy").and_then(|item| item.boolean(diagnostics));
    let cookbook = cookbook(document, &out, &include, diagnostics)?;
    Some(Options {
        project,
        include,
        exclude,
        server,
        client,
        out,
        lazy: lazy.unwrap_or_default(),
        cookbook,
        base,
        optimize,
        serving,
        pins,
        leak_report: flags.leak_report.clone(),
        threads: flags.threads,
        globs: Globs {
            include: include_globs,
            exclude: exclude_globs,
            server: server_globs,
            client: client_globs,
        },
    })
}

/// The patterns as kept, and compiled.
fn compile(
    document: &Document<'_>,
    patterns: &[Text],
    expand: Option<fn(String) -> String>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<(Vec<String>, Patterns)> {
    let mut kept = Vec::new();
    for pattern in patterns {
        let checked = normalize(&pattern.value).map_err(str::to_owned).and_then(|text| {
            Patterns::new(std::slice::from_ref(&text)).map(|_| text).map_err(|(_, error)| error)
        });
        match checked {
            Ok(text) => kept.push(expand.map_or(text.clone(), |expand| expand(text))),
            Err(error) => {
                diagnostics.push(diagnostics::bad_pattern(document.file(), pattern.span, &error));
            }
        }
    }
    if kept.len() < patterns.len() {
        return None;
    }
    let globs = Patterns::new(&kept).ok()?;
    Some((kept, globs))
}

/// `src` in `include` means the TypeScript files of that folder.
fn expand_folder(pattern: String) -> String {
    if has_wildcard(&pattern) || is_typescript(&pattern) {
        pattern
    } else {
        format!("{pattern}/**/*.{{ts,tsx,mts}}")
    }
}

/// An absolute path inside the project becomes relative; others stay and are refused later.
fn within_project(project: &Path, out: &str) -> String {
    match Path::new(out).strip_prefix(project) {
        Ok(inside) => slashes(inside),
        Err(_) => slashes(Path::new(out)),
    }
}

fn check_out(
    file: &SourcePath,
    out: &Text,
    include: &[String],
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<String> {
    let mut refuse = |reason: &str| {
        diagnostics.push(diagnostics::bad_out(file, out.span, &out.value, reason));
        None
    };
    let text = out.value.as_str();
    if is_absolute(text) {
        return refuse("it lies outside the project");
    }
    if text.contains('\\') {
        return refuse("folders are separated with `/`");
    }
    let mut parts = Vec::new();
    for part in text.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                if parts.pop().is_none() {
                    return refuse("it lies outside the project");
                }
            }
            part => parts.push(part),
        }
    }
    if parts.is_empty() {
        return refuse("it is the project itself");
    }
    if let Some(part) = parts.iter().find(|part| RESERVED_FOLDERS.contains(part)) {
        return refuse(&format!("`{part}` belongs to another tool"));
    }
    let out = parts.join("/");
    let holds_sources = include.iter().any(|pattern| {
        let prefix = static_prefix(pattern);
        !prefix.is_empty() && is_within(prefix, &out)
    });
    if holds_sources {
        return refuse("sources lie in it");
    }
    Some(out)
}

fn cookbook(
    document: &Document<'_>,
    outputs: &str,
    include: &[String],
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Cookbook> {
    let out = document
        .text("cookbook", "out", diagnostics)
        .unwrap_or_else(|| Text { value: DEFAULT_COOKBOOK.to_owned(), span: None });
    let checked = check_out(document.file(), &out, include, diagnostics)?;
    if is_within(&checked, outputs) || is_within(outputs, &checked) {
        let reason = "it belongs to the output folder of builds";
        diagnostics.push(diagnostics::bad_out(document.file(), out.span, &out.value, reason));
        return None;
    }
    Some(Cookbook { out: checked, configured: document.has_section("cookbook") })
}

fn check_base(
    document: &Document<'_>,
    base: &Text,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<String> {
    let path = base.value.trim_end_matches('/');
    let plain = |part: &str| {
        !part.is_empty()
            && part != "."
            && part != ".."
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
    };
    let parts: Option<Vec<&str>> = path.strip_prefix('/').map(|path| path.split('/').collect());
    let free =
        |parts: &[&str]| parts.iter().all(|part| plain(part)) && !SERVER_PATHS.contains(&parts[0]);
    if parts.is_some_and(|parts| free(&parts)) {
        return Some(path.to_owned());
    }
    diagnostics.push(diagnostics::bad_base(document.file(), base.span, &base.value));
    None
}

fn is_typescript(path: &str) -> bool {
    [".ts", ".tsx", ".mts"].iter().any(|extension| path.ends_with(extension))
}

fn is_declaration_or_test(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    [".d.", ".test.", ".spec."].iter().any(|middle| name.contains(middle))
}

/// On any system: `/app`, `C:/app`.
fn is_absolute(path: &str) -> bool {
    path.starts_with('/') || path.as_bytes().get(1) == Some(&b':')
}

/// `path` is `folder` or lies in it; everything lies in the empty folder.
fn is_within(path: &str, folder: &str) -> bool {
    folder.is_empty()
        || path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn common_folder<'a>(left: &'a str, right: &str) -> &'a str {
    let mut folder = left;
    while !is_within(right, folder) {
        folder = folder.rsplit_once('/').map_or("", |(parent, _)| parent);
    }
    folder
}

/// A place in the configuration, for the diagnostics.
type Place = Option<Span>;

const DEFAULT_INCLUDE: &str = "src/**/*.{ts,tsx,mts}";
const DEFAULT_OUT: &str = "dist";
const DEFAULT_COOKBOOK: &str = "docs/api";
/// What the server answers itself.
const SERVER_PATHS: [&str; 3] = ["auth", "health", "ready"];
const RESERVED_FOLDERS: [&str; 3] = ["node_modules", ".git", ".kontract"];

#[cfg(test)]
mod tests;

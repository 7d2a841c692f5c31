//! Where modules are: files of the build, and packages as Node finds them.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use oxc_resolver::{PackageType, Resolution, ResolveError, ResolveOptions, Resolver};

use super::Kind;

/// Finds files.
pub struct Files {
    dist: PathBuf,
    import: Resolver,
    require: Resolver,
}

/// A file that a specifier means.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Found {
    File(PathBuf, Format),
    /// The package says that it has no use for the module here.
    Nothing,
}

/// What a file is made of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    Module,
    CommonJs,
    /// JavaScript of a package that does not say which of both it is.
    Either,
    Json,
}

impl Files {
    pub fn new(dist: &Path) -> io::Result<Self> {
        let import = Resolver::new(options("import"));
        let require = import.clone_with_options(options("require"));
        Ok(Self { dist: fs::canonicalize(dist)?, import, require })
    }

    /// The output folder of the build.
    pub fn dist(&self) -> &Path {
        &self.dist
    }

    /// What `specifier` means in the file `base`.
    pub fn resolve(&self, kind: Kind, base: &Path, specifier: &str) -> Result<Found, String> {
        if let Some(name) = specifier.strip_prefix("node:") {
            return Err(without(specifier, alternative(name).unwrap_or(NO_ALTERNATIVE)));
        }
        let resolver = match kind {
            Kind::Import => &self.import,
            Kind::Require => &self.require,
        };
        match resolver.resolve_file(base, specifier) {
            Ok(found) => {
                let format = self.format(&found)?;
                Ok(Found::File(found.into_path_buf(), format))
            }
            Err(ResolveError::Ignored(_)) => Ok(Found::Nothing),
            // Only now: a package may stand in for a module of Node (`events`, `buffer`).
            Err(error) => Err(match alternative(specifier) {
                Some(alternative) => without(specifier, alternative),
                None => error.to_string(),
            }),
        }
    }

    /// A name for the file that says nothing of this machine.
    pub fn id(&self, path: &Path) -> String {
        let root = self.dist.parent().unwrap_or(&self.dist);
        let inside = path.strip_prefix(root).unwrap_or_else(|_| from_packages(path));
        inside.to_string_lossy().replace('\\', "/")
    }

    fn format(&self, found: &Resolution) -> Result<Format, String> {
        let path = found.path();
        if path.starts_with(&self.dist) {
            return Ok(Format::Module);
        }
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("mjs") => Ok(Format::Module),
            Some("cjs") => Ok(Format::CommonJs),
            Some("json") => Ok(Format::Json),
            Some("js") => Ok(match found.package_json().and_then(|package| package.r#type()) {
                Some(PackageType::Module) => Format::Module,
                Some(PackageType::CommonJs) => Format::CommonJs,
                None => Format::Either,
            }),
            _ => Err(format!("{}: only JavaScript and JSON can be loaded", self.id(path))),
        }
    }
}

fn options(kind: &str) -> ResolveOptions {
    let text = |text: &str| text.to_owned();
    ResolveOptions {
        // Isolates offer what workers and browsers do, and nothing of Node: a package that has
        // variants is taken in the one for them.
        condition_names: ["kontract", "worker", "browser", kind, "default"].map(text).into(),
        alias_fields: vec![vec![text("browser")]],
        extensions: [".js", ".json"].map(text).into(),
        // An import names the whole file; only a package's own `main` may leave its end out.
        fully_specified: kind == "import",
        main_fields: vec![text("main")],
        node_path: false,
        ..ResolveOptions::default()
    }
}

/// The part of a path that begins with the folder of packages.
fn from_packages(path: &Path) -> &Path {
    let mut parts = path.components();
    loop {
        let here = parts.as_path();
        match parts.next() {
            Some(part) if part.as_os_str() == "node_modules" => return here,
            Some(_) => {}
            None => return path,
        }
    }
}

fn without(module: &str, instead: &str) -> String {
    format!("the gateway does not have Node's module {module}: {instead}")
}

/// What to use in the place of a module of Node.
fn alternative(module: &str) -> Option<&'static str> {
    Some(match module.split('/').next().unwrap_or(module) {
        "assert" => "throw errors",
        "async_hooks" => "use ctx, which belongs to the call",
        "buffer" => "use Uint8Array, TextEncoder, atob and btoa",
        "crypto" => "use the global crypto",
        "events" => "use EventTarget",
        "fs" => "import JSON, or keep data in env.storage",
        "http" | "https" | "http2" => "use fetch",
        "os" | "process" => "use env",
        "path" => "use URL",
        "perf_hooks" => "use the global performance",
        "querystring" => "use URLSearchParams",
        "stream" => "use ReadableStream",
        "string_decoder" => "use TextDecoder",
        "timers" => "use setTimeout",
        "url" => "use URL and URLSearchParams",
        "util" => "use structuredClone, TextEncoder and TextDecoder",
        "child_process" | "cluster" | "console" | "constants" | "dgram" | "dns" | "domain"
        | "inspector" | "module" | "net" | "punycode" | "readline" | "repl" | "sqlite" | "test"
        | "tls" | "trace_events" | "tty" | "v8" | "vm" | "wasi" | "worker_threads" | "zlib" => {
            NO_ALTERNATIVE
        }
        _ => return None,
    })
}

const NO_ALTERNATIVE: &str = "an application that needs it is served by kontract/node";

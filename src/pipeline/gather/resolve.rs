//! Specifiers → files. Relative specifiers that name a known source are answered from memory; the
//! rest (tsconfig `paths`, package `imports` and `exports`, monorepo packages) by `oxc_resolver`.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use oxc_resolver::{
    FileMetadata, FileSystem, ResolveError, ResolveOptions, ResolverGeneric, TsconfigDiscovery,
};
use rayon::prelude::*;

use crate::{
    config::Options,
    files::{Files, Kind},
    model::{
        SourcePath,
        app::{Flavour, Modules},
        contract::ModuleContract,
        types::TypeExpr,
    },
    pipeline::memory::{Memory, Specifiers},
};

/// What a specifier of one file stands for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Resolution {
    /// A TypeScript or JavaScript file of the project.
    Module(SourcePath),
    Json(SourcePath),
    /// A package, a built-in module, or another kind of file: left as it is written.
    External,
    /// The generated client.
    Client,
    NotFound,
}

/// The resolutions of each file's specifiers.
#[derive(Default)]
pub struct Resolutions {
    files: BTreeMap<SourcePath, Arc<Specifiers>>,
}

impl Resolutions {
    pub fn get(&self, file: &SourcePath, specifier: &str) -> &Resolution {
        self.files.get(file).and_then(|map| map.get(specifier)).unwrap_or(&Resolution::External)
    }

    pub fn insert(&mut self, file: &SourcePath, specifier: String, resolution: Resolution) {
        let specifiers = self.files.entry(file.clone()).or_default();
        Arc::make_mut(specifiers).insert(specifier, resolution);
    }
}

impl Resolutions {
    /// Those of a file.
    pub fn of(&self, file: &SourcePath) -> Arc<Specifiers> {
        self.files.get(file).cloned().unwrap_or_default()
    }

    /// The modules that these files' specifiers lead to.
    pub fn modules<'a>(&'a self, files: &'a [SourcePath]) -> impl Iterator<Item = &'a SourcePath> {
        files
            .iter()
            .filter_map(|file| self.files.get(file))
            .flat_map(|specifiers| specifiers.values())
            .filter_map(|r| match r {
                Resolution::Module(module) => Some(module),
                _ => None,
            })
    }
}

pub struct Resolver<'a> {
    options: &'a Options,
    files: Arc<dyn Files>,
    inner: ResolverGeneric<ResolverFiles>,
    /// Finds packages' declarations as TypeScript does. Made when it is needed.
    declarations: OnceLock<ResolverGeneric<ResolverFiles>>,
    /// The generated client, `<project>/<out>/client`.
    client: PathBuf,
}

const EXTENSIONS: &[&str] = &[".ts", ".tsx", ".mts", ".d.ts", ".js", ".jsx", ".mjs", ".json"];

impl<'a> Resolver<'a> {
    pub fn new(files: &Arc<dyn Files>, options: &'a Options) -> Self {
        let own = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
        let inner = ResolverGeneric::new_with_file_system(
            ResolverFiles(Arc::clone(files)),
            ResolveOptions {
                tsconfig: Some(TsconfigDiscovery::Auto),
                extensions: own(EXTENSIONS),
                extension_alias: vec![
                    (".js".to_owned(), own(&[".ts", ".tsx", ".d.ts", ".js"])),
                    (".jsx".to_owned(), own(&[".tsx", ".d.ts", ".jsx"])),
                    (".mjs".to_owned(), own(&[".mts", ".d.mts", ".mjs"])),
                ],
                condition_names: own(&["import", "types", "node", "default"]),
                main_fields: own(&["types", "module", "main"]),
                ..ResolveOptions::default()
            },
        );
        Self {
            options,
            files: Arc::clone(files),
            inner,
            declarations: OnceLock::new(),
            client: options.out_folder().join("client"),
        }
    }

    /// The declaration file that a specifier means: by the package's `exports` and `types`, beside
    /// the code that it leads to, or in `@types`.
    pub fn declaration(&self, from: &SourcePath, specifier: &str) -> Option<SourcePath> {
        let own = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
        let resolver = self.declarations.get_or_init(|| {
            self.inner.clone_with_options(ResolveOptions {
                tsconfig: Some(TsconfigDiscovery::Auto),
                extensions: own(&[
                    ".d.ts", ".ts", ".tsx", ".d.mts", ".mts", ".d.cts", ".cts", ".js",
                ]),
                extension_alias: vec![
                    (".js".to_owned(), own(&[".d.ts", ".ts", ".tsx", ".js"])),
                    (".mjs".to_owned(), own(&[".d.mts", ".mts", ".mjs"])),
                    (".cjs".to_owned(), own(&[".d.cts", ".cts", ".cjs"])),
                ],
                condition_names: own(&["types", "import", "node", "default"]),
                main_fields: own(&["types", "typings", "module", "main"]),
                ..ResolveOptions::default()
            })
        });
        let from = self.options.absolute(from);
        let find = |specifier: &str| {
            let found = resolver.resolve_file(&from, specifier).ok()?;
            let path = found.path().to_path_buf();
            let name = path.file_name()?.to_str()?;
            let is_source = [".ts", ".tsx", ".mts", ".cts"].iter().any(|end| name.ends_with(end));
            if is_source {
                return Some(path);
            }
            // Code whose declarations lie beside it.
            let beside = [(".js", ".d.ts"), (".mjs", ".d.mts"), (".cjs", ".d.cts")];
            beside.iter().find_map(|(code, declared)| {
                let beside = path.with_file_name(format!("{}{declared}", name.strip_suffix(code)?));
                self.files.is_file(&beside).then_some(beside)
            })
        };
        let found = find(specifier).or_else(|| {
            let relative = specifier.starts_with('.') || specifier.starts_with('/');
            // `@scope/name/part` has its types in `@types/scope__name/part`.
            let name = match specifier.strip_prefix('@') {
                Some(scoped) => scoped.replacen('/', "__", 1),
                None => specifier.to_owned(),
            };
            if relative { None } else { find(&format!("@types/{name}")) }
        });
        found.map(|path| self.options.source_path(&path))
    }

    /// Resolves the specifiers of the files in `fresh`, in parallel. `memory`: those of files that
    /// have not changed.
    pub fn resolve(
        &self,
        modules: &Modules,
        memory: Option<&Memory>,
        fresh: &[SourcePath],
        resolutions: &mut Resolutions,
    ) {
        let resolved: Vec<_> = fresh
            .par_iter()
            .filter_map(|file| modules.get(file))
            .map(|contract| {
                let file = &contract.file;
                if let Some(known) = memory.and_then(|memory| memory.get(file)) {
                    return (file.clone(), Arc::clone(&known.specifiers));
                }
                let map = specifiers(contract)
                    .into_iter()
                    .map(|s| (s.clone(), self.one(modules, file, &s)));
                (file.clone(), Arc::new(map.collect::<Specifiers>()))
            })
            .collect();
        resolutions.files.extend(resolved);
    }

    /// What the nearest tsconfig says; a tsconfig that cannot be read says nothing.
    pub fn flavour(&self, file: &SourcePath) -> Flavour {
        let config = self.inner.find_tsconfig(self.options.absolute(file)).ok().flatten();
        let options = config.as_ref().map(|c| &c.compiler_options);
        Flavour {
            legacy_decorators: options.and_then(|o| o.experimental_decorators).unwrap_or(false),
            decorator_metadata: options.and_then(|o| o.emit_decorator_metadata).unwrap_or(false),
            define_fields: options.and_then(|o| o.use_define_for_class_fields).unwrap_or(true),
            jsx_import_source: options.and_then(|o| o.jsx_import_source.clone()),
        }
    }

    fn one(&self, modules: &Modules, file: &SourcePath, specifier: &str) -> Resolution {
        let relative = specifier.starts_with("./")
            || specifier.starts_with("../")
            || matches!(specifier, "." | "..");
        if relative && let Some(found) = known(modules, file, specifier) {
            return Resolution::Module(found);
        }
        if specifier.starts_with("node:")
            || specifier == "kontract"
            || specifier.starts_with("kontract/")
        {
            return Resolution::External;
        }
        match self.inner.resolve_file(self.options.absolute(file), specifier) {
            Ok(found) => self.classify(found.path()),
            Err(_) if self.names_client(file, specifier) => Resolution::Client,
            Err(_) if relative || !may_be_package(specifier) => Resolution::NotFound,
            Err(_) => Resolution::External,
        }
    }

    fn classify(&self, path: &Path) -> Resolution {
        if path.starts_with(&self.client) {
            return Resolution::Client;
        }
        if path.components().any(|c| c.as_os_str() == "node_modules") {
            return Resolution::External;
        }
        let source = self.options.source_path(path);
        match path.extension().and_then(|e| e.to_str()) {
            Some("ts" | "tsx" | "mts" | "js" | "jsx" | "mjs") => Resolution::Module(source),
            Some("json") => Resolution::Json(source),
            _ => Resolution::External,
        }
    }

    /// Before the first build the client does not exist, so a path alias to it leads nowhere.
    fn names_client(&self, file: &SourcePath, specifier: &str) -> bool {
        if specifier.starts_with('.') {
            let folder = self.options.absolute(file);
            let folder = folder.parent().unwrap_or(&folder);
            return normalize(&folder.join(specifier)).starts_with(&self.client);
        }
        matches!(specifier, "@/client" | "@/kontract-client") || specifier.starts_with("@/client/")
    }
}

/// `@/lib`, `~/lib` and `#lib` are no names of packages: they mean something only where a tsconfig
/// or a package.json says what.
fn may_be_package(specifier: &str) -> bool {
    !["@/", "~/", "#"].iter().any(|prefix| specifier.starts_with(prefix))
}

/// All specifiers of a module, types' `import('…')` included.
fn specifiers(contract: &ModuleContract) -> Vec<String> {
    let mut found: Vec<String> = contract.imports.iter().map(|i| i.specifier.clone()).collect();
    let mut visit = |ty: &TypeExpr| {
        ty.walk(&mut |ty| {
            if let TypeExpr::Import { specifier, .. } = ty {
                found.push(specifier.clone());
            }
        });
    };
    for declaration in &contract.types {
        declaration.walk_types(&mut visit);
    }
    for function in &contract.functions {
        for signature in std::iter::once(&function.signature).chain(&function.overloads) {
            signature.walk_types(&mut visit);
        }
    }
    found.sort();
    found.dedup();
    found
}

/// A relative specifier that names one of the known modules.
fn known(modules: &Modules, file: &SourcePath, specifier: &str) -> Option<SourcePath> {
    let folder = file.as_str().rsplit_once('/').map_or("", |(folder, _)| folder);
    let base = join(folder, specifier)?;
    let find =
        |path: String| modules.get_key_value(&SourcePath::new(path)).map(|(path, _)| path.clone());
    for (written, stands_for) in
        [(".js", &[".ts", ".tsx"][..]), (".jsx", &[".tsx"]), (".mjs", &[".mts"])]
    {
        if let Some(stem) = base.strip_suffix(written)
            && let Some(found) = stands_for.iter().find_map(|e| find(format!("{stem}{e}")))
        {
            return Some(found);
        }
    }
    let is_folder = specifier.ends_with('/') || specifier.ends_with("..") || specifier == ".";
    if !is_folder
        && let Some(found) = find(base.clone())
            .or_else(|| [".ts", ".tsx", ".mts"].iter().find_map(|e| find(format!("{base}{e}"))))
    {
        return Some(found);
    }
    // A folder may have a package.json of its own; then the resolver knows better, but a source
    // folder's index is what everybody means.
    let index = if base.is_empty() { "index".to_owned() } else { format!("{base}/index") };
    [".ts", ".tsx"].iter().find_map(|e| find(format!("{index}{e}")))
}

/// `a/b` + `../c` → `a/c`; may start with `../`.
fn join(folder: &str, specifier: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|p| !p.is_empty()).collect();
    for part in specifier.split('/') {
        match part {
            "" | "." => {}
            ".." => match parts.last() {
                Some(&"..") | None => parts.push(".."),
                Some(_) => {
                    parts.pop();
                }
            },
            part if part.contains('\\') => return None,
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

fn normalize(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for component in path.components() {
        match component {
            std::path::Component::ParentDir => {
                clean.pop();
            }
            std::path::Component::CurDir => {}
            component => clean.push(component),
        }
    }
    clean
}

/// `Files` as `oxc_resolver` wants them.
struct ResolverFiles(Arc<dyn Files>);

impl FileSystem for ResolverFiles {
    fn new() -> Self {
        Self(Arc::new(crate::files::Disk))
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.0.read(path)
    }

    fn read_to_string(&self, path: &Path) -> io::Result<String> {
        String::from_utf8(self.0.read(path)?)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    }

    fn metadata(&self, path: &Path) -> io::Result<FileMetadata> {
        self.0.kind(path).map(metadata)
    }

    fn symlink_metadata(&self, path: &Path) -> io::Result<FileMetadata> {
        // Looked for below every source, too: the disk would have to be asked again and again.
        if path.ends_with("tsconfig.json") && path.parent().is_some_and(|p| self.0.is_file(p)) {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        self.0.link_kind(path).map(metadata)
    }

    fn read_link(&self, path: &Path) -> Result<PathBuf, ResolveError> {
        Ok(self.0.read_link(path)?)
    }

    fn canonicalize(&self, path: &Path) -> io::Result<PathBuf> {
        self.0.canonicalize(path)
    }
}

fn metadata(kind: Kind) -> FileMetadata {
    FileMetadata::new(kind == Kind::File, kind == Kind::Folder, kind == Kind::Link)
}

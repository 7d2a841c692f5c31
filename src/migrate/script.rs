//! Migration files: where they lie, and as JavaScript.

use std::{io, path::Path};

use kontract_runtime::engine::script::Script;
use swc_common::{FilePathMapping, GLOBALS, Globals, Mark, SourceMap, sync::Lrc};
use swc_ecma_ast::{EsVersion, Module, ModuleDecl, ModuleItem, Pass, Program};
use swc_ecma_codegen::{Config, Emitter, text_writer::JsWriter};
use swc_ecma_transforms_base::{
    fixer::fixer,
    helpers::{HELPERS, Helpers},
    hygiene::hygiene,
    resolver,
};
use swc_ecma_transforms_typescript::typescript;

use super::{Problem, diagnostics};
use crate::{
    files::{Files, Kind},
    hash,
    model::SourcePath,
    source::{self, span},
};

/// A file of the folder of migrations.
#[derive(Clone, Debug)]
pub struct Source {
    /// `0006_rename_email_field`
    pub name: String,
    pub version: u32,
    pub path: SourcePath,
    pub text: String,
    pub checksum: String,
}

/// The migrations in `folder`, a folder of the project, by version and name. Other files may lie
/// there too.
pub fn read(files: &dyn Files, project: &Path, folder: &str) -> Result<Vec<Source>, Problem> {
    let here = project.join(folder);
    let entries = match files.list(&here) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(diagnostics::unreadable_migrations(folder, &error)),
    };
    let mut sources = Vec::new();
    for entry in entries {
        if entry.kind != Kind::File {
            continue;
        }
        let Some(file) = entry.name.to_str() else { continue };
        let Some((version, name)) = named(file) else { continue };
        let path = SourcePath::new(format!("{folder}/{file}"));
        let bytes = files
            .read(&here.join(file))
            .map_err(|error| diagnostics::unreadable_migrations(path.as_str(), &error))?;
        let text = source::decode(&path, &bytes).map_err(Problem::Failed)?.into_string();
        sources.push(Source {
            name: name.to_owned(),
            version,
            checksum: checksum(&text),
            text,
            path,
        });
    }
    sources.sort_by(|one, other| (one.version, &one.name).cmp(&(other.version, &other.name)));
    if let Some(twice) = sources.windows(2).find(|pair| pair[0].name == pair[1].name) {
        return Err(diagnostics::two_files(&twice[0].path, &twice[1].path));
    }
    Ok(sources)
}

/// `0006_rename.ts` → 6, `0006_rename`
fn named(file: &str) -> Option<(u32, &str)> {
    let name = file.strip_suffix(".ts").or_else(|| file.strip_suffix(".mts"))?;
    if name.ends_with(".d") {
        return None;
    }
    let (version, rest) = name.split_once('_')?;
    let digits = version.len() >= 4 && version.bytes().all(|byte| byte.is_ascii_digit());
    (digits && !rest.is_empty()).then(|| Some((version.parse().ok()?, name)))?
}

/// The same whatever a checkout made of line breaks.
fn checksum(text: &str) -> String {
    hash::of_parts([text.replace("\r\n", "\n").as_str()])
}

impl Source {
    /// What the engine runs: the file without its types.
    ///
    /// Input: `import { Migration } from 'kontract/migration'; export default { … } satisfies Migration;`
    /// Output: `export default { … };`
    pub fn compile(&self) -> Result<Script, Problem> {
        let (parsed, found) = source::parse(&self.path, &self.text);
        let Some(parsed) = parsed.filter(|_| found.iter().all(|found| !found.is_error())) else {
            return Err(Problem::Refused(found));
        };
        let program = GLOBALS.set(&Globals::new(), || strip(parsed.module));
        if let Program::Module(module) = &program {
            self.refuse_imports(module)?;
        }
        Ok(Script { name: self.path.as_str().to_owned(), source: print(&program) })
    }

    /// What is left of imports when types are gone.
    fn refuse_imports(&self, module: &Module) -> Result<(), Problem> {
        let imports = module.body.iter().find_map(|item| match item {
            ModuleItem::ModuleDecl(ModuleDecl::Import(import)) => Some(import.span),
            ModuleItem::ModuleDecl(ModuleDecl::ExportAll(export)) => Some(export.span),
            ModuleItem::ModuleDecl(ModuleDecl::ExportNamed(export)) if export.src.is_some() => {
                Some(export.span)
            }
            _ => None,
        });
        match imports {
            Some(place) => Err(diagnostics::migration_imports(&self.path, span(place))),
            None => Ok(()),
        }
    }
}

fn strip(module: Module) -> Program {
    let mut program = Program::Module(module);
    let (unresolved, top_level) = (Mark::new(), Mark::new());
    HELPERS.set(&Helpers::new(false), || {
        resolver(unresolved, top_level, true).process(&mut program);
        typescript(swc_ecma_transforms_typescript::Config::default(), unresolved, top_level)
            .process(&mut program);
        hygiene().process(&mut program);
        fixer(None).process(&mut program);
    });
    program
}

fn print(program: &Program) -> String {
    let sources: Lrc<SourceMap> = Lrc::new(SourceMap::new(FilePathMapping::empty()));
    let mut code = Vec::new();
    let mut emitter = Emitter {
        cfg: Config::default().with_target(EsVersion::Es2022),
        cm: sources.clone(),
        comments: None,
        wr: JsWriter::new(sources, "\n", &mut code, None),
    };
    // Writing to memory cannot fail.
    let _ = emitter.emit_program(program);
    String::from_utf8(code).unwrap_or_default()
}

//! Migration files: where they lie, and as JavaScript.

use std::{io, path::Path};

use kontract_runtime::engine::script::Script;
use swc_common::{
    BytePos, FilePathMapping, GLOBALS, Globals, LineCol, Mark, SourceMap, Spanned, sync::Lrc,
};
use swc_ecma_ast::{
    EsVersion, Expr, Lit, Module, ModuleDecl, ModuleItem, Pass, Program, Prop, PropName,
    PropOrSpread,
};
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
    diagnostic::position::LineIndex,
    files::{Files, Kind},
    hash,
    model::{SourcePath, Span},
    pipeline::print::map::Marks,
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
        let path = SourcePath::new(format!("{folder}/{file}"));
        let Some((version, name)) = named(file) else {
            if is_misnamed(file) {
                return Err(diagnostics::misnamed(&path));
            }
            continue;
        };
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

/// A script whose name begins with a number means to be a migration.
fn is_misnamed(file: &str) -> bool {
    let script =
        [".ts", ".mts", ".cts", ".js", ".mjs", ".cjs"].iter().any(|end| file.ends_with(end));
    script && !file.contains(".d.") && file.starts_with(|letter: char| letter.is_ascii_digit())
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
        self.check_version(&parsed.module)?;
        let program = GLOBALS.set(&Globals::new(), || strip(parsed.module));
        if let Program::Module(module) = &program {
            self.refuse_imports(module)?;
        }
        let (source, marks) = print(&program);
        let name = self.path.as_str();
        let file = name.rsplit('/').next().unwrap_or(name);
        let map = marks.map(&self.text, file, file).into_bytes();
        Ok(Script { name: name.to_owned(), source, map })
    }

    /// What the file says of its version, where that can be read, must be what its name says.
    fn check_version(&self, module: &Module) -> Result<(), Problem> {
        let written = module.body.iter().find_map(|item| match item {
            ModuleItem::ModuleDecl(ModuleDecl::ExportDefaultExpr(export)) => version(&export.expr),
            _ => None,
        });
        match written {
            #[allow(clippy::float_cmp, reason = "whole numbers are exact")]
            Some((written, place)) if written != f64::from(self.version) => {
                Err(diagnostics::other_version(&self.path, span(place), self.version))
            }
            _ => Ok(()),
        }
    }

    /// The place of `line` and `column`, from 1, columns in UTF-16 units, to the end of the line.
    pub fn place(&self, line: usize, column: usize) -> Option<Span> {
        let lines = LineIndex::new(&self.text);
        let line = line.checked_sub(1).filter(|line| *line < lines.line_count())?;
        let text = lines.text(&self.text, line);
        let mut units = 0;
        let before = text.char_indices().find(|(_, letter)| {
            units += letter.len_utf16();
            units >= column
        });
        let start = lines.start(line) + before.map_or(text.len(), |(at, _)| at);
        let end = lines.start(line) + text.trim_end().len();
        let at = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        Some(Span::new(at(start), at(end.max(start))))
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

/// The text, and the places of the source behind it.
fn print(program: &Program) -> (String, Marks) {
    let sources: Lrc<SourceMap> = Lrc::new(SourceMap::new(FilePathMapping::empty()));
    let mut code = Vec::new();
    let mut mappings: Vec<(BytePos, LineCol)> = Vec::new();
    let mut emitter = Emitter {
        cfg: Config::default().with_target(EsVersion::Es2022),
        cm: sources.clone(),
        comments: None,
        wr: JsWriter::new(sources, "\n", &mut code, Some(&mut mappings)),
    };
    // Writing to memory cannot fail.
    let _ = emitter.emit_program(program);
    let marks = mappings.into_iter().filter(|(from, _)| !from.is_dummy()).map(|(from, to)| {
        let source = span(swc_common::Span::new(from, from));
        ((to.line, to.col), source)
    });
    let marks = Marks(marks.collect());
    (String::from_utf8(code).unwrap_or_default(), marks)
}

/// `{ version: 6, … } satisfies Migration`: 6, and where it stands.
fn version(expr: &Expr) -> Option<(f64, swc_common::Span)> {
    let fields = match expr {
        Expr::Object(object) => &object.props,
        Expr::TsSatisfies(inner) => return version(&inner.expr),
        Expr::TsAs(inner) => return version(&inner.expr),
        Expr::Paren(inner) => return version(&inner.expr),
        _ => return None,
    };
    fields.iter().find_map(|field| {
        let PropOrSpread::Prop(field) = field else { return None };
        let Prop::KeyValue(pair) = &**field else { return None };
        let named = matches!(&pair.key, PropName::Ident(name) if name.sym == "version");
        match &*pair.value {
            Expr::Lit(Lit::Num(number)) if named => Some((number.value, pair.value.span())),
            _ => None,
        }
    })
}

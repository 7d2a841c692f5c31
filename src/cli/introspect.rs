//! `kontract introspect`

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::Args;
use serde_json::json;
use walkdir::WalkDir;

use super::{
    Outcome,
    operator::{At, wait},
};
use crate::{
    config::{Flags, Options},
    diagnostic::render::plural,
    files::{Disk, Files},
    introspect::{self, Schema, postgres, prisma},
    migrate::{self, Problem},
    model::diagnostic::Diagnostic,
    pipeline,
};

#[derive(Debug, Args)]
pub struct IntrospectArguments {
    /// A schema.prisma, a folder of such files, or the URL of a PostgreSQL database, of which only the
    /// catalogue is read
    source: String,
    /// File to write, relative to the project
    #[arg(long, short, value_name = "file", default_value = "src/schema.ts")]
    output: PathBuf,
    /// Schema of the database; may be repeated [default: all but those of the system and of Supabase]
    #[arg(long = "schema", value_name = "name")]
    schemas: Vec<String>,
    /// Replace the file
    #[arg(long)]
    force: bool,
    /// Do not build the project, and so leave kontract.lock.json as it is
    #[arg(long)]
    no_build: bool,
    #[command(flatten)]
    at: At,
}

pub fn run(arguments: &IntrospectArguments) -> Outcome {
    let common = arguments.at.common();
    let mut terminal = common.terminal();
    let options = match common.options(&Disk, &mut terminal, Flags::default()) {
        Ok(options) => options,
        Err(outcome) => return terminal.finish(outcome),
    };
    let written = write(arguments, &options);
    let (schema, mut diagnostics) = match written {
        Ok(schema) => (schema, Vec::new()),
        Err(diagnostics) => {
            terminal.diagnostics(&Disk, &options.project, diagnostics);
            return terminal.finish(Outcome::Failure);
        }
    };
    if !arguments.no_build {
        let files: Arc<dyn Files> = Arc::new(Disk);
        let build = pipeline::build(&files, &options);
        let (_, found) = pipeline::publish(&*files, &options, &build, false);
        diagnostics.extend(build.diagnostics);
        diagnostics.extend(found);
    }
    let failed = diagnostics.iter().any(Diagnostic::is_error);
    terminal.diagnostics(&Disk, &options.project, diagnostics);
    let (tables, enums) = (schema.tables.len(), schema.enums.len());
    let output = arguments.output.display().to_string();
    let sentence = format!("Wrote {} to {output}", plural(tables, "table"));
    let built = !failed && !arguments.no_build;
    let summary = json!({ "tables": tables, "enums": enums, "output": output, "built": built });
    terminal.summary(&sentence, &summary);
    terminal.finish(if failed { Outcome::Failure } else { Outcome::Success })
}

fn write(arguments: &IntrospectArguments, options: &Options) -> Result<Schema, Vec<Diagnostic>> {
    let output = options.project.join(&arguments.output);
    if output.exists() && !arguments.force {
        return Err(vec![introspect::exists(&output)]);
    }
    let (schema, origin) = read(arguments)?;
    let text = introspect::print(&schema, &origin);
    let folder = output.parent().unwrap_or(&options.project);
    let written = fs::create_dir_all(folder).and_then(|()| fs::write(&output, text));
    written.map_err(|error| vec![introspect::not_written(&output, &error)])?;
    Ok(schema)
}

/// The schema, and where it comes from, in words without a password.
fn read(arguments: &IntrospectArguments) -> Result<(Schema, String), Vec<Diagnostic>> {
    let source = &arguments.source;
    if source.starts_with("postgres://") || source.starts_with("postgresql://") {
        return wait(async {
            let connected = migrate::connect(source, "the URL").await;
            let (mut client, config) = connected.map_err(Problem::diagnostics)?;
            let read = postgres::read(&mut client, &arguments.schemas).await;
            let database = config.get_dbname().unwrap_or("postgres");
            let schema = read.map_err(|error| vec![error])?;
            Ok((schema, format!("the database {database}")))
        });
    }
    let path = Path::new(source);
    let schema = prisma::parse(&prisma_files(path)?).map_err(|error| vec![error])?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    Ok((schema, name.into_owned()))
}

/// The file, or those of a folder and of folders in it.
fn prisma_files(path: &Path) -> Result<Vec<(String, String)>, Vec<Diagnostic>> {
    let read = |path: &Path| {
        fs::read_to_string(path).map_err(|error| vec![introspect::not_read(path, &error)])
    };
    if !path.is_dir() {
        return Ok(vec![("the Prisma schema".to_owned(), read(path)?)]);
    }
    let mut files = Vec::new();
    for entry in WalkDir::new(path).sort_by_file_name() {
        let entry = entry.map_err(|error| vec![introspect::not_read(path, &error)])?;
        if entry.file_type().is_file()
            && entry.path().extension().is_some_and(|end| end == "prisma")
        {
            let name = entry.path().strip_prefix(path).unwrap_or(entry.path());
            files.push((name.display().to_string(), read(entry.path())?));
        }
    }
    if files.is_empty() {
        return Err(vec![introspect::not_read(path, &"there is no file `….prisma` in it")]);
    }
    Ok(files)
}

pub const EXAMPLES: &str = "\
Examples:
  kontract introspect prisma/schema.prisma
  kontract introspect prisma/schema                         all files of the folder
  kontract introspect postgresql://reader@db/shop -o src/shop.ts
  kontract introspect \"$SUPABASE_URL\" --schema public

The project is built then, so that kontract.lock.json knows the tables. What interfaces cannot say
(policies, keys of several columns) stands in their comments. Rows are not copied.

Exit codes:
  0  written    1  not read, not written, or the project does not build
  2  wrong arguments or configuration";

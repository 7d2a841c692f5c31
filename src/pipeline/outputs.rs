//! The app becomes files.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::{
    Program, discover,
    lower::{self, client::Origins},
    printer::{Printed, Printer},
    recall::Recall,
    slice::{Part, Slice, Slices},
};
use crate::{
    config::Options,
    files::Files,
    hash::hex,
    model::{
        SourcePath,
        diagnostic::Diagnostic,
        output::{Hashes, Output},
    },
};

/// What a program comes to.
pub struct Outputs {
    /// By path, the manifest last.
    pub made: Vec<Output>,
    /// The hash of each of them.
    pub hashes: Vec<String>,
    /// Outputs that an earlier build has made and written, as this one would.
    pub standing: Hashes,
    /// What amends each source's own.
    pub slices: Slices,
    /// What printing has found.
    pub found: Vec<Diagnostic>,
}

pub fn outputs(
    files: &dyn Files,
    options: &Options,
    program: &Program,
    recall: &dyn Recall,
) -> Outputs {
    let Program { app, modules, texts, .. } = program;
    let printer = Printer { files, options, recall };
    let text = |file: &SourcePath| texts.get(file).map_or("", |text| &**text);
    let print = |passes, plan: lower::server::Plan, path: String, file: &SourcePath| {
        let printed = printer.print(passes, plan.clone(), &path, text(file));
        let (inlined, found) = (printed.inlined.clone(), printed.diagnostics.clone());
        let part = Part { path, plan, inlined, found };
        (printed, Some(part))
    };
    let server: Vec<(&SourcePath, _)> = app.server.iter().collect();
    let printed: Vec<(Printed, Option<Part>)> = server
        .par_iter()
        .map(|(file, module)| {
            if module.json {
                let text = discover::read(files, options, file).unwrap_or(Ok(String::new()));
                let printed = text
                    .and_then(|text| lower::json::module(file, &module.output, &text))
                    .map_or_else(Printed::failed, |output| Printed::of(vec![output]));
                return (printed, None);
            }
            let plan = lower::server::Plan::server(app, modules, file);
            print(options.optimize, plan, format!("server/{}", module.output), file)
        })
        .collect();
    let mut slices: Slices = modules.keys().map(|file| (file.clone(), Slice::default())).collect();
    let (mut outputs, mut inlined, mut diagnostics) = (Vec::new(), Vec::new(), Vec::new());
    let mut standing = Hashes::new();
    for ((file, _), (printed, part)) in server.into_iter().zip(printed) {
        outputs.extend(printed.outputs);
        standing.extend(printed.standing);
        inlined.extend(printed.inlined);
        diagnostics.extend(printed.diagnostics);
        slices.entry(file.clone()).or_default().server = part;
    }
    let client: Vec<(&SourcePath, _)> = app.client.iter().collect();
    let made: Vec<(Printed, Option<Part>, Option<Origins>)> = client
        .par_iter()
        .map(|(file, module)| {
            if module.code {
                let plan = lower::server::Plan::code(file, &module.specifiers, &module.flavour);
                let (mut printed, part) =
                    print(None, plan, format!("client/{}", module.output), file);
                printed.outputs.push(lower::client::declarations(app, modules, file));
                return (printed, part, None);
            }
            let (outputs, origins) =
                lower::client::stubs(app, modules, file, &options.out, text(file));
            (Printed::of(outputs), None, Some(origins))
        })
        .collect();
    for ((file, _), (made, code, stubs)) in client.into_iter().zip(made) {
        outputs.extend(made.outputs);
        standing.extend(made.standing);
        let slice = slices.entry(file.clone()).or_default();
        (slice.code, slice.stubs) = (code, stubs);
    }
    let package = files.read(&options.project.join("package.json")).unwrap_or_default();
    let package = lower::openapi::Package::parse(&package);
    let base = options.base.as_deref();
    let makers: [&(dyn Fn() -> Vec<Output> + Sync); 7] = [
        &|| lower::openapi::openapi(app, modules, &package, base).into_iter().collect(),
        &|| lower::codec::codecs(app),
        &|| lower::codec::rows(app).into_iter().collect(),
        &|| lower::schema::schemas(app),
        &|| lower::index::client(app, modules),
        &|| lower::index::server(app, modules, options.lazy),
        &|| lower::client::wire(app).into_iter().collect(),
    ];
    outputs.par_extend(makers.par_iter().flat_map_iter(|make| make()));
    outputs.sort_by(|a, b| a.path.cmp(&b.path));
    let mut hashes: Vec<String> = outputs.par_iter().map(|o| hex(o.text.as_bytes())).collect();
    let fresh = outputs.iter().zip(&hashes).map(|(output, hash)| (&*output.path, &**hash));
    let stands = standing.iter().map(|(path, hash)| (&**path, &**hash));
    let all: BTreeMap<&str, &str> = fresh.chain(stands).collect();
    let build = lower::manifest::build_hash(all.into_iter());
    let manifest = lower::manifest::manifest(app, modules, &build, texts, &inlined);
    hashes.push(hex(manifest.text.as_bytes()));
    outputs.push(manifest);
    Outputs { made: outputs, hashes, standing, slices, found: diagnostics }
}

//! The app becomes files.

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
    model::{SourcePath, diagnostic::Diagnostic, output::Output},
};

/// All outputs, by path, the manifest last; what amends each source's own; what printing has found.
pub fn outputs(
    files: &dyn Files,
    options: &Options,
    program: &Program,
    recall: &dyn Recall,
) -> (Vec<Output>, Slices, Vec<Diagnostic>) {
    let Program { app, modules, texts, .. } = program;
    let printer = Printer { files, options, recall };
    let text = |file: &SourcePath| texts.get(file).map_or("", String::as_str);
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
    for ((file, _), (printed, part)) in server.into_iter().zip(printed) {
        outputs.extend(printed.outputs);
        inlined.extend(printed.inlined);
        diagnostics.extend(printed.diagnostics);
        slices.entry(file.clone()).or_default().server = part;
    }
    let client: Vec<(&SourcePath, _)> = app.client.iter().collect();
    let made: Vec<(Vec<Output>, Option<Part>, Option<Origins>)> = client
        .par_iter()
        .map(|(file, module)| {
            if module.code {
                let plan = lower::server::Plan::code(file, &module.specifiers, &module.flavour);
                let (printed, part) = print(None, plan, format!("client/{}", module.output), file);
                let mut outputs = printed.outputs;
                outputs.push(lower::client::declarations(app, modules, file));
                return (outputs, part, None);
            }
            let (outputs, origins) =
                lower::client::stubs(app, modules, file, &options.out, text(file));
            (outputs, None, Some(origins))
        })
        .collect();
    for ((file, _), (made, code, stubs)) in client.into_iter().zip(made) {
        outputs.extend(made);
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
    outputs.push(lower::manifest::manifest(app, modules, &outputs, texts, &inlined));
    (outputs, slices, diagnostics)
}

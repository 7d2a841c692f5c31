//! One build of development: of what is on the disk now, settings included.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use super::seen::Seen;
use crate::{
    config::{self, Flags, Options},
    files::Files,
    hash,
    model::diagnostic::Diagnostic,
    pipeline::{self, names::Layout, write::Written},
};

pub struct Build {
    /// None: the settings are wrong.
    pub options: Option<Options>,
    pub diagnostics: Vec<Diagnostic>,
    pub routes: usize,
    pub modules: usize,
    /// The hash of all outputs.
    pub outputs_hash: String,
    pub written: Written,
    pub time: Duration,
    seen: Arc<Seen>,
    outputs: Vec<PathBuf>,
}

impl Build {
    /// Builds the project at `start` into its output folder; with errors what lies there stays.
    pub fn new(start: &Path, flags: &Flags, locked: bool) -> Self {
        let begun = Instant::now();
        let seen = Arc::<Seen>::default();
        let mut build = Self {
            options: None,
            diagnostics: Vec::new(),
            routes: 0,
            modules: 0,
            outputs_hash: String::new(),
            written: Written::default(),
            time: Duration::ZERO,
            seen: Arc::clone(&seen),
            outputs: Vec::new(),
        };
        match config::load(&*seen, start, flags) {
            Ok(options) => build.compile(&options, locked),
            Err(diagnostics) => build.diagnostics = diagnostics,
        }
        build.time = begun.elapsed();
        build
    }

    pub fn is_good(&self) -> bool {
        self.options.is_some() && !self.diagnostics.iter().any(Diagnostic::is_error)
    }

    /// Whether a build would see something else now.
    pub fn is_outdated(&self) -> bool {
        self.seen.changed(&self.outputs)
    }

    /// Where something must happen for it to be outdated.
    pub fn folders(&self, project: &Path) -> std::collections::BTreeSet<PathBuf> {
        self.seen.folders(project, &self.outputs)
    }

    fn compile(&mut self, options: &Options, locked: bool) {
        let files: Arc<dyn Files> = Arc::clone(&self.seen) as Arc<dyn Files>;
        let types = options.project.join(Layout::new(options).types_folder());
        self.outputs = vec![options.out_folder(), types];
        let built = pipeline::build(&files, options);
        let (written, found) = pipeline::publish(&*files, options, &built, locked);
        self.written = written;
        let outputs = built.outputs.iter().flat_map(|output| [&*output.path, &*output.text]);
        self.outputs_hash = hash::of_parts(outputs);
        (self.routes, self.modules) = (built.routes, built.modules);
        self.diagnostics = built.diagnostics;
        self.diagnostics.extend(found);
        self.options = Some(options.clone());
    }
}

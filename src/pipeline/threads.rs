//! Threads whose stacks suffice for walks over syntax trees, which the parser admits as deep as
//! [`STACK_BYTES`] allow. They stay for the next build of the process.

use std::sync::{Arc, Mutex, PoisonError};

use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};

use crate::{
    config::Options,
    model::{SourcePath, diagnostic::Diagnostic},
    source::STACK_BYTES,
};

/// How many they are, as it was asked for.
type Pool = (usize, Arc<ThreadPool>);

static LAST: Mutex<Option<Pool>> = Mutex::new(None);

/// Runs it, and all that it runs beside itself, on such threads.
pub fn install<R: Send>(
    options: &Options,
    run: impl FnOnce() -> R + Send,
) -> Result<R, Box<Diagnostic>> {
    let pool = pool(options.threads.unwrap_or(0)).map_err(|error| no_threads(&error))?;
    Ok(pool.install(run))
}

fn pool(count: usize) -> Result<Arc<ThreadPool>, ThreadPoolBuildError> {
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, pool)) = last.as_ref().filter(|(known, _)| *known == count) {
        return Ok(Arc::clone(pool));
    }
    let pool = ThreadPoolBuilder::new().num_threads(count).stack_size(STACK_BYTES).build()?;
    let pool = Arc::new(pool);
    *last = Some((count, Arc::clone(&pool)));
    Ok(pool)
}

#[cold]
fn no_threads(error: &ThreadPoolBuildError) -> Box<Diagnostic> {
    let message = format!("the compiler's threads cannot be started: {error}");
    let diagnostic = Diagnostic::error("K081", &SourcePath::new(""), None, message);
    Box::new(diagnostic.help("try `--threads 1`, or raise the limits on memory and processes"))
}

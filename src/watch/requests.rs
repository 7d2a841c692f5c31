//! What another program asks of `kontract watch --json`: one JSON object a line.

use std::{
    io::{self, BufRead, Read},
    path::{Component, Path, PathBuf},
    thread,
};

use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::{
    config,
    diagnostic::render::{Renderer, sort},
    files::{Disk, Files, Memory},
    incremental::Outcome,
    model::diagnostic::Diagnostic,
    source,
};

#[derive(Debug)]
pub struct Request {
    /// Comes back with the answer.
    pub id: Value,
    pub wish: Wish,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "request", rename_all = "lowercase", deny_unknown_fields)]
pub enum Wish {
    /// Whatever is on the disk now has been built.
    Settle,
    /// The text of a source with annotations blanked.
    Lift {
        file: PathBuf,
        /// In the place of what is on the disk.
        text: Option<String>,
    },
}

/// What is answered where a request cannot be understood.
pub type Refusal = Value;

/// Reads requests in a thread of its own. The channel closes when nothing more will come.
pub fn listen(
    input: impl Read + Send + 'static,
) -> io::Result<UnboundedReceiver<Result<Request, Refusal>>> {
    let (sender, requests) = unbounded_channel();
    thread::Builder::new().name("requests".to_owned()).spawn(move || {
        let mut input = io::BufReader::new(input);
        let mut line = Vec::new();
        loop {
            line.clear();
            match input.by_ref().take(MOST_BYTES).read_until(b'\n', &mut line) {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
            let is_whole = line.ends_with(b"\n") || (line.len() as u64) < MOST_BYTES;
            let request = if is_whole {
                let line = line.trim_ascii();
                if line.is_empty() {
                    continue;
                }
                parse(line)
            } else {
                // Whoever sends this cannot be followed any more.
                Err(refusal(&Value::Null, "the request is too long"))
            };
            if sender.send(request).is_err() || !is_whole {
                return;
            }
        }
    })?;
    Ok(requests)
}

fn parse(line: &[u8]) -> Result<Request, Refusal> {
    let not = |what: &str| refusal(&Value::Null, what);
    let mut object: Map<String, Value> = serde_json::from_slice(line)
        .map_err(|error| not(&format!("the request is no JSON object: {error}")))?;
    let id = match object.remove("id") {
        Some(id) if id.is_number() || id.is_string() => id,
        _ => return Err(not("a request has an `id`, a number or a string")),
    };
    match serde_json::from_value(Value::Object(object)) {
        Ok(wish) => Ok(Request { id, wish }),
        Err(error) => Err(refusal(&id, &error.to_string())),
    }
}

fn refusal(id: &Value, message: &str) -> Refusal {
    json!({ "id": id, "event": "refused", "message": message })
}

/// The answer to [`Wish::Lift`].
pub fn lift(id: &Value, project: &Path, file: &Path, text: Option<&str>) -> Value {
    let path = absolute(project, file);
    let file = config::relative(project, &path);
    let bytes = match text {
        Some(text) => Ok(text.as_bytes().to_vec()),
        None => Disk.read(&path),
    };
    let bytes = match bytes {
        Ok(bytes) => bytes,
        Err(error) => return refusal(id, &format!("{file} cannot be read: {error}")),
    };
    let parsed = source::decode(&file, &bytes).map(|text| source::parse(&file, &text));
    let diagnostics = match parsed {
        Ok((Some(parsed), _)) => return json!({ "id": id, "event": "lifted", "text": parsed.text }),
        Ok((None, diagnostics)) => diagnostics,
        Err(diagnostic) => vec![diagnostic],
    };
    // Their places are those of the text that was asked about, whatever is on the disk.
    let memory = if cfg!(windows) { Memory::windows } else { Memory::unix };
    let files = memory([(path.to_string_lossy(), bytes)]);
    json!({ "id": id, "event": "lifted", "diagnostics": objects(&files, project, &diagnostics) })
}

/// A build, but for the modules of the project.
pub fn built(project: &Path, outcome: &Outcome, fixed: bool) -> Value {
    let Outcome { written, changed, routes, time, .. } = outcome;
    let diagnostics = sort(outcome.diagnostics.clone());
    let errors = diagnostics.iter().filter(|found| found.is_error()).count();
    json!({
        "event": "built",
        "ok": outcome.is_good(),
        "fixed": fixed,
        "errors": errors,
        "warnings": diagnostics.len() - errors,
        "routes": routes,
        "milliseconds": u64::try_from(time.as_millis()).unwrap_or(u64::MAX),
        "project": project,
        "out": outcome.options.as_ref().map(|options| &options.out),
        "changed": changed,
        "written": written.written,
        "removed": written.removed,
        "diagnostics": objects(&Disk, project, &diagnostics),
    })
}

/// As `build --json` prints them.
fn objects(files: &dyn Files, project: &Path, diagnostics: &[Diagnostic]) -> Vec<Value> {
    let mut renderer = Renderer::new(files, project);
    let objects = diagnostics.iter().map(|diagnostic| renderer.json(diagnostic));
    objects.filter_map(|object| serde_json::from_str(&object).ok()).collect()
}

/// Without `.` and `..`.
fn absolute(project: &Path, path: &Path) -> PathBuf {
    let mut whole = PathBuf::new();
    for part in project.join(path).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(whole.pop()),
            part => whole.push(part),
        }
    }
    whole
}

const MOST_BYTES: u64 = 64 * 1024 * 1024;

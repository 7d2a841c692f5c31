//! Runs a script in Node: an explicit argument list, no shell, bounded in time and output.

use std::{
    io::{Read, Write},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::{Duration, Instant},
};

use super::Failure;

pub struct Run<'a> {
    /// The project's: the working folder.
    pub folder: &'a Path,
    /// Its `main` is called with the request and the mark.
    pub script: &'a str,
    /// JSON.
    pub request: &'a str,
    pub time_limit: Duration,
}

/// The script's answer, JSON.
pub fn run(run: &Run<'_>) -> Result<String, Failure> {
    let mut child = Command::new("node")
        .args(["--input-type=module", "-"])
        .current_dir(run.folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| Failure::NoNode(error.to_string()))?;
    // JSON is JavaScript.
    let program = format!("{}\nawait main({}, {MARK:?});\n", run.script, run.request);
    if let Some(mut stdin) = child.stdin.take() {
        // Where Node ends early, its own message says why.
        thread::spawn(move || drop(stdin.write_all(program.as_bytes())));
    }
    let output = collect(child.stdout.take(), MAX_OUTPUT);
    let errors = collect(child.stderr.take(), MAX_ERRORS);
    let deadline = Instant::now() + run.time_limit;
    let output = output.recv_timeout(run.time_limit);
    let ended = output.is_ok() && wait(&mut child, deadline);
    if !ended {
        let _ = child.kill();
        let _ = child.wait();
        return Err(Failure::TimedOut);
    }
    let output = output.unwrap_or_default();
    let answer = output.lines().rev().find_map(|line| line.strip_prefix(MARK));
    match answer {
        Some(answer) if output.len() < MAX_OUTPUT => Ok(answer.to_owned()),
        Some(_) => Err(Failure::Broken("it says too much".to_owned())),
        None => {
            let errors = errors.recv_timeout(GRACE).unwrap_or_default();
            Err(Failure::Broken(complaint(&errors)))
        }
    }
}

/// All that comes out of a pipe, up to a limit; the rest is read and dropped.
fn collect(pipe: Option<impl Read + Send + 'static>, limit: usize) -> Receiver<String> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            let _ = pipe.by_ref().take(limit as u64).read_to_end(&mut bytes);
            let _ = std::io::copy(&mut pipe, &mut std::io::sink());
        }
        let _ = sender.send(String::from_utf8_lossy(&bytes).into_owned());
    });
    receiver
}

/// Its output has ended, so it is about to.
fn wait(child: &mut Child, deadline: Instant) -> bool {
    loop {
        match child.try_wait() {
            Ok(Some(_)) => return true,
            Ok(None) if Instant::now() < deadline => thread::sleep(Duration::from_millis(1)),
            _ => return false,
        }
    }
}

/// The line that says what went wrong: `TypeError: …`.
fn complaint(errors: &str) -> String {
    let mut lines = errors.lines().map(str::trim).filter(|line| !line.is_empty());
    let line = lines
        .clone()
        .find(|line| {
            line.split_once(": ").is_some_and(|(kind, _)| {
                kind.split(' ').next().is_some_and(|kind| kind.ends_with("Error"))
            })
        })
        .or_else(|| lines.next_back())
        .unwrap_or("it says nothing");
    line.chars().take(MAX_COMPLAINT).collect()
}

/// Modules as one script: their imports of each other and their exports are left out.
pub fn script(parts: &[&str]) -> String {
    let mut script = String::new();
    let mut imported = Vec::new();
    for line in parts.iter().flat_map(|part| part.lines()) {
        if let Some(import) = line.strip_prefix("import ") {
            if import.contains(" from '.") || imported.contains(&import) {
                continue;
            }
            imported.push(import);
        }
        script.push_str(line.strip_prefix("export ").unwrap_or(line));
        script.push('\n');
    }
    script
}

/// Begins the line with the answer.
const MARK: &str = "kontract answers: ";
const GRACE: Duration = Duration::from_secs(1);
const MAX_OUTPUT: usize = 64 << 20;
const MAX_ERRORS: usize = 64 << 10;
const MAX_COMPLAINT: usize = 300;

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(main: &str) -> Result<String, Failure> {
        let script = format!("async function main(request, mark) {{ {main} }}");
        let time_limit = Duration::from_millis(1500);
        run(&Run { folder: Path::new("."), script: &script, request: "{\"a\":1}", time_limit })
    }

    #[test]
    fn a_script_answers_fails_or_runs_out_of_time() {
        let line = "process.stdout.write(`noise\\n${mark}${request.a}\\n`);";
        assert_eq!(answer(line), Ok("1".to_owned()));
        assert_eq!(answer("throw new Error('no');"), Err(Failure::Broken("Error: no".to_owned())));
        assert_eq!(answer("for (;;);"), Err(Failure::TimedOut));
    }
}

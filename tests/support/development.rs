//! A project, and `kontract dev` or `kontract watch` that runs in it, as a shell does it.

#![allow(dead_code, reason = "each test uses its own part")]

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, ExitStatus, Output, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::Value;
use tempfile::TempDir;

pub struct Project {
    folder: TempDir,
}

impl Project {
    /// With these sources.
    pub fn new(sources: &[(&str, &str)]) -> Self {
        let project = Self { folder: tempfile::tempdir().expect("a folder") };
        // PostgreSQL's user must be able to reach it.
        let open = fs::Permissions::from_mode(0o755);
        fs::set_permissions(project.folder.path(), open).expect("opened");
        project.write(".git/HEAD", "");
        for (path, text) in sources {
            project.write(path, text);
        }
        project
    }

    /// At once: a file that is written over in its place is empty for a moment, which may be seen.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        let written = self.folder.path().with_extension("written");
        fs::write(&written, text).expect("written");
        fs::rename(written, path).expect("moved");
    }

    pub fn start(&self, arguments: &[&str]) -> Dev {
        self.start_with(arguments, &[])
    }

    pub fn start_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Dev {
        let mut command = self.command(&[&["dev", "--json"], arguments].concat());
        command.envs(variables.iter().copied()).stdin(Stdio::null());
        Dev::follow(command)
    }

    /// Another command that tells events; it can be asked, too.
    pub fn follow(&self, arguments: &[&str]) -> Dev {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped());
        Dev::follow(command)
    }

    /// Runs another command to its end.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).stdin(Stdio::null()).output().expect("it runs")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kontract"));
        command.args(arguments).current_dir(self.folder.path());
        for name in ["CI", "GITHUB_ACTIONS", "DATABASE_URL", "KONTRACT_MIGRATE_URL"] {
            command.env_remove(name);
        }
        command
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn data(&self) -> PathBuf {
        let folder = fs::canonicalize(self.folder.path()).expect("there");
        folder.join(".kontract/dev/postgres")
    }

    pub fn postgres(&self) -> Pid {
        let text = fs::read_to_string(self.data().join("postmaster.pid")).expect("it runs");
        Pid::from_raw(text.lines().next().expect("a line").parse().expect("a number"))
    }

    /// The processes that work in this project or its database.
    pub fn processes(&self) -> Vec<Pid> {
        let folder = fs::canonicalize(self.folder.path()).expect("there");
        let entries = fs::read_dir("/proc").expect("processes").filter_map(Result::ok);
        let inside = entries.filter(|entry| {
            fs::read_link(entry.path().join("cwd")).is_ok_and(|place| place.starts_with(&folder))
        });
        let numbers = inside.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        numbers.map(Pid::from_raw).collect()
    }
}

/// A test that fails leaves nothing behind.
impl Drop for Project {
    fn drop(&mut self) {
        for process in self.processes() {
            let _ = kill(process, Signal::SIGKILL);
        }
    }
}

/// A run of the command.
pub struct Dev {
    child: Child,
    input: Option<ChildStdin>,
    events: Receiver<Value>,
    errors: thread::JoinHandle<String>,
}

impl Dev {
    fn follow(mut command: Command) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("it starts");
        let input = child.stdin.take();
        let (sender, events) = channel();
        let output = child.stdout.take().expect("piped");
        let mut errors = child.stderr.take().expect("piped");
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                let event = serde_json::from_str(&line).unwrap_or(Value::String(line));
                if sender.send(event).is_err() {
                    break;
                }
            }
        });
        let errors = thread::spawn(move || {
            let mut text = String::new();
            let _ = errors.read_to_string(&mut text);
            text
        });
        Self { child, input, events, errors }
    }

    /// The next event of that name, or diagnostic of that code.
    pub fn wait_for(&self, name: &str) -> Value {
        let mut seen = Vec::new();
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            let Ok(event) = self.events.recv_timeout(PATIENCE) else { break };
            if event["event"] == name || event["code"] == name {
                return event;
            }
            seen.push(event);
        }
        panic!("no `{name}`, but {seen:#?}");
    }

    /// A line of standard input.
    pub fn ask(&mut self, line: &str) {
        let input = self.input.as_mut().expect("piped");
        writeln!(input, "{line}").expect("it listens");
    }

    pub fn close_input(&mut self) {
        self.input = None;
    }

    /// What has been told until now.
    pub fn told(&self) -> Vec<Value> {
        self.events.try_iter().collect()
    }

    pub fn url(&self) -> String {
        self.wait_for("ready")["url"].as_str().expect("a text").to_owned()
    }

    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(i32::try_from(self.child.id()).expect("a number")), signal)
            .expect("it runs");
    }

    pub fn end(mut self) -> (ExitStatus, String) {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait().expect("ours") {
                return (status, self.errors.join().expect("text"));
            }
            thread::sleep(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        panic!("it does not end");
    }

    pub fn stop(self) {
        self.signal(Signal::SIGTERM);
        let (status, errors) = self.end();
        assert_eq!(status.code(), Some(0), "{errors}");
    }
}

/// Status and body of a call in JSON.
pub fn call(url: &str, route: &str, arguments: &str) -> Result<(u16, Value), String> {
    post(url, &format!("/rpc/{route}"), arguments)
}

pub fn post(url: &str, path: &str, arguments: &str) -> Result<(u16, Value), String> {
    let address = url.strip_prefix("http://").expect("an address");
    let mut stream = TcpStream::connect(address).map_err(|error| error.to_string())?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(|error| error.to_string())?;
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        arguments.len()
    );
    let mut answer = String::new();
    stream
        .write_all(format!("{head}{arguments}").as_bytes())
        .and_then(|()| stream.read_to_string(&mut answer))
        .map_err(|error| error.to_string())?;
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
    let body = answer.split("\r\n\r\n").nth(1).unwrap_or_default();
    match (status, serde_json::from_str(body)) {
        (Some(status), Ok(body)) => Ok((status, body)),
        _ => Err(answer),
    }
}

/// Debug builds on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(30);

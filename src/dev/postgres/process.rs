//! Ending a PostgreSQL: ours, or one that was left behind.

use std::{
    fs,
    path::Path,
    process,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

/// Asks ever less politely until `is_gone`. False where nothing helped.
pub async fn end(postmaster: Pid, mut is_gone: impl FnMut() -> bool) -> bool {
    for (signal, patience) in [
        // Ends sessions and writes everything down.
        (Signal::SIGINT, Duration::from_secs(5)),
        // Leaves that to the next start.
        (Signal::SIGQUIT, Duration::from_secs(2)),
        (Signal::SIGKILL, Duration::from_secs(2)),
    ] {
        // Sessions notice by themselves that their server is gone, but for those that hang too.
        let sessions = if signal == Signal::SIGKILL { children(postmaster) } else { Vec::new() };
        let _ = kill(postmaster, signal);
        for session in sessions {
            let _ = kill(session, signal);
        }
        let asked = Instant::now();
        while asked.elapsed() < patience {
            if is_gone() {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    is_gone()
}

/// Whether this process is the server of that data.
pub fn is_server(process: Pid, data: &Path) -> bool {
    if let Ok(folder) = fs::read_link(format!("/proc/{process}/cwd")) {
        // It changes to that folder when it starts.
        return folder == data;
    }
    if Path::new("/proc/self/cwd").exists() {
        return false;
    }
    let arguments = process::Command::new("ps")
        .args(["-o", "args=", "-p", &process.to_string()])
        .output()
        .map(|output| output.stdout)
        .unwrap_or_default();
    String::from_utf8_lossy(&arguments).contains(&*data.to_string_lossy())
}

/// Where there is `/proc`.
fn children(parent: Pid) -> Vec<Pid> {
    let entries = fs::read_dir("/proc").into_iter().flatten().filter_map(Result::ok);
    let processes = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    processes
        .filter(|process: &i32| {
            let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
            // `12 (name) S 1 …`: the name may hold anything.
            let rest = stat.rsplit(") ").next().unwrap_or_default();
            rest.split(' ').nth(1) == Some(&parent.to_string())
        })
        .map(Pid::from_raw)
        .collect()
}

//! Tests that change what only root may change: they run once more, as a process in namespaces of
//! its own, where whoever runs them is root.

use std::{
    env,
    ffi::OsStr,
    process::{Command, Stdio},
};

/// False: we are there. Otherwise the test has run there, or there is no such place here.
#[allow(clippy::print_stdout, reason = "a test that is skipped says so")]
pub fn has_run_in_namespaces(test: &str) -> bool {
    if env::var_os(INSIDE).is_some() {
        return false;
    }
    let unshare = |program: &OsStr| {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount"]).arg(program);
        command.env(INSIDE, "1").stdin(Stdio::null());
        command
    };
    if !unshare("true".as_ref()).status().is_ok_and(|status| status.success()) {
        println!("skipped: this system has no namespaces for users");
        return true;
    }
    let ours = env::current_exe().expect("it has a path");
    let mut again = unshare(ours.as_os_str());
    let output = again.args(["--exact", test, "--nocapture"]).output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("1 passed"), "{said}{errors}");
    true
}

const INSIDE: &str = "KONTRACT_TEST_INSIDE";

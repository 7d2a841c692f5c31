//! Diagnostics of watching: K310–K319.

use std::io;

use notify::ErrorKind;

use crate::model::{SourcePath, diagnostic::Diagnostic};

/// The system does not tell of changes.
#[cold]
pub fn no_hints(error: &notify::Error) -> Diagnostic {
    let limit = match &error.kind {
        ErrorKind::MaxFilesWatch => Some(("folders", "max_user_watches=524288")),
        ErrorKind::Io(error) if error.raw_os_error() == Some(TOO_MANY_FILES) => {
            Some(("programs", "max_user_instances=1024"))
        }
        _ => None,
    };
    let Some((what, setting)) = limit else {
        let message = format!("changes are looked for in intervals: {error}");
        return warning("K310", message)
            .help("nothing is missed, but it takes up to half a second and some processor time");
    };
    let message = format!(
        "changes are looked for in intervals: the system's limit of {what} that are watched is \
         reached"
    );
    warning("K310", message).help(format!(
        "raise it: `sudo sysctl fs.inotify.{setting}`, and in a file of /etc/sysctl.d to keep it"
    ))
}

#[cold]
pub fn command_not_started(command: &str, error: &io::Error) -> Diagnostic {
    self::error("K311", format!("`{command}` cannot be started: {error}"))
        .help("what stands behind `--exec` is a command of the shell")
}

#[cold]
pub fn no_thread(error: &io::Error) -> Diagnostic {
    self::error("K312", format!("the compiler's threads cannot be started: {error}"))
        .help("raise the limits on memory and processes")
}

fn warning(code: &str, message: String) -> Diagnostic {
    Diagnostic::warning(code, &SourcePath::new(""), None, message)
}

fn error(code: &str, message: String) -> Diagnostic {
    Diagnostic::error(code, &SourcePath::new(""), None, message)
}

/// `EMFILE`
const TOO_MANY_FILES: i32 = 24;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        diagnostic::testing::{shown, snapshots},
        files::Memory,
    };

    #[test]
    fn every_diagnostic_says_what_to_do() {
        let denied = io::Error::from(io::ErrorKind::PermissionDenied);
        let many = notify::Error::io(io::Error::from_raw_os_error(TOO_MANY_FILES));
        let diagnostics = vec![
            no_hints(&notify::Error::new(ErrorKind::MaxFilesWatch)),
            no_hints(&many),
            no_hints(&notify::Error::generic("no such service")),
            command_not_started("node dist/server.js", &denied),
            no_thread(&denied),
        ];
        snapshots("watch").bind(|| {
            insta::assert_snapshot!(
                "diagnostics",
                shown(&Memory::unix([("/a", "")]), "/", diagnostics)
            );
        });
    }
}

//! What there is to say of what builds leave for each other: K300–K304.

use std::{io, time::Duration};

use crate::model::{SourcePath, diagnostic::Diagnostic};

#[cold]
pub fn damaged(name: &str, reason: &str) -> Diagnostic {
    let message = format!("what earlier builds left is damaged: {reason}; all is built anew");
    Diagnostic::warning("K300", &place(name), None, message)
        .help("nothing needs to be done; where it happens often, look after the disk")
}

#[cold]
pub fn other_version(version: &str) -> Diagnostic {
    let version: String = version.chars().take(30).filter(|c| !c.is_control()).collect();
    let message =
        format!("earlier builds were made by version {version} of kontract; all is built anew");
    Diagnostic::warning("K301", &place("cache.json"), None, message)
        .help("nothing needs to be done; use one version of kontract for one project")
}

#[cold]
pub fn not_written(error: &io::Error) -> Diagnostic {
    let message = format!("nothing can be left here for the next build: {error}");
    Diagnostic::warning("K302", &place(""), None, message)
        .help("make the folder writable, or build with --no-cache")
}

#[cold]
pub fn busy(patience: Duration) -> Diagnostic {
    let message = format!(
        "another build has gone on for {} seconds; this one leaves nothing for the next",
        patience.as_secs()
    );
    Diagnostic::warning("K303", &place("lock"), None, message)
        .help("end the other build, or wait for it")
}

#[cold]
pub fn not_removed(name: &str, error: &io::Error) -> Diagnostic {
    Diagnostic::error("K304", &place(name), None, format!("this cannot be removed: {error}"))
        .help("make the folder writable, or remove it by hand")
}

fn place(name: &str) -> SourcePath {
    SourcePath::new(format!("node_modules/.kontract/{name}").trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        diagnostic::testing::{shown, snapshots},
        files::Memory,
    };

    #[test]
    fn what_is_said_of_the_cache() {
        let denied = io::Error::from(io::ErrorKind::PermissionDenied);
        let all = vec![
            damaged("state.bin", "it is cut off"),
            other_version("0.0.1"),
            not_written(&denied),
            busy(Duration::from_mins(1)),
            not_removed("facts.bin", &denied),
        ];
        let text = shown(&Memory::unix([("/app/src/a.ts", "")]), "/app", all);
        snapshots("incremental").bind(|| insta::assert_snapshot!("diagnostics", text));
    }
}

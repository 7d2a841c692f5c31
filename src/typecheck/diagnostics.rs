//! Why types could not be checked: K320–K322.

use crate::{
    model::{SourcePath, diagnostic::Diagnostic},
    typescript::Failure,
};

#[cold]
pub fn failed(failure: &Failure) -> Diagnostic {
    let (code, message, help) = match failure {
        Failure::Missing | Failure::NoDisk => (
            "K320",
            "types cannot be checked: TypeScript is not installed".to_owned(),
            "run `npm install --save-dev typescript`",
        ),
        Failure::TooOld(version) => (
            "K320",
            format!("types cannot be checked: TypeScript {version} is too old"),
            "run `npm install --save-dev typescript`: versions 5, 6 and 7 are known",
        ),
        Failure::NoNode(error) => (
            "K321",
            format!("types cannot be checked: Node.js cannot be started: {error}"),
            "put `node` on the PATH",
        ),
        Failure::TimedOut => (
            "K322",
            "types cannot be checked: TypeScript did not end in time".to_owned(),
            "check that `npx tsc --noEmit` ends here",
        ),
        Failure::Broken(error) => (
            "K322",
            format!("types cannot be checked: TypeScript failed: {error}"),
            "check that `npx tsc --noEmit` runs here, or install TypeScript again",
        ),
    };
    Diagnostic::error(code, &SourcePath::new(""), None, message).help(help)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        diagnostic::testing::{shown, snapshots},
        files::Memory,
    };

    #[test]
    fn each_says_what_to_do() {
        let failures = [
            Failure::Missing,
            Failure::TooOld("4.9.5".to_owned()),
            Failure::NoNode("No such file or directory".to_owned()),
            Failure::TimedOut,
            Failure::Broken("TypeError: ts.createProgram is not a function".to_owned()),
        ];
        let files = Memory::unix([("/app/kontract.toml", "")]);
        let said = shown(&files, "/app", failures.iter().map(failed).collect());
        snapshots("typecheck").bind(|| insta::assert_snapshot!("diagnostics", said));
    }
}

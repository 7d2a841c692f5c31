//! What was said of a project already: who follows it need not read it again at each build.

use crate::model::{SourcePath, diagnostic::Diagnostic};

#[derive(Debug, Default)]
pub struct Said(Vec<Diagnostic>);

impl Said {
    /// Those that were not said of the build before. One that has only moved is none of them.
    pub fn news(&mut self, diagnostics: &[Diagnostic]) -> Vec<Diagnostic> {
        let mut before: Vec<_> = self.0.iter().map(key).collect();
        let is_new = |diagnostic: &&Diagnostic| {
            let found = before.iter().position(|old| *old == key(diagnostic));
            found.map(|index| before.swap_remove(index)).is_none()
        };
        let news = diagnostics.iter().filter(is_new).cloned().collect();
        self.0 = diagnostics.to_vec();
        news
    }
}

fn key(diagnostic: &Diagnostic) -> (&str, &SourcePath, &str, &str) {
    let Diagnostic { code, file, message, label, .. } = diagnostic;
    (code, file, message, label)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Span;

    #[test]
    fn what_stays_is_said_once_and_what_comes_again_once_more() {
        let file = SourcePath::new("src/a.ts");
        let at = |start| {
            Diagnostic::warning("K270", &file, Some(Span::new(start, start + 1)), "no group")
        };
        let mut said = Said::default();
        assert_eq!(said.news(&[at(1)]), [at(1)]);
        assert_eq!(said.news(&[at(5)]), []);
        assert_eq!(said.news(&[at(5), at(9)]), [at(9)]);
        assert_eq!(said.news(&[]), []);
        assert_eq!(said.news(&[at(5)]), [at(5)]);
    }
}

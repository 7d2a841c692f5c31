//! The verified, span-preserving lift of annotations.
//!
//! ```ts
//! // Input                              // What the parser reads
//! interface User { @primkey id: A }     interface User {          id: A }
//! [@mwfilter(egroup="v1") (c, n) => n]  [                       (c, n) => n]
//! ```
//!
//! A scan proposes, the parser reads the blanked text, and the tree confirms: every lifted `@`
//! stands in code, every other mention of an annotation in a string, comment, template, regular
//! expression or JSX text. Where the tree disagrees its answer is taken and the text parsed again,
//! at most [`MAX_ROUNDS`] times.

use rustc_hash::FxHashSet;
use swc_ecma_ast::{Expr, ExprOrSpread};
use swc_ecma_parser::Syntax;

use crate::model::{SourcePath, Span, diagnostic::Diagnostic};

use super::{
    Annotation, Parsed, diagnostics,
    evidence::{self, Evidence},
    names::Names,
    scan::{self, Candidate, Unclosed},
    swc::{self, Outcome, Panicked},
};

pub fn parse(file: &SourcePath, text: &str) -> (Option<Parsed>, Vec<Diagnostic>) {
    let syntax = swc::syntax(file);
    if !may_hold_annotations(text) {
        return plain(file, text, syntax);
    }
    Lift { file, text, syntax, jsx: syntax.jsx() }.run()
}

/// Whether any `@` is followed by a name that may be an annotation's.
fn may_hold_annotations(text: &str) -> bool {
    if memchr::memchr(b'@', text.as_bytes()).is_none() {
        return false;
    }
    scan::mentions(text, &Names::guess(text)).next().is_some()
}

fn plain(file: &SourcePath, text: &str, syntax: Syntax) -> (Option<Parsed>, Vec<Diagnostic>) {
    match swc::parse_module(syntax, text) {
        Err(Panicked) => (None, vec![diagnostics::parser_failed(file)]),
        Ok(outcome) => {
            let found = swc::diagnostics(file, text, &outcome.errors);
            let parsed = outcome.module.map(|module| Parsed {
                module,
                comments: outcome.comments,
                annotations: Vec::new(),
                text: text.to_owned(),
                plain: true,
            });
            (parsed, found)
        }
    }
}

struct Lift<'a> {
    file: &'a SourcePath,
    text: &'a str,
    syntax: Syntax,
    jsx: bool,
}

/// What to blank, and with what.
#[derive(Clone)]
struct Proposal {
    lifted: Vec<Lifted>,
    unclosed: Option<Unclosed>,
}

#[derive(Clone)]
struct Lifted {
    candidate: Candidate,
    /// The `@` becomes `;`, so that the member before it ends.
    semicolon: bool,
}

enum Verdict {
    Confirmed,
    Revised(Proposal),
}

impl Lift<'_> {
    fn run(&self) -> (Option<Parsed>, Vec<Diagnostic>) {
        let names = Names::guess(self.text);
        let guess = scan::annotations(self.text, self.jsx, &names, None);
        let mut proposal = Proposal {
            lifted: guess
                .candidates
                .into_iter()
                .map(|candidate| Lifted { semicolon: candidate.after_modifier, candidate })
                .collect(),
            unclosed: guess.unclosed,
        };
        // Separators that the parser did not accept are not tried again.
        let mut refused: FxHashSet<usize> = FxHashSet::default();
        for _ in 0..MAX_ROUNDS {
            let blanked = self.blank(&proposal);
            let Ok(outcome) = swc::parse_module(self.syntax, &blanked) else {
                return (None, vec![diagnostics::parser_failed(self.file)]);
            };
            let revised = match &outcome.module {
                Some(_) => match self.verify(&outcome, &proposal, &blanked, &refused) {
                    Verdict::Confirmed => return self.finish(outcome, &proposal, blanked),
                    Verdict::Revised(revised) => revised,
                },
                None => match self.reconsider(&outcome, &proposal, &names, &mut refused) {
                    Some(revised) => revised,
                    None => return self.finish(outcome, &proposal, blanked),
                },
            };
            proposal = revised;
        }
        let place =
            proposal.lifted.first().map_or(Span::default(), |lifted| place(&lifted.candidate));
        (None, vec![diagnostics::unsettled_annotation(self.file, place)])
    }

    /// The text with the proposal's annotations replaced byte for byte.
    fn blank(&self, proposal: &Proposal) -> String {
        let mut blanked = String::with_capacity(self.text.len());
        let mut from = 0;
        for Lifted { candidate, semicolon } in &proposal.lifted {
            blanked.push_str(&self.text[from..candidate.at]);
            let annotation = self.text[candidate.at..candidate.end].bytes();
            blanked.extend(annotation.map(|byte| match byte {
                b'\n' | b'\r' => char::from(byte),
                b'@' if *semicolon => ';',
                _ => ' ',
            }));
            from = candidate.end;
        }
        blanked.push_str(&self.text[from..]);
        blanked
    }

    fn verify(
        &self,
        outcome: &Outcome,
        proposal: &Proposal,
        blanked: &str,
        refused: &FxHashSet<usize>,
    ) -> Verdict {
        let Some(module) = &outcome.module else { return Verdict::Confirmed };
        let guessed = Names::guess(self.text);
        let mut roots: FxHashSet<&str> = FxHashSet::default();
        for (at, end) in scan::mentions(self.text, &guessed) {
            roots.insert(root_of(&self.text[at + 1..end]));
        }
        let evidence = evidence::collect(module, &roots);
        let truth =
            scan::annotations(self.text, self.jsx, &evidence.names, Some(&evidence.literals));
        let mut lifted = Vec::new();
        let mut same = true;
        let mut old = proposal.lifted.iter().peekable();
        for candidate in truth.candidates {
            let root = &self.text[candidate.root.0..candidate.root.1];
            if evidence.is_declared(root, offset(candidate.at)) {
                continue;
            }
            while old.next_if(|old| old.candidate.at < candidate.at).is_some() {
                same = false;
            }
            let before = old.next_if(|old| old.candidate.at == candidate.at);
            same &= before.is_some_and(|old| old.candidate.end == candidate.end);
            let semicolon = match before {
                Some(old) => {
                    let swallowed = !old.semicolon
                        && !refused.contains(&candidate.at)
                        && self.is_swallowed(&candidate, &evidence, blanked);
                    same &= !swallowed;
                    old.semicolon || swallowed
                }
                None => candidate.after_modifier,
            };
            lifted.push(Lifted { candidate, semicolon });
        }
        same &= old.next().is_none();
        // An unclosed list in code stays; one in text was a wrong guess.
        let unclosed = truth.unclosed;
        same &= unclosed.is_some() == proposal.unclosed.is_some();
        if same { Verdict::Confirmed } else { Verdict::Revised(Proposal { lifted, unclosed }) }
    }

    /// Whether blanking joined the member before the annotation with the one behind it.
    fn is_swallowed(&self, candidate: &Candidate, evidence: &Evidence, blanked: &str) -> bool {
        let at = offset(candidate.at);
        candidate.after_line
            && evidence.members.iter().any(|(member, decorated)| {
                member.start < at
                    && at < member.end
                    && candidate.bracket.is_some_and(|bracket| offset(bracket) < member.start)
                    && offset(scan::skip_trivia(blanked, *decorated as usize)) < at
            })
    }

    /// The parser gave up: what else could have been meant?
    fn reconsider(
        &self,
        outcome: &Outcome,
        proposal: &Proposal,
        names: &Names,
        refused: &mut FxHashSet<usize>,
    ) -> Option<Proposal> {
        let fatal = outcome.fatal?;
        if proposal.unclosed.is_some() {
            return None;
        }
        let _ = (fatal, names, refused);
        None
    }

    fn finish(
        &self,
        outcome: Outcome,
        proposal: &Proposal,
        blanked: String,
    ) -> (Option<Parsed>, Vec<Diagnostic>) {
        if let Some(unclosed) = proposal.unclosed {
            // What follows the annotation makes no sense to the parser either.
            return (
                None,
                vec![diagnostics::unclosed_arguments(self.file, unclosed.name, unclosed.place)],
            );
        }
        let mut found = swc::diagnostics(self.file, self.text, &outcome.errors);
        let Some(module) = outcome.module else { return (None, found) };
        let mut annotations = Vec::with_capacity(proposal.lifted.len());
        for (index, Lifted { candidate, .. }) in proposal.lifted.iter().enumerate() {
            let arguments = candidate.arguments.then(|| self.arguments(candidate, &mut found));
            annotations.push(Annotation {
                name: candidate.name,
                span: place(candidate),
                arguments,
                anchor: offset(self.anchor(&proposal.lifted[index..], &blanked)),
            });
        }
        found.sort_by_key(|diagnostic| diagnostic.span);
        let plain = annotations.is_empty();
        (
            Some(Parsed { module, comments: outcome.comments, annotations, text: blanked, plain }),
            found,
        )
    }

    fn arguments(&self, candidate: &Candidate, found: &mut Vec<Diagnostic>) -> Vec<ExprOrSpread> {
        let start = candidate.root.0;
        match swc::parse_expression(self.syntax, self.text, start, candidate.end) {
            Err(Panicked) => found.push(diagnostics::parser_failed(self.file)),
            Ok((expression, errors)) => {
                for diagnostic in swc::diagnostics(self.file, self.text, &errors) {
                    let span = diagnostic.span.unwrap_or_default();
                    found.push(diagnostics::unreadable_arguments(
                        self.file,
                        span,
                        &diagnostic.message,
                    ));
                }
                match expression.map(|expression| *expression) {
                    Some(Expr::Call(call))
                        if super::span(call.span).end as usize == candidate.end =>
                    {
                        return call.args;
                    }
                    _ if errors.is_empty() => found.push(diagnostics::unreadable_arguments(
                        self.file,
                        place(candidate),
                        "not a list of arguments",
                    )),
                    _ => {}
                }
            }
        }
        Vec::new()
    }

    /// The first token behind the first of `run` that is neither annotation nor decorator.
    fn anchor(&self, run: &[Lifted], blanked: &str) -> usize {
        let mut at = run.first().map_or(0, |first| first.candidate.end);
        loop {
            at = scan::skip_trivia(blanked, at);
            if let Some(next) = run.iter().find(|next| next.candidate.at == at) {
                at = next.candidate.end;
            } else {
                return at;
            }
        }
    }
}

fn root_of(name: &str) -> &str {
    let start = scan::skip_trivia(name, 0);
    &name[start..scan::word_end(name, start)]
}

fn place(candidate: &Candidate) -> Span {
    Span::new(offset(candidate.at), offset(candidate.end))
}

fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// Every round but the first answers a wrong guess; more than one of them is rare.
const MAX_ROUNDS: usize = 5;

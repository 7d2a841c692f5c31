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
use swc_ecma_ast::{Expr, ExprOrSpread, Module};
use swc_ecma_parser::{Syntax, error::Error};

use crate::model::{SourcePath, Span, diagnostic::Diagnostic};

use super::{
    Annotation, Parsed, diagnostics, dropped,
    evidence::{self, Evidence},
    names::Names,
    nesting::{self, OutOfStack, Weight},
    scan::{self, Annotations, Candidate, Unclosed},
    swc::{self, Outcome, Panicked},
};

/// `known`: this text has been parsed before, in bearable time.
pub fn parse(file: &SourcePath, text: &str, known: bool) -> (Option<Parsed>, Vec<Diagnostic>) {
    let weight = Weight::of(text);
    let syntax = swc::syntax(file);
    if !known && let Some(place) = nesting::too_slow(text, syntax.jsx(), weight) {
        return (None, vec![diagnostics::nested_too_deeply(file, place)]);
    }
    let run = || {
        let lift = Lift { file, text, syntax, jsx: syntax.jsx(), shallow: weight.is_shallow() };
        if may_hold_annotations(text) { lift.run() } else { lift.plain() }
    };
    weight.run(run).unwrap_or_else(|OutOfStack| (None, vec![diagnostics::too_dense(file)]))
}

/// Whether any `@` is followed by a name that may be an annotation's.
fn may_hold_annotations(text: &str) -> bool {
    if memchr::memchr(b'@', text.as_bytes()).is_none() {
        return false;
    }
    scan::mentions(text, &Names::possible(text)).next().is_some()
}

struct Lift<'a> {
    file: &'a SourcePath,
    text: &'a str,
    syntax: Syntax,
    jsx: bool,
    /// No tree of this text can be too deep.
    shallow: bool,
}

/// What to blank, and with what.
#[derive(Clone)]
struct Proposal {
    lifted: Vec<Lifted>,
    unclosed: Option<Unclosed>,
}

impl Proposal {
    fn new(found: Annotations) -> Self {
        let lift = |candidate: Candidate| Lifted { semicolon: candidate.after_modifier, candidate };
        Self { lifted: found.candidates.into_iter().map(lift).collect(), unclosed: found.unclosed }
    }

    /// Whether the same places are lifted.
    fn is_like(&self, other: &Self) -> bool {
        self.unclosed.is_some() == other.unclosed.is_some()
            && self.lifted.len() == other.lifted.len()
            && self.lifted.iter().zip(&other.lifted).all(|(a, b)| {
                (a.candidate.at, a.candidate.end) == (b.candidate.at, b.candidate.end)
            })
    }
}

#[derive(Clone)]
struct Lifted {
    candidate: Candidate,
    /// The `@` becomes `;`, so that the member before it ends.
    semicolon: bool,
}

enum Verdict {
    Confirmed(Evidence),
    Revised(Proposal),
}

impl Lift<'_> {
    fn plain(&self) -> (Option<Parsed>, Vec<Diagnostic>) {
        let outcome = match self.parse(self.text) {
            Ok(outcome) => outcome,
            Err(diagnostic) => return (None, vec![diagnostic]),
        };
        let stopped = outcome.module.is_none();
        let found = swc::diagnostics(self.file, self.text, &outcome.errors, stopped);
        let parsed = outcome.module.map(|module| Parsed {
            module,
            comments: outcome.comments,
            annotations: Vec::new(),
            text: self.text.to_owned(),
            plain: true,
        });
        (parsed, found)
    }

    /// Calls the parser. A tree that comes back is safe to walk over.
    fn parse(&self, text: &str) -> Result<Outcome, Diagnostic> {
        let mut outcome = swc::parse_module(self.syntax, text)
            .map_err(|Panicked| diagnostics::parser_failed(self.file))?;
        if !self.shallow
            && let Some(place) = outcome.module.as_ref().and_then(nesting::too_deep)
        {
            return Err(diagnostics::nested_too_deeply(self.file, place));
        }
        if let Some(module) = &outcome.module
            && outcome.errors.is_empty()
            && self.syntax.typescript()
        {
            outcome.errors = dropped::errors(self.syntax, text, module)
                .map_err(|Panicked| diagnostics::parser_failed(self.file))?;
        }
        Ok(outcome)
    }

    fn run(&self) -> (Option<Parsed>, Vec<Diagnostic>) {
        let names = Names::guess(self.text);
        let guess = scan::annotations(self.text, self.jsx, &names, None);
        let mut proposal = Proposal::new(guess);
        let mut retries = Retries::default();
        for _ in 0..MAX_ROUNDS {
            let blanked = self.blank(&proposal);
            let outcome = match self.parse(&blanked) {
                Ok(outcome) => outcome,
                Err(diagnostic) => return (None, vec![diagnostic]),
            };
            proposal = match &outcome.module {
                Some(module) => match self.verify(module, &proposal, &blanked, &retries) {
                    Verdict::Confirmed(evidence) => {
                        return self.finish(outcome, &proposal, blanked, &evidence);
                    }
                    Verdict::Revised(revised) => revised,
                },
                None => match self.reconsider(&outcome, &proposal, &mut retries) {
                    Some(revised) => revised,
                    None => {
                        return (None, self.failure(&outcome.errors, retries, proposal.unclosed));
                    }
                },
            };
        }
        if retries.first.is_some() {
            return (None, self.failure(&[], retries, None));
        }
        let first = proposal.lifted.first();
        let place = first.map_or(Span::default(), |lifted| place(&lifted.candidate));
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

    /// Compares what was lifted with what the tree says is code.
    fn verify(
        &self,
        module: &Module,
        proposal: &Proposal,
        blanked: &str,
        retries: &Retries,
    ) -> Verdict {
        let possible = Names::possible(self.text);
        let roots: FxHashSet<&str> = scan::mentions(self.text, &possible)
            .map(|(at, end)| root_of(&self.text[at + 1..end]))
            .collect();
        let evidence = evidence::collect(module, &roots);
        let truth =
            scan::annotations(self.text, self.jsx, &evidence.names, Some(&evidence.literals));
        let mut lifted = Vec::with_capacity(proposal.lifted.len());
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
            let semicolon = if let Some(old) = before {
                let swallowed = !old.semicolon
                    && !retries.refused.contains(&candidate.at)
                    && is_swallowed(&candidate, &evidence, blanked);
                same &= old.candidate.end == candidate.end
                    && old.candidate.name == candidate.name
                    && !swallowed;
                old.semicolon || swallowed
            } else {
                same = false;
                candidate.after_modifier
            };
            lifted.push(Lifted { candidate, semicolon });
        }
        same &= old.next().is_none();
        // An unclosed list in code stays; one in text was a wrong guess.
        same &= truth.unclosed.is_some() == proposal.unclosed.is_some();
        if same {
            Verdict::Confirmed(evidence)
        } else {
            Verdict::Revised(Proposal { lifted, unclosed: truth.unclosed })
        }
    }

    /// The parser gave up on the proposal: what else could have been meant? Each answer is tried
    /// once.
    fn reconsider(
        &self,
        outcome: &Outcome,
        proposal: &Proposal,
        retries: &mut Retries,
    ) -> Option<Proposal> {
        if retries.first.is_none() {
            retries.first = Some((outcome.errors.clone(), proposal.unclosed));
        }
        // It stumbled over an annotation that was taken for text.
        let fatal = outcome.fatal?;
        let names = Names::guess(self.text);
        let missed = scan::mentions(self.text, &names).find(|(at, end)| {
            offset(*at) <= fatal.end
                && fatal.start <= offset(*end)
                && !proposal
                    .lifted
                    .iter()
                    .any(|lifted| lifted.candidate.at <= *at && *at < lifted.candidate.end)
        });
        if let Some(candidate) =
            missed.and_then(|(at, _)| scan::annotation_at(self.text, at, &names))
        {
            let mut revised = proposal.clone();
            let index = revised.lifted.partition_point(|l| l.candidate.at < candidate.at);
            revised.lifted.retain(|lifted| {
                lifted.candidate.at < candidate.at || lifted.candidate.at >= candidate.end
            });
            revised.lifted.insert(index, Lifted { candidate, semicolon: false });
            return Some(revised);
        }
        // Blanking joined two members.
        if !retries.separated {
            retries.separated = true;
            let mut revised = proposal.clone();
            let mut changed = false;
            for lifted in &mut revised.lifted {
                if lifted.candidate.after_line
                    && !lifted.semicolon
                    && lifted.candidate.bracket.is_some_and(|at| self.text.as_bytes()[at] == b'{')
                {
                    lifted.semicolon = true;
                    changed = true;
                    retries.refused.insert(lifted.candidate.at);
                }
            }
            if changed {
                return Some(revised);
            }
        }
        // The scan lost its way at a slash or a `<`, and took code for text …
        if !retries.literal {
            retries.literal = true;
            let scanned = scan::annotations(self.text, false, &names, Some(&[]));
            let revised = Proposal::new(scanned);
            if !revised.is_like(proposal) {
                return Some(revised);
            }
        }
        // … or text for code.
        if self.jsx && !retries.bare {
            retries.bare = true;
            let revised = Proposal { lifted: Vec::new(), unclosed: None };
            if !revised.is_like(proposal) {
                return Some(revised);
            }
        }
        None
    }

    /// What to say of a file that cannot be parsed: what was wrong with it as it was first read.
    fn failure(
        &self,
        errors: &[Error],
        retries: Retries,
        unclosed: Option<Unclosed>,
    ) -> Vec<Diagnostic> {
        let (errors, unclosed) = retries.first.unwrap_or_else(|| (errors.to_vec(), unclosed));
        match unclosed {
            // What follows the annotation makes no sense to the parser either.
            Some(unclosed) => {
                vec![diagnostics::unclosed_arguments(self.file, unclosed.name, unclosed.place)]
            }
            None => swc::diagnostics(self.file, self.text, &errors, true),
        }
    }

    fn finish(
        &self,
        outcome: Outcome,
        proposal: &Proposal,
        blanked: String,
        evidence: &Evidence,
    ) -> (Option<Parsed>, Vec<Diagnostic>) {
        if let Some(unclosed) = proposal.unclosed {
            let diagnostic =
                diagnostics::unclosed_arguments(self.file, unclosed.name, unclosed.place);
            return (None, vec![diagnostic]);
        }
        let mut found = swc::diagnostics(self.file, self.text, &outcome.errors, false);
        let Some(module) = outcome.module else { return (None, found) };
        let anchors = anchors(&proposal.lifted, &blanked, evidence);
        let mut annotations = Vec::with_capacity(proposal.lifted.len());
        for (Lifted { candidate, .. }, anchor) in proposal.lifted.iter().zip(anchors) {
            let arguments = candidate.arguments.then(|| self.arguments(candidate, &mut found));
            annotations.push(Annotation {
                name: candidate.name,
                span: place(candidate),
                arguments,
                anchor: offset(anchor),
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
                for diagnostic in swc::diagnostics(self.file, self.text, &errors, false) {
                    let span = diagnostic.span.unwrap_or_default();
                    found.push(diagnostics::unreadable_arguments(
                        self.file,
                        span,
                        &diagnostic.message,
                    ));
                }
                if !self.shallow
                    && let Some(place) = expression.as_ref().and_then(nesting::too_deep)
                {
                    found.push(diagnostics::nested_too_deeply(self.file, place));
                    return Vec::new();
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
}

/// What has been tried on a file that does not parse.
#[derive(Default)]
struct Retries {
    /// The outcome of the first attempt.
    first: Option<(Vec<Error>, Option<Unclosed>)>,
    separated: bool,
    literal: bool,
    bare: bool,
    /// Annotations before which a separator is not to be tried again.
    refused: FxHashSet<usize>,
}

/// Whether blanking joined the member before the annotation with the one behind it.
fn is_swallowed(candidate: &Candidate, evidence: &Evidence, blanked: &str) -> bool {
    let (true, Some(bracket)) = (candidate.after_line, candidate.bracket) else { return false };
    let at = offset(candidate.at);
    let behind = evidence.members.partition_point(|(member, _)| member.start < at);
    evidence.members[..behind]
        .iter()
        .rev()
        .take_while(|(member, _)| member.start > offset(bracket))
        .take(MAX_SIBLINGS)
        .any(|(member, decorated)| {
            at < member.end && offset(scan::skip_trivia(blanked, *decorated as usize)) < at
        })
}

/// For each annotation, the first token behind it that is neither annotation nor decorator.
fn anchors(lifted: &[Lifted], blanked: &str, evidence: &Evidence) -> Vec<usize> {
    let mut anchors = vec![0; lifted.len()];
    // From the last to the first: what a run of annotations shares is looked for once.
    for (index, Lifted { candidate, .. }) in lifted.iter().enumerate().rev() {
        let mut from = candidate.end;
        anchors[index] = loop {
            let at = scan::skip_trivia(blanked, from);
            // A blanked annotation is a space, or a separator and spaces.
            let next = lifted.partition_point(|next| next.candidate.at < from);
            if let Some(neighbour) = lifted.get(next)
                && neighbour.candidate.at <= at
            {
                break anchors[next];
            }
            if !blanked[at..].starts_with('@') {
                break at;
            }
            let known = evidence.decorators.binary_search_by_key(&offset(at), |span| span.start);
            from = match known {
                Ok(found) => evidence.decorators[found].end as usize,
                Err(_) => scan::decorator_end(blanked, at),
            }
            .max(at + 1);
        };
    }
    anchors
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

/// How far back the member is looked for that an annotation may have been joined with.
const MAX_SIBLINGS: usize = 256;

/// Every round but the first answers a wrong guess; more than one of them is rare.
const MAX_ROUNDS: usize = 8;

//! Types that only TypeScript itself can decide: conditional types, `typeof`, `ReturnType`, what a
//! schema library infers. What is not known yet is noted, so that it can be asked for at once.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

use super::{
    head::{Head, Scope, Source, Thunk},
    names::head_text,
};
use crate::{
    model::{Span, contract::TypeDeclaration, types::TypeExpr},
    typescript::{Answers, Failure, Hint, Question, Refusal},
};

/// What TypeScript said, and what it has not been asked.
pub struct Fallback<'a> {
    answers: &'a Answers,
    /// Nothing more can be asked.
    failure: Option<Failure>,
    wanted: RefCell<BTreeMap<Question, Hint>>,
}

pub enum Answer<'a> {
    Type(&'a TypeExpr),
    Refused(&'a Refusal),
    /// It will be asked for, or could not be.
    Unknown,
    /// It cannot be written as a question.
    Unaskable,
}

impl<'a> Fallback<'a> {
    pub fn new(answers: &'a Answers, failure: Option<Failure>) -> Self {
        Self { answers, failure, wanted: RefCell::default() }
    }

    /// What `ty` comes to where it is written, in terms of the types that this compiler reads. `way`
    /// leads to it, `span` is where it stands.
    pub fn resolve(
        &self,
        ty: &TypeExpr,
        scope: &Rc<Scope<'_>>,
        way: &str,
        span: Span,
    ) -> Answer<'a> {
        let Some(question) = question(ty, scope, 0) else {
            return Answer::Unaskable;
        };
        match self.answers.get(&question) {
            Some(Ok(ty)) => Answer::Type(ty),
            Some(Err(refusal)) => Answer::Refused(refusal),
            None => {
                let name = name_of(way);
                let declared = way.strip_prefix(scope.file.as_str()) == Some(&format!("#{name}"));
                let hint = || Hint { name: name.to_owned(), declared, span };
                self.wanted.borrow_mut().entry(question).or_insert_with(hint);
                Answer::Unknown
            }
        }
    }

    pub fn failure(&self) -> Option<&Failure> {
        self.failure.as_ref()
    }

    /// A declaration that came with an answer.
    pub fn helper(
        &self,
        file: &crate::model::SourcePath,
        name: &str,
    ) -> Option<&'a TypeDeclaration> {
        self.answers.helper(file, name)
    }

    pub fn wanted(self) -> BTreeMap<Question, Hint> {
        self.wanted.into_inner()
    }
}

/// `ty` with what its type parameters stand for. Names of a namespace are out of the question's
/// reach.
fn question(ty: &TypeExpr, scope: &Rc<Scope<'_>>, depth: usize) -> Option<Question> {
    if depth > MAX_DEPTH || !scope.namespaces.is_empty() {
        return None;
    }
    let mut names = Vec::new();
    ty.walk(&mut |ty| {
        if let TypeExpr::Reference { name, .. } = ty
            && !names.contains(name)
            && scope.bound(name).is_some()
        {
            names.push(name.clone());
        }
    });
    names.sort();
    let mut question = Question::new(&scope.file, ty);
    for name in names {
        let bound = scope.bound(&name)?;
        let value = value(bound, scope, depth + 1)?;
        question.bindings.push((name, value));
    }
    Some(question)
}

/// What a type parameter stands for, where `asker` is the scope that names it.
fn value(thunk: &Thunk<'_>, asker: &Rc<Scope<'_>>, depth: usize) -> Option<Question> {
    if depth > MAX_DEPTH {
        return None;
    }
    let joined = |thunks: &[Thunk<'_>], by: &str| {
        let parts: Option<Vec<(String, Question)>> = thunks
            .iter()
            .enumerate()
            .map(|(i, thunk)| Some((format!("Part{i}"), value(thunk, asker, depth + 1)?)))
            .collect();
        let bindings = parts?;
        let names: Vec<&str> = bindings.iter().map(|(name, _)| name.as_str()).collect();
        let text = if names.is_empty() { "never".to_owned() } else { names.join(by) };
        Some(Question { file: asker.file.clone(), text, bindings })
    };
    match &thunk.source {
        Source::Written(ty, scope) => question(ty, scope, depth),
        Source::Known(head) => known(head, asker),
        Source::All(thunks) => joined(thunks, " & "),
        Source::Any(thunks) => joined(thunks, " | "),
        Source::Defined(inner) => {
            let mut question = joined(std::slice::from_ref(inner), "")?;
            "Exclude<Part0, undefined>".clone_into(&mut question.text);
            Some(question)
        }
        Source::Scaled(inner, _) => value(inner, asker, depth + 1),
    }
}

fn known(head: &Head<'_>, asker: &Rc<Scope<'_>>) -> Option<Question> {
    let text = head_text(head)?;
    Some(Question { file: asker.file.clone(), text, bindings: Vec::new() })
}

/// What a type is called that the way leads to: the last name of it.
fn name_of(way: &str) -> &str {
    let between = |c: char| !c.is_ascii_alphanumeric() && c != '_';
    let end = way.trim_end_matches(between);
    end.rsplit(between).next().unwrap_or(end)
}

/// Type parameters that stand for types with type parameters, and so on.
const MAX_DEPTH: usize = 16;

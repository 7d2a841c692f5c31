//! What the script says → types as the compiler reads them.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;
use serde::Deserialize;

use super::{
    Failure, Hint, Project, Question, Refusal, RefusalKind,
    request::{Asked, Request},
};
use crate::{
    model::{
        SourcePath, Span,
        contract::{TypeDeclaration, TypeDeclarationKind},
        types::{MODULE_SPECIFIER, Member, MemberKind, TypeExpr},
    },
    pipeline::extract::{Hints, extract},
};

/// The types that were asked for, in the scope of no file: declarations of the project are
/// `import("kontract:<source path>").<name>`, and so are helpers; globals are
/// `import("kontract:").<name>`.
#[derive(Clone, Debug, Default)]
pub struct Answers {
    types: BTreeMap<Question, Result<TypeExpr, Refusal>>,
    /// Aliases that stand for types within themselves, by the file that they were asked from.
    helpers: BTreeMap<SourcePath, Vec<TypeDeclaration>>,
}

impl Answers {
    pub fn get(&self, question: &Question) -> Option<Result<&TypeExpr, &Refusal>> {
        self.types.get(question).map(Result::as_ref)
    }

    pub fn helper(&self, file: &SourcePath, name: &str) -> Option<&TypeDeclaration> {
        self.helpers.get(file)?.iter().find(|helper| helper.name == name)
    }

    /// The files from which something was asked.
    pub fn files(&self) -> BTreeSet<&SourcePath> {
        self.types.keys().map(|question| &question.file).collect()
    }

    pub fn helpers(&self, file: &SourcePath) -> &[TypeDeclaration] {
        self.helpers.get(file).map_or(&[], Vec::as_slice)
    }

    /// Answers that nobody computed, for tests.
    #[cfg(test)]
    pub fn of(types: impl IntoIterator<Item = (Question, Result<TypeExpr, Refusal>)>) -> Self {
        Self { types: types.into_iter().collect(), helpers: BTreeMap::new() }
    }
}

/// The module of a declaration that an answer names, if `specifier` is an answer's; empty for
/// globals.
pub fn module_of(specifier: &str) -> Option<&str> {
    specifier.strip_prefix(MODULE_SPECIFIER)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Response {
    #[serde(default)]
    missing: bool,
    #[serde(default)]
    version: String,
    #[serde(default)]
    unsupported: bool,
    #[serde(default)]
    answers: Vec<Option<Reply>>,
    #[serde(default)]
    helpers: BTreeMap<String, Vec<Helper>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Reply {
    Text(String),
    Refusal {
        kind: RefusalKind,
        what: String,
        path: String,
        #[serde(default)]
        complaint: Option<String>,
    },
}

#[derive(Deserialize)]
struct Helper {
    name: String,
    text: String,
}

/// Nothing in `response` is trusted: it is parsed as a source would be, and whatever is not one of
/// the forms that answers have is a failure.
pub fn read(
    project: &Project<'_>,
    request: &Request,
    questions: &BTreeMap<Question, Hint>,
    response: &str,
) -> Result<Answers, Failure> {
    let response: Response = serde_json::from_str(response)
        .map_err(|error| Failure::Broken(format!("its answer cannot be read: {error}")))?;
    if response.missing {
        return Err(Failure::Missing);
    }
    if response.unsupported {
        return Err(Failure::TooOld(response.version));
    }
    let mut reader = Reader { project, origins: FxHashMap::default(), span: Span::default() };
    let mut answers = Answers::default();
    for (question, hint) in questions {
        reader.span = hint.span;
        let index = request.index(project, question);
        let reply = index.and_then(|index| response.answers.get(index)?.as_ref());
        let answer = match reply {
            Some(Reply::Text(text)) => Ok(reader.read(text).ok_or_else(|| unreadable(text))?),
            Some(Reply::Refusal { kind, what, path, complaint }) => Err(Refusal {
                kind: *kind,
                what: what.clone(),
                path: path.clone(),
                complaint: complaint.clone(),
            }),
            None => return Err(Failure::Broken("it leaves a question unanswered".to_owned())),
        };
        answers.types.insert(question.clone(), answer);
    }
    reader.span = Span::default();
    for contract in project.modules.values() {
        let path = project.path(&contract.file);
        for helper in response.helpers.get(&path).into_iter().flatten() {
            let declaration = reader
                .declaration(&helper.name, &helper.text)
                .ok_or_else(|| unreadable(&helper.text))?;
            answers.helpers.entry(contract.file.clone()).or_default().push(declaration);
        }
    }
    Ok(answers)
}

fn unreadable(text: &str) -> Failure {
    let start: String = text.chars().take(100).collect();
    Failure::Broken(format!("its answer is no type: {start}"))
}

impl Request {
    fn index(&self, project: &Project<'_>, question: &Question) -> Option<usize> {
        let file = project.path(&question.file);
        let bindings = question
            .bindings
            .iter()
            .map(|(name, bound)| Some((name.clone(), self.index(project, bound)?)))
            .collect::<Option<Vec<_>>>()?;
        let same = |asked: &Asked| {
            asked.file == file && asked.text == question.text && asked.bindings == bindings
        };
        self.questions.iter().position(same)
    }
}

struct Reader<'a> {
    project: &'a Project<'a>,
    /// Members of the project's declarations by file and UTF-16 offset, for files that answers
    /// mention.
    origins: FxHashMap<SourcePath, FxHashMap<u32, &'a Member>>,
    span: Span,
}

impl<'a> Reader<'a> {
    fn read(&mut self, text: &str) -> Option<TypeExpr> {
        match self.declaration("Answer", text)?.kind {
            TypeDeclarationKind::Alias(ty) => Some(ty),
            _ => None,
        }
    }

    /// `type <name> = <text>`, and nothing beside it.
    fn declaration(&mut self, name: &str, text: &str) -> Option<TypeDeclaration> {
        let source = format!("type {name} = {text};");
        let file = SourcePath::new("answer.ts");
        let (contract, diagnostics) = extract(&file, &source, Hints::default());
        let mut types = contract.types;
        let mut declaration = types.pop()?;
        if !diagnostics.is_empty() || !types.is_empty() || declaration.name != name {
            return None;
        }
        declaration.kind = match declaration.kind {
            TypeDeclarationKind::Alias(ty) => TypeDeclarationKind::Alias(self.ty(ty)?),
            _ => return None,
        };
        declaration.span = self.span;
        Some(declaration)
    }

    /// None for a form that answers do not have.
    fn ty(&mut self, ty: TypeExpr) -> Option<TypeExpr> {
        let span = self.span;
        Some(match ty {
            TypeExpr::Keyword(_) | TypeExpr::Literal(_) => ty,
            TypeExpr::Reference { name, arguments, .. } => {
                let mut arguments = self.all(arguments)?;
                match (name.as_str(), arguments.len()) {
                    ("Array" | "ReadonlyArray", 1) => {
                        TypeExpr::Array(Box::new(arguments.remove(0)))
                    }
                    // A global, whatever the file calls so.
                    _ if !name.contains('.') => TypeExpr::Import {
                        specifier: MODULE_SPECIFIER.to_owned(),
                        qualifier: Some(name),
                        arguments,
                        span,
                    },
                    _ => return None,
                }
            }
            TypeExpr::Import { specifier, qualifier: Some(name), arguments, .. } => {
                let known = specifier == "kontract"
                    || module_of(&specifier)
                        .is_some_and(|m| self.project.modules.contains_key(&SourcePath::new(m)));
                if !known {
                    return None;
                }
                let arguments = self.all(arguments)?;
                TypeExpr::Import { specifier, qualifier: Some(name), arguments, span }
            }
            TypeExpr::Array(item) => TypeExpr::Array(Box::new(self.ty(*item)?)),
            TypeExpr::Tuple(elements) => {
                let elements = elements.into_iter().map(|mut element| {
                    element.ty = self.ty(element.ty)?;
                    Some(element)
                });
                TypeExpr::Tuple(elements.collect::<Option<_>>()?)
            }
            TypeExpr::Object(members) => {
                let members = members.into_iter().map(|member| self.member(member));
                TypeExpr::Object(members.collect::<Option<_>>()?)
            }
            TypeExpr::Union(types) => TypeExpr::Union(self.all(types)?),
            TypeExpr::Operator { operator, operand } if operator == "readonly" => {
                TypeExpr::Operator { operator, operand: Box::new(self.ty(*operand)?) }
            }
            _ => return None,
        })
    }

    fn all(&mut self, types: Vec<TypeExpr>) -> Option<Vec<TypeExpr>> {
        types.into_iter().map(|ty| self.ty(ty)).collect()
    }

    fn member(&mut self, mut member: Member) -> Option<Member> {
        let origin = member.docs.take().and_then(|docs| self.origin(&docs));
        member.span = self.span;
        match &mut member.kind {
            MemberKind::Property { ty, storage, .. } => {
                let own = std::mem::replace(ty, TypeExpr::Keyword("never".to_owned()));
                *ty = self.ty(own)?;
                if let Some(Member {
                    kind: MemberKind::Property { ty: declared, storage: s, .. },
                    docs,
                    ..
                }) = origin
                {
                    *storage = *s;
                    member.docs.clone_from(docs);
                    rescale(declared, ty);
                }
            }
            MemberKind::Index { parameter, ty, .. } => {
                parameter.span = self.span;
                let own = std::mem::replace(ty, TypeExpr::Keyword("never".to_owned()));
                *ty = self.ty(own)?;
            }
            _ => return None,
        }
        Some(member)
    }

    /// `kontract:<offset> <source path>`: where the field is declared.
    fn origin(&mut self, docs: &str) -> Option<&'a Member> {
        let (offset, file) = docs.strip_prefix(MODULE_SPECIFIER)?.split_once(' ')?;
        let (offset, file) = (offset.parse().ok()?, SourcePath::new(file));
        if !self.origins.contains_key(&file) {
            let members = self.members(&file).unwrap_or_default();
            self.origins.insert(file.clone(), members);
        }
        self.origins.get(&file)?.get(&offset).copied()
    }

    fn members(&self, file: &SourcePath) -> Option<FxHashMap<u32, &'a Member>> {
        let contract = self.project.modules.get(file)?;
        let text = self.project.text(contract)?;
        let mut found: Vec<&'a Member> = Vec::new();
        for declaration in &contract.types {
            match &declaration.kind {
                TypeDeclarationKind::Alias(ty) => collect(ty, &mut found),
                TypeDeclarationKind::Interface { members, .. }
                | TypeDeclarationKind::Class { members, .. } => {
                    collect_members(members, &mut found);
                }
                TypeDeclarationKind::Enum { .. } | TypeDeclarationKind::Namespace(_) => {}
            }
        }
        found.sort_by_key(|member| member.span.start);
        let mut members = FxHashMap::default();
        let (mut at, mut units) = (0, 0);
        for member in found {
            // A member starts behind its annotations, which are blank.
            let start = member.span.start as usize;
            let blank = text.get(start..)?.len() - text.get(start..)?.trim_start().len();
            let start = start + blank;
            let Some(between) = text.get(at..start) else { continue };
            units += between.chars().map(char::len_utf16).sum::<usize>();
            at = start;
            members.insert(u32::try_from(units).ok()?, member);
        }
        Some(members)
    }
}

fn collect_members<'a>(members: &'a [Member], found: &mut Vec<&'a Member>) {
    found.extend(members);
    for member in members {
        if let MemberKind::Property { ty, .. } = &member.kind {
            collect(ty, found);
        }
    }
}

/// Members of object types within `ty`.
fn collect<'a>(ty: &'a TypeExpr, found: &mut Vec<&'a Member>) {
    match ty {
        TypeExpr::Object(members) => collect_members(members, found),
        TypeExpr::Array(item) | TypeExpr::Operator { operand: item, .. } => collect(item, found),
        TypeExpr::Union(types)
        | TypeExpr::Intersection(types)
        | TypeExpr::Reference { arguments: types, .. } => {
            types.iter().for_each(|ty| collect(ty, found));
        }
        TypeExpr::Tuple(elements) => elements.iter().for_each(|e| collect(&e.ty, found)),
        _ => {}
    }
}

/// `Int32` is `number` to TypeScript: the declared type has more to say of numbers.
fn rescale(declared: &TypeExpr, answered: &mut TypeExpr) {
    let parts = |ty: &TypeExpr| match ty {
        TypeExpr::Union(types) => types.clone(),
        ty => vec![ty.clone()],
    };
    let mut scalars = parts(declared);
    scalars.retain(|ty| matches!(ty, TypeExpr::Scalar { .. }));
    for scalar in scalars {
        let TypeExpr::Scalar { bigint, .. } = scalar else { continue };
        let plain = TypeExpr::Keyword(if bigint { "bigint" } else { "number" }.to_owned());
        answered.replace(&mut |ty| match ty {
            TypeExpr::Union(_) => None,
            ty if *ty == plain => Some(scalar.clone()),
            ty => Some(ty.clone()),
        });
    }
}

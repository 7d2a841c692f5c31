//! Names in types → what they stand for: parameters, declarations, what is built in, and what only
//! TypeScript can tell.

use std::rc::Rc;

use super::{
    builtin,
    diagnostics::{
        circular_type, refused_type, too_large_type, unasked_type, undecided_type, undeclared_type,
    },
    evaluate::Evaluator,
    fallback::Answer,
    head::{Head, Scope, Thunk, place, way},
    lookup::{Found, Name, lookup},
    names,
};
use crate::{
    model::{
        SourcePath,
        contract::{ConstantValue, TypeDeclaration, TypeDeclarationKind},
        diagnostic::Diagnostic,
        shape::{Literal, Place, Scalar},
        types::TypeExpr,
    },
    pipeline::gather::resolve::Resolution,
    source::is_kontract,
    typescript::{Failure, Question, RefusalKind},
};

/// Instantiations of recursive generics that grow with each step end here.
const MAX_KEY: usize = 4_000;
const MAX_NESTING: usize = 16;

impl<'a> Evaluator<'a> {
    pub fn reference(
        &mut self,
        ty: &'a TypeExpr,
        name: &str,
        arguments: &'a [TypeExpr],
        scope: &Rc<Scope<'a>>,
        path: &Rc<str>,
        at: &Place,
    ) -> Head<'a> {
        if self.computes_from_value(name, arguments, scope) {
            return self.undecided(ty, scope, path, at);
        }
        let found = lookup(self.symbols, scope, name);
        self.named(found, ty, name, arguments, scope, path, at)
    }

    /// `z.infer<typeof schema>`: a package that computes a type from a value need not be read, as
    /// only TypeScript can tell.
    fn computes_from_value(
        &self,
        name: &str,
        arguments: &[TypeExpr],
        scope: &Rc<Scope<'a>>,
    ) -> bool {
        let mut queries = Vec::new();
        arguments.iter().for_each(|argument| {
            argument.walk(&mut |ty| {
                if let TypeExpr::Query { name, .. } = ty {
                    queries.push(name.clone());
                }
            });
        });
        if queries.is_empty() || queries.iter().all(|query| self.is_constant(query, scope)) {
            return false;
        }
        let first = name.split('.').next().unwrap_or(name);
        let contract = self.symbols.modules.get(&scope.file);
        let import = contract
            .and_then(|c| c.imports.iter().find(|i| i.names.iter().any(|n| n.local == first)));
        import.is_some_and(|import| {
            let resolution = self.symbols.resolutions.get(&scope.file, &import.specifier);
            *resolution == Resolution::External && !is_kontract(&import.specifier)
        })
    }

    #[expect(clippy::too_many_arguments, reason = "what is known of a name, and where it stands")]
    pub fn named(
        &mut self,
        found: Name<'a>,
        ty: &'a TypeExpr,
        name: &str,
        arguments: &'a [TypeExpr],
        scope: &Rc<Scope<'a>>,
        path: &Rc<str>,
        at: &Place,
    ) -> Head<'a> {
        match found {
            Name::Bound(thunk) => self.head(&thunk),
            Name::Found(found) => {
                let arguments = arguments
                    .iter()
                    .enumerate()
                    .map(|(i, t)| Self::thunk(t, scope, way(path, &format!("<{i}>")), at))
                    .collect();
                if !self.symbols.is_package(&found.file) || self.symbols.is_package(&scope.file) {
                    return self.declaration(&found, arguments, at);
                }
                // What a package computes is asked for as the project names it.
                let gave_up = self.gave_up.replace(false);
                let head = self.declaration(&found, arguments, at);
                match std::mem::replace(&mut self.gave_up, gave_up) {
                    Some(true) => self.undecided(ty, scope, path, at),
                    _ => head,
                }
            }
            Name::EnumMember(found, member) => {
                for declaration in found.declarations {
                    if let TypeDeclarationKind::Enum { members, .. } = &declaration.kind
                        && let Some(member) = members.iter().find(|m| m.name == member)
                    {
                        return enum_value(member.value.as_ref());
                    }
                }
                Head::Refused
            }
            Name::Ours(name) => self.builtin(&name, true, ty, arguments, scope, path, at),
            Name::Global => self.builtin(name, false, ty, arguments, scope, path, at),
            Name::Package => self.undecided(ty, scope, path, at),
            Name::Nowhere => Head::Refused,
            Name::NoType => self.undeclared(name, ty, scope, path, at),
        }
    }

    #[expect(clippy::too_many_arguments, reason = "what is known of a name, and where it stands")]
    pub fn builtin(
        &mut self,
        name: &str,
        ours: bool,
        ty: &'a TypeExpr,
        arguments: &'a [TypeExpr],
        scope: &Rc<Scope<'a>>,
        path: &Rc<str>,
        at: &Place,
    ) -> Head<'a> {
        match builtin::head(self, name, ours, arguments, scope, path, at) {
            builtin::Known::Head(head) => head,
            builtin::Known::Undecided => self.undecided(ty, scope, path, at),
            builtin::Known::Not => self.undeclared(name, ty, scope, path, at),
        }
    }

    /// A declared type with its arguments.
    fn declaration(
        &mut self,
        found: &Found<'a>,
        arguments: Vec<Thunk<'a>>,
        at: &Place,
    ) -> Head<'a> {
        let parameters =
            found.declarations.iter().map(|d| &d.type_parameters).find(|p| !p.is_empty());
        let mut key = format!("{}#{}", self.symbols.label(&found.file), found.path);
        let mut too_long = false;
        let mut scope = Rc::new(Scope {
            file: found.file.clone(),
            namespaces: found.namespaces.clone(),
            bound: Vec::new(),
            outer: None,
        });
        if let Some(parameters) = parameters {
            let mut arguments = arguments.into_iter();
            let mut texts = Vec::new();
            for parameter in parameters {
                let path = way(&key, &format!("<{}>", parameter.name));
                let here = place(&found.file, found.declarations[0].span);
                let argument = arguments.next().unwrap_or_else(|| {
                    match parameter.default.as_ref().or(parameter.constraint.as_ref()) {
                        Some(ty) => Self::thunk(ty, &scope, path, &here),
                        None => Thunk::known(Head::Unknown(here.clone()), &path, &here),
                    }
                });
                match names::text(self.symbols, &argument, &found.file) {
                    Some(text) => texts.push(text),
                    None => too_long = true,
                }
                let mut bound = scope.bound.clone();
                bound.push((parameter.name.clone(), argument));
                scope = Rc::new(Scope {
                    file: scope.file.clone(),
                    namespaces: scope.namespaces.clone(),
                    bound,
                    outer: None,
                });
            }
            key = format!("{key}<{}>", texts.join(", "));
        }
        if too_long || key.len() > MAX_KEY || names::nesting(&key) > MAX_NESTING {
            let message = format!("the type `{}` grows with each step into it", found.path);
            let diagnostic = too_large_type(&self.origin, &message, at);
            let start = place(&found.file, found.declarations[0].span);
            self.report(diagnostic, &start);
            return Head::Refused;
        }
        if let Some(head) = self.declared.get(&key) {
            return head.clone();
        }
        if !self.open.insert(key.clone()) {
            let diagnostic = circular_type(&self.origin, &found.path, at);
            self.report(diagnostic, at);
            return Head::Refused;
        }
        let path: Rc<str> = Rc::from(key.as_str());
        let head = self.body(found, &scope, &path);
        self.open.remove(&key);
        if self.gave_up != Some(true) {
            self.declared.insert(key, head.clone());
        }
        head
    }

    fn body(&mut self, found: &Found<'a>, scope: &Rc<Scope<'a>>, path: &Rc<str>) -> Head<'a> {
        let first: &'a TypeDeclaration = found.declarations[0];
        let at = place(&found.file, first.span);
        match &first.kind {
            TypeDeclarationKind::Alias(ty) => {
                let head = self.written(ty, scope, path, &at);
                match head {
                    Head::Object(object) if object.way == *path && object.docs.is_none() => {
                        let mut object = (*object).clone();
                        object.docs.clone_from(&first.docs);
                        Head::Object(Rc::new(object))
                    }
                    head => head,
                }
            }
            TypeDeclarationKind::Enum { .. } => {
                let mut heads = Vec::new();
                for declaration in &found.declarations {
                    if let TypeDeclarationKind::Enum { members, .. } = &declaration.kind {
                        heads.extend(members.iter().map(|m| enum_value(m.value.as_ref())));
                    }
                }
                self.union(heads, path, &at)
            }
            TypeDeclarationKind::Interface { .. } | TypeDeclarationKind::Class { .. } => {
                self.object_declaration(&found.declarations, scope, path, &at)
            }
            TypeDeclarationKind::Namespace(_) => Head::Refused,
        }
    }

    /// Asks TypeScript, or says that nobody knows.
    pub fn undecided(
        &mut self,
        ty: &'a TypeExpr,
        scope: &Rc<Scope<'a>>,
        path: &Rc<str>,
        at: &Place,
    ) -> Head<'a> {
        self.ask(ty, scope, path, at, true, |origin| undecided_type(origin, &names::words(ty), at))
    }

    /// A name that nothing here declares: TypeScript may know it from somewhere else.
    fn undeclared(
        &mut self,
        name: &str,
        ty: &'a TypeExpr,
        scope: &Rc<Scope<'a>>,
        path: &Rc<str>,
        at: &Place,
    ) -> Head<'a> {
        self.ask(ty, scope, path, at, false, |origin| undeclared_type(origin, name, at))
    }

    /// `unknown` is what to report where TypeScript cannot be asked.
    fn ask(
        &mut self,
        ty: &'a TypeExpr,
        scope: &Rc<Scope<'a>>,
        path: &Rc<str>,
        at: &Place,
        declared: bool,
        unknown: impl FnOnce(&super::diagnostics::Origin) -> Diagnostic,
    ) -> Head<'a> {
        if self.gave_up.is_some() && self.symbols.is_package(&scope.file) {
            self.gave_up = Some(true);
            return Head::Refused;
        }
        let diagnostic = match self.asked(ty, scope, path, at, declared) {
            Ok(head) => return head,
            Err(Some(diagnostic)) => diagnostic,
            Err(None) => unknown(&self.origin),
        };
        self.report(diagnostic, at);
        Head::Refused
    }

    /// What TypeScript says of a type, or why it says nothing. A name that is not `declared` it
    /// need not know.
    fn asked(
        &mut self,
        ty: &'a TypeExpr,
        scope: &Rc<Scope<'a>>,
        path: &Rc<str>,
        at: &Place,
        declared: bool,
    ) -> Result<Head<'a>, Option<Diagnostic>> {
        let fallback = self.fallback;
        let written = || Question::new(&scope.file, ty).words();
        let words = || written().unwrap_or_else(|| names::words(ty));
        Err(match fallback.resolve(ty, scope, path, at.span) {
            Answer::Type(answer) => {
                return Ok(self.written(answer, &Scope::of_file(&scope.file), path, at));
            }
            Answer::Refused(refusal) if !declared && refusal.kind == RefusalKind::Unresolved => {
                None
            }
            Answer::Refused(refusal) => Some(refused_type(&self.origin, &words(), refusal, at)),
            Answer::Unknown => match fallback.failure() {
                None | Some(Failure::NoDisk) => None,
                Some(_) if !declared => None,
                Some(failure) => Some(unasked_type(&self.origin, &words(), failure, at)),
            },
            Answer::Unaskable => None,
        })
    }

    /// A declaration that an answer of TypeScript's names: exported or not, or a helper.
    pub fn answered(&self, module: &str, name: &str) -> Name<'a> {
        if module.is_empty() {
            return Name::Global;
        }
        let file = SourcePath::new(module);
        match self.fallback.helper(&file, name) {
            Some(helper) => Name::Found(Found {
                file,
                path: name.to_owned(),
                namespaces: Vec::new(),
                declarations: vec![helper],
            }),
            None => lookup(self.symbols, &Scope::of_file(&file), name),
        }
    }
}

fn enum_value<'a>(value: Option<&ConstantValue>) -> Head<'a> {
    match value {
        Some(ConstantValue::String(text)) => Head::Literal(Literal::String(text.clone())),
        Some(ConstantValue::Number(value)) => Head::Literal(Literal::Number(*value)),
        // Only numbers can be computed.
        _ => Head::Number(Scalar::Float64),
    }
}

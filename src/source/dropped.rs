//! Errors that the parser drops. It reads some things on trial, without noting what it recovers
//! from, and keeps what it read: `export interface`, `export type`, `export namespace` and `export
//! abstract class`; arrow functions with type parameters, or with a result type behind `a ?`;
//! tagged templates with type arguments. A string in them that is never closed would be taken for
//! a whole one. They are read once more in a form that is not on trial.

use memchr::memmem;
use swc_common::{Span, Spanned};
use swc_ecma_ast::{
    ArrowExpr, CondExpr, Decl, EsReserved, Expr, Ident, IdentName, Invalid, Module, ModuleDecl,
    ModuleItem, Number, Stmt, Str, TaggedTpl, TsEntityName, TsModuleDecl, TsNamespaceBody,
    TsTypeRef,
};
use swc_ecma_parser::{
    Syntax,
    error::{Error, SyntaxError},
};
use swc_ecma_visit::{Visit, VisitWith};

use super::swc::{Panicked, parse_text};

/// For a tree that came without errors; `text` is what was parsed.
pub fn errors(syntax: Syntax, text: &str, module: &Module) -> Result<Vec<Error>, Panicked> {
    let mut reader = Reader {
        syntax,
        text,
        budget: text.len().saturating_mul(MOST_READINGS),
        found: Vec::new(),
        panicked: false,
    };
    reader.items(&module.body, text.len());
    if may_hold_trials(text) {
        module.visit_with(&mut reader);
    }
    if reader.panicked { Err(Panicked) } else { Ok(reader.found) }
}

/// Type arguments before a template, or an arrow function; decorators, whose types are printed.
fn may_hold_trials(text: &str) -> bool {
    let holds = |needle: &str| memmem::find(text.as_bytes(), needle.as_bytes()).is_some();
    holds("=>") || holds(">`") || holds("@")
}

struct Reader<'a> {
    syntax: Syntax,
    text: &'a str,
    /// Bytes that may still be read again: things on trial nest.
    budget: usize,
    found: Vec<Error>,
    panicked: bool,
}

impl Reader<'_> {
    /// `last` is where the items' block ends.
    fn items(&mut self, items: &[ModuleItem], last: usize) {
        for (index, item) in items.iter().enumerate() {
            if let ModuleItem::Stmt(Stmt::Decl(Decl::TsModule(namespace))) = item {
                self.inside(namespace);
            }
            let ModuleItem::ModuleDecl(ModuleDecl::ExportDecl(export)) = item else { continue };
            match &export.decl {
                Decl::TsInterface(interface) => self.type_declaration(&interface.id, interface),
                Decl::TsTypeAlias(alias) => self.type_declaration(&alias.id, alias),
                // Without `export` in front it is not on trial.
                Decl::TsModule(namespace) => {
                    self.again(export.decl.span(), None);
                    self.inside(namespace);
                }
                Decl::TsEnum(_) => self.again(export.decl.span(), None),
                Decl::Class(class) if class.class.is_abstract => {
                    self.again(export.decl.span(), None);
                }
                _ => continue,
            }
            // One token behind it has been read on trial, too.
            let next = items.get(index + 1);
            let start = super::span(item.span()).end as usize;
            let end = next.map_or(last, |next| super::span(next.span()).start as usize);
            let between = self.text.get(start..end).unwrap_or_default();
            if !between.bytes().all(|byte| byte.is_ascii_whitespace() || byte == b';') {
                self.read(between, start);
            }
            if let Some(next @ ModuleItem::Stmt(Stmt::Expr(_))) = next {
                self.again(next.span(), None);
            }
        }
    }

    fn inside(&mut self, namespace: &TsModuleDecl) {
        let mut body = namespace.body.as_ref();
        while let Some(TsNamespaceBody::TsNamespaceDecl(inner)) = body {
            body = Some(&inner.body);
        }
        if let Some(TsNamespaceBody::TsModuleBlock(block)) = body {
            let brace = (super::span(block.span).end as usize).saturating_sub(1);
            self.items(&block.body, brace);
        }
    }

    fn type_declaration(&mut self, name: &Ident, declaration: &impl VisitWith<Tokens>) {
        let taken = ["any", "unknown", "never", "number", "bigint", "boolean", "string", "symbol"];
        if taken.contains(&&*name.sym) || name.sym == "object" || name.is_reserved() {
            self.found.push(Error::new(name.span, SyntaxError::TS2427));
        }
        self.tokens(declaration);
    }

    fn tokens(&mut self, node: &impl VisitWith<Tokens>) {
        let mut tokens = Tokens::default();
        node.visit_with(&mut tokens);
        self.found.append(&mut tokens.0);
    }

    /// Reads a node again, with its type parameters blanked where they put it on trial.
    fn again(&mut self, node: Span, without: Option<Span>) {
        let span = super::span(node);
        let (start, end) = (span.start as usize, (span.end as usize).min(self.text.len()));
        let Some(part) = self.text.get(start..end) else { return };
        // `@decorator export …` would be on trial again.
        if part.starts_with('@') {
            return;
        }
        let mut part = part.to_owned();
        if let Some(without) = without.map(super::span) {
            let from = (without.start as usize).clamp(start, end) - start;
            let to = (without.end as usize).clamp(start, end) - start;
            part.replace_range(from..to, &" ".repeat(to - from));
        }
        self.read(&part, start);
    }

    fn read(&mut self, part: &str, start: usize) {
        let Some(budget) = self.budget.checked_sub(part.len()) else { return };
        self.budget = budget;
        match parse_text(self.syntax, part, start) {
            // What a part may use of the function around it is no error.
            Ok(errors) => self.found.extend(
                errors.into_iter().filter(|e| !matches!(e.kind(), SyntaxError::InvalidNewTarget)),
            ),
            Err(Panicked) => self.panicked = true,
        }
    }
}

impl Visit for Reader<'_> {
    fn visit_arrow_expr(&mut self, arrow: &ArrowExpr) {
        if let Some(parameters) = &arrow.type_params {
            self.again(arrow.span, Some(parameters.span));
        }
        self.tokens(&arrow.return_type);
        arrow.visit_children_with(self);
    }

    fn visit_cond_expr(&mut self, cond: &CondExpr) {
        if let Expr::Arrow(arrow) = &*cond.cons
            && arrow.return_type.is_some()
            && arrow.type_params.is_none()
        {
            self.again(arrow.span, None);
        }
        cond.visit_children_with(self);
    }

    fn visit_tagged_tpl(&mut self, template: &TaggedTpl) {
        let span = super::span(template.span);
        let text = self.text.get(span.start as usize..span.end as usize).unwrap_or_default();
        if let Some(arguments) = &template.type_params
            // It belongs to the generator around the template.
            && memmem::find(text.as_bytes(), b"yield").is_none()
        {
            self.again(template.span, Some(arguments.span));
        }
        template.visit_children_with(self);
    }

    fn visit_ts_type_ref(&mut self, reference: &TsTypeRef) {
        if let TsEntityName::Ident(name) = &reference.type_name
            && name.is_reserved()
        {
            self.found.push(Error::new(name.span, SyntaxError::ExpectedIdent));
        }
        reference.visit_children_with(self);
    }
}

/// Tokens that are wrong by themselves.
#[derive(Default)]
struct Tokens(Vec<Error>);

impl Tokens {
    fn name(&mut self, span: Span, name: &str) {
        let wrong = name.chars().find(|c| !Ident::is_valid_continue(*c) && *c != '-');
        self.0.extend(wrong.map(|c| Error::new(span, SyntaxError::UnexpectedChar { c })));
    }
}

impl Visit for Tokens {
    fn visit_str(&mut self, literal: &Str) {
        let Some(raw) = literal.raw.as_deref() else { return };
        let quote = raw.chars().next().unwrap_or('"');
        let escapes = raw.bytes().rev().skip(1).take_while(|byte| *byte == b'\\').count();
        if raw.len() < 2 || !raw.ends_with(quote) || escapes % 2 == 1 {
            self.0.push(Error::new(literal.span, SyntaxError::UnterminatedStrLit));
        }
    }

    fn visit_number(&mut self, number: &Number) {
        let digits = number.raw.as_deref().unwrap_or_default().as_bytes();
        if let [b'0', second, ..] = digits
            && second.is_ascii_digit()
        {
            self.0.push(Error::new(number.span, SyntaxError::LegacyOctal));
        }
    }

    fn visit_ident(&mut self, ident: &Ident) {
        self.name(ident.span, &ident.sym);
    }

    fn visit_ident_name(&mut self, ident: &IdentName) {
        self.name(ident.span, &ident.sym);
    }

    fn visit_invalid(&mut self, invalid: &Invalid) {
        self.0.push(Error::new(invalid.span, SyntaxError::ExpectedIdent));
    }
}

/// How often a byte may be read again, on average.
const MOST_READINGS: usize = 8;

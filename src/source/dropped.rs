//! Errors that the parser drops. It reads some things on trial, without noting what it recovers
//! from, and keeps what it read: `export interface`, `export type`, `export namespace` and `export
//! abstract class`; arrow functions with type parameters, or with a result type behind `a ?`;
//! tagged templates with type arguments. A string in them that is never closed would be taken for
//! a whole one. They are read once more in a form that is not on trial.

use memchr::memmem;
use swc_common::{Span, Spanned};
use swc_ecma_ast::{
    ArrowExpr, CondExpr, Decl, EsReserved, Expr, Ident, IdentName, Invalid, Module, ModuleDecl,
    ModuleItem, Number, Stmt, Str, TaggedTpl,
};
use swc_ecma_parser::{
    Syntax,
    error::{Error, SyntaxError},
};
use swc_ecma_visit::{Visit, VisitWith};

use super::swc::{Panicked, parse_part, parse_text};

/// For a tree that came without errors; `text` is what was parsed.
pub fn errors(syntax: Syntax, text: &str, module: &Module) -> Result<Vec<Error>, Panicked> {
    let mut found = Found::default();
    if may_hold_trials(text) {
        let mut trials = Trials { syntax, text, found: Vec::new(), panicked: false };
        module.visit_with(&mut trials);
        if trials.panicked {
            return Err(Panicked);
        }
        found.0.extend(trials.found);
    }
    for (index, item) in module.body.iter().enumerate() {
        let ModuleItem::ModuleDecl(ModuleDecl::ExportDecl(export)) = item else { continue };
        match &export.decl {
            Decl::TsInterface(interface) => {
                found.type_name(&interface.id);
                interface.visit_with(&mut found);
            }
            Decl::TsTypeAlias(alias) => {
                found.type_name(&alias.id);
                alias.visit_with(&mut found);
            }
            // Without `export` in front it is not on trial.
            Decl::TsModule(_) | Decl::TsEnum(_) => {
                found.0.extend(again(syntax, text, &export.decl)?);
            }
            Decl::Class(class) if class.class.is_abstract => {
                found.0.extend(again(syntax, text, &export.decl)?);
            }
            _ => continue,
        }
        // One token behind it has been read on trial, too.
        let end = super::span(item.span()).end as usize;
        let next = module.body.get(index + 1);
        let next_start = next.map_or(text.len(), |next| super::span(next.span()).start as usize);
        let between = text.get(end..next_start).unwrap_or_default();
        if !between.bytes().all(|byte| byte.is_ascii_whitespace() || byte == b';') {
            found.0.extend(parse_part(syntax, text, end, next_start)?);
        }
        if let Some(next @ ModuleItem::Stmt(Stmt::Expr(_))) = next {
            found.0.extend(again(syntax, text, next)?);
        }
    }
    Ok(found.0)
}

fn again(syntax: Syntax, text: &str, node: &impl Spanned) -> Result<Vec<Error>, Panicked> {
    let span = super::span(node.span());
    let (start, end) = (span.start as usize, (span.end as usize).min(text.len()));
    if text.get(start..end).is_none_or(|part| part.starts_with('@')) {
        return Ok(Vec::new());
    }
    parse_part(syntax, text, start, end)
}

/// Type parameters or arguments before `(` or a template; an arrow function behind `?`.
fn may_hold_trials(text: &str) -> bool {
    let holds = |needle: &str| memmem::find(text.as_bytes(), needle.as_bytes()).is_some();
    let arrows = holds("=>");
    holds(">`") || (arrows && [">(", "> (", "? (", "?(", "? async"].iter().any(|n| holds(n)))
}

struct Trials<'a> {
    syntax: Syntax,
    text: &'a str,
    found: Vec<Error>,
    panicked: bool,
}

impl Trials<'_> {
    /// Reads an expression without its type parameters.
    fn again(&mut self, node: Span, without: Option<Span>) {
        let span = super::span(node);
        let (start, end) = (span.start as usize, (span.end as usize).min(self.text.len()));
        let Some(part) = self.text.get(start..end) else { return };
        let mut part = part.to_owned();
        if let Some(without) = without.map(super::span) {
            let range = (without.start as usize).max(start) - start
                ..(without.end as usize).clamp(start, end) - start;
            let blank = " ".repeat(range.len());
            part.replace_range(range, &blank);
        }
        match parse_text(self.syntax, &part, start) {
            // What an arrow function may use of the function around it is no error.
            Ok(errors) => self.found.extend(
                errors.into_iter().filter(|e| !matches!(e.kind(), SyntaxError::InvalidNewTarget)),
            ),
            Err(Panicked) => self.panicked = true,
        }
    }
}

impl Visit for Trials<'_> {
    fn visit_arrow_expr(&mut self, arrow: &ArrowExpr) {
        if let Some(parameters) = &arrow.type_params {
            self.again(arrow.span, Some(parameters.span));
        }
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
        // `yield` belongs to the generator around it.
        let span = super::span(template.span);
        let text = self.text.get(span.start as usize..span.end as usize).unwrap_or_default();
        if let Some(arguments) = &template.type_params
            && memmem::find(text.as_bytes(), b"yield").is_none()
        {
            self.again(template.span, Some(arguments.span));
        }
        template.visit_children_with(self);
    }
}

#[derive(Default)]
struct Found(Vec<Error>);

impl Found {
    fn type_name(&mut self, name: &Ident) {
        let taken = ["any", "unknown", "never", "number", "bigint", "boolean", "string", "symbol"];
        if taken.contains(&&*name.sym) || name.is_reserved() || name.sym == "object" {
            self.0.push(Error::new(name.span, SyntaxError::TS2427));
        }
    }

    fn name(&mut self, span: Span, name: &str) {
        let wrong = name.chars().find(|c| !Ident::is_valid_continue(*c) && *c != '-');
        self.0.extend(wrong.map(|c| Error::new(span, SyntaxError::UnexpectedChar { c })));
    }
}

impl Visit for Found {
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

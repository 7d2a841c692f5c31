//! The page of a type that travels.

use super::{
    Site,
    markdown::{blocks, code, fence, line, plain},
    page::Page,
    route,
};
use crate::{
    diagnostic::position::LineIndex,
    explain::{
        entry::as_written,
        types::{TypeName, declaration},
    },
    model::{
        SourcePath, Span,
        contract::{EnumMember, TypeDeclarationKind},
        output::Output,
        types::{Member, MemberKind, TypeExpr},
    },
    text::{
        comment::Comment,
        types::Printer,
        values::{constant, key},
    },
};

/// The page, and what it tells of.
pub fn page(site: &Site<'_>, name: &TypeName) -> Option<(Output, SourcePath, Span)> {
    let (file, title) = name;
    let declared = declaration(&site.program.modules, name)?.for_clients();
    let path = site.names.ty(name)?;
    let comment = Comment::parse(declared.docs.as_deref().unwrap_or_default());
    let links = |name: &str| site.linked(path, name);
    let mut page = Page::new(path, title, comment.summary());
    page.block(&format!("# {}", plain(title)));
    if let Some(reason) = &comment.deprecated {
        page.block(&format!("::: warning Deprecated\n{}\n:::", blocks(reason, &links)));
    }
    page.block(&blocks(&comment.text, &links));
    let mut text = String::new();
    Printer { specifier: &as_written }.declaration(&mut text, &declared.without_docs(), 0);
    page.block(&fence("ts", &text));
    match &declared.kind {
        TypeDeclarationKind::Interface { members, .. }
        | TypeDeclarationKind::Class { members, .. }
        | TypeDeclarationKind::Alias(TypeExpr::Object(members)) => {
            fields(site, file, members, &mut page);
        }
        TypeDeclarationKind::Enum { members, .. } => values(site, members, &mut page),
        TypeDeclarationKind::Alias(_) | TypeDeclarationKind::Namespace(_) => {}
    }
    for text in &comment.examples {
        page.block(&super::markdown::example(text, &links));
    }
    page.notes(&comment, &links);
    let users: Vec<String> = site
        .entries
        .iter()
        .filter(|entry| entry.types.contains_key(name))
        .map(|entry| format!("- {}", route::to(site, path, entry)))
        .collect();
    page.heading("Used by");
    page.block(&users.join("\n"));
    let source = site.program.texts.get(file).map_or("", |text| &**text);
    let at = LineIndex::new(source).position(source, declared.span.start as usize).line;
    page.block(&format!("Source: {}", site.source(file, at)));
    Some((page.finish(), file.clone(), declared.span))
}

fn fields(site: &Site<'_>, file: &SourcePath, members: &[Member], page: &mut Page) {
    let path = page.path.clone();
    let links = |name: &str| site.linked(&path, name);
    let rows: Vec<[String; 3]> =
        members
            .iter()
            .filter_map(|member| {
                let (MemberKind::Property { key: name, ty, .. }
                | MemberKind::Getter { key: name, ty }) = &member.kind
                else {
                    return None;
                };
                let mut notes = notes(member);
                let comment = Comment::parse(member.docs.as_deref().unwrap_or_default());
                if comment.deprecated.is_some() {
                    notes.push("*Deprecated.*".to_owned());
                }
                let tags = comment.others.iter();
                notes.extend(
                    tags.map(|(tag, text)| format!("*{}* {}", plain(tag), line(text, &links))),
                );
                notes.extend(Some(line(&comment.text, &links)).filter(|text| !text.is_empty()));
                Some([code(&key(name)), site.ty(&path, file, ty), notes.join(" ")])
            })
            .collect();
    if !rows.is_empty() {
        page.heading("Fields");
        page.table(["Name", "Type", "Description"], &rows);
    }
}

/// What annotations say.
fn notes(member: &Member) -> Vec<String> {
    let MemberKind::Property { optional, storage, .. } = &member.kind else { return Vec::new() };
    let marks = [
        (*optional, "*Optional.*"),
        (storage.primary_key, "*Primary key.*"),
        (storage.unique, "*Unique.*"),
        (storage.index, "*Indexed.*"),
        (storage.is_hidden(), "*Never sent to clients.*"),
    ];
    marks.iter().filter(|(is, _)| *is).map(|(_, mark)| (*mark).to_owned()).collect()
}

fn values(site: &Site<'_>, members: &[EnumMember], page: &mut Page) {
    let path = page.path.clone();
    let links = |name: &str| site.linked(&path, name);
    let rows: Vec<[String; 3]> = members
        .iter()
        .map(|member| {
            let value = member.value.as_ref().map(|value| code(&constant(value, 0)));
            let text = line(member.docs.as_deref().unwrap_or_default(), &links);
            [code(&member.name), value.unwrap_or_default(), text]
        })
        .collect();
    page.heading("Values");
    page.table(["Name", "Value", "Description"], &rows);
}

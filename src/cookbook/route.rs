//! The page of a route.

use std::fmt::Write as _;

use super::{
    Site,
    markdown::{blocks, code, example, fence, line, plain},
    names::link,
    page::Page,
};
use crate::{
    explain::{entry::Entry, words},
    model::{
        SourcePath, Span,
        contract::FunctionKind,
        output::Output,
        perms,
        types::{LiteralType, Parameter, TypeExpr},
    },
    pipeline::gather::{result_type, without_predicate},
    text::{comment::Comment, values::string},
};

/// The page, and what it tells of.
pub fn page(site: &Site<'_>, entry: &Entry<'_>) -> (Output, SourcePath, Span) {
    let comment = Comment::parse(entry.function.signature.docs.as_deref().unwrap_or_default());
    let path = site.names.route(entry.name).unwrap_or(entry.name);
    let links = |name: &str| site.linked(path, name);
    let mut page = Page::new(path, entry.name, comment.summary());
    page.block(&format!("# {}", plain(entry.name)));
    if let Some(reason) = &comment.deprecated {
        let reason = if reason.is_empty() { "It is on its way out." } else { reason };
        page.block(&format!("::: warning Deprecated\n{}\n:::", blocks(reason, &links)));
    }
    page.block(&blocks(&comment.text, &links));
    page.block(&fence("ts", &format!("{}{}", entry.name, entry.signature())));
    page.table(["", ""], &facts(site, entry));
    parameters(site, entry, &comment, &mut page);
    page.heading("Returns");
    page.block(&returns(site, entry, &comment, path));
    if !comment.throws.is_empty() {
        page.heading("Throws");
        let lines: Vec<String> = comment.throws.iter().map(|text| thrown(text, &links)).collect();
        page.block(&lines.join("\n"));
    }
    page.heading("Example");
    if comment.examples.is_empty() {
        page.block(&fence("ts", &call(site, entry)));
    }
    for text in &comment.examples {
        page.block(&example(text, &links));
    }
    page.notes(&comment, &links);
    (page.finish(), entry.route.module.clone(), entry.function.span)
}

/// Who may call it, what runs around it, what it touches.
fn facts(site: &Site<'_>, entry: &Entry<'_>) -> Vec<[String; 2]> {
    let way = if entry.streams {
        "streams its items, over raystream".to_owned()
    } else {
        code(&format!("POST /rpc/{}", entry.name))
    };
    let mut rows = vec![
        ["Call".to_owned(), way],
        ["Permission".to_owned(), code(&perms::letters(entry.route.perm))],
        ["Callers".to_owned(), plain(&entry.callers())],
    ];
    if let Some(group) = &entry.function.egroup {
        rows.push(["Endpoint group".to_owned(), code(group)]);
    }
    let chain = entry.chain.iter().enumerate().map(|(index, wrap)| {
        let filter = plain(&words::filter(&wrap.middleware.filter));
        let source = code(&format!("{}:{}", wrap.module, wrap.line));
        format!("{}. {source} {filter}", index + 1)
    });
    let tables = entry
        .route
        .tables
        .keys()
        .map(|table| format!("{} {}", code(table), plain(&entry.operations(table))));
    for (title, lines) in [("Middlewares", chain.collect::<Vec<_>>()), ("Tables", tables.collect())]
    {
        if !lines.is_empty() {
            rows.push([title.to_owned(), lines.join("<br>")]);
        }
    }
    rows.push(["Source".to_owned(), site.source(&entry.route.module, entry.line)]);
    rows
}

fn parameters(site: &Site<'_>, entry: &Entry<'_>, comment: &Comment, page: &mut Page) {
    let path = page.path.clone();
    let links = |name: &str| site.linked(&path, name);
    let mut rows = Vec::new();
    for parameter in &entry.function.signature.parameters {
        let Parameter { name, ty, optional, rest, .. } = parameter;
        let shown = format!("{}{name}", if *rest { "..." } else { "" });
        let ty = ty.as_ref().map(|ty| site.ty(&path, &entry.route.module, ty));
        let text = comment.parameters.get(name).map(|text| line(text, &links));
        let mark = optional.then(|| "*Optional.*".to_owned());
        let description: Vec<String> = mark.into_iter().chain(text).collect();
        rows.push([code(&shown), ty.unwrap_or_default(), description.join(" ")]);
        // `@param options.limit`
        let inner = format!("{name}.");
        for (name, text) in comment.parameters.iter().filter(|(n, _)| n.starts_with(&inner)) {
            rows.push([code(name), String::new(), line(text, &links)]);
        }
    }
    if !rows.is_empty() {
        page.heading("Parameters");
        page.table(["Name", "Type", "Description"], &rows);
    }
}

fn returns(site: &Site<'_>, entry: &Entry<'_>, comment: &Comment, path: &str) -> String {
    let result = entry.function.signature.result.as_ref();
    let ty = result.map(|ty| without_predicate(result_type(ty)));
    let ty = ty.map(|ty| site.ty(path, &entry.route.module, &ty)).unwrap_or_default();
    let links = |name: &str| site.linked(path, name);
    let text = comment.returns.as_deref().map(|text| blocks(text, &links));
    text.map_or(ty.clone(), |text| format!("{ty}\n\n{text}"))
}

/// `{NotFoundError} where there is none`
fn thrown(text: &str, links: super::markdown::Links<'_>) -> String {
    match text.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
        Some((name, rest)) => {
            let rest = rest.trim_start().trim_start_matches('-').trim_start();
            format!("- {} {}", code(name), line(rest, links)).trim_end().to_owned()
        }
        None => format!("- {}", line(text, links)),
    }
}

/// How a client calls it.
fn call(site: &Site<'_>, entry: &Entry<'_>) -> String {
    let parameters = entry.function.signature.parameters.iter();
    let required = parameters.filter(|parameter| !parameter.optional && !parameter.rest);
    let arguments: Vec<String> = required.map(sample).collect();
    let app = &site.program.app;
    let own = entry.function.kind == FunctionKind::Function
        && app.index.values.get(entry.name).is_some_and(|value| value.module == entry.route.module);
    let mut text = String::new();
    let callee = if own { entry.name.to_owned() } else { format!("api.{}", entry.name) };
    let import = if own { entry.name } else { "api" };
    let _ = writeln!(text, "import {{ {import} }} from '@/client';\n");
    let call = format!("{callee}({})", arguments.join(", "));
    if entry.streams {
        let wait = if entry.at_once { "" } else { "await " };
        return text + &format!("for await (const item of {wait}{call}) console.log(item);");
    }
    let result = entry.function.signature.result.as_ref().map(result_type);
    let nothing = matches!(result, Some(TypeExpr::Keyword(name)) if name == "void");
    let keep = if nothing { "" } else { "const result = " };
    text + &format!("{keep}await {call};")
}

/// A value that a parameter could have; its name where none is obvious.
fn sample(parameter: &Parameter) -> String {
    let name = &parameter.name;
    let value = |ty: &TypeExpr| match ty {
        TypeExpr::Keyword(keyword) => match keyword.as_str() {
            "string" => Some(string(name)),
            "number" => Some("1".to_owned()),
            "boolean" => Some("true".to_owned()),
            "bigint" => Some("1n".to_owned()),
            _ => None,
        },
        TypeExpr::Scalar { bigint, .. } => Some(if *bigint { "1n" } else { "1" }.to_owned()),
        TypeExpr::Literal(literal) => Some(match literal {
            LiteralType::String(text) => string(text),
            LiteralType::Number(text) => text.clone(),
            LiteralType::BigInt(text) => format!("{text}n"),
            LiteralType::Boolean(value) => value.to_string(),
        }),
        TypeExpr::Reference { name, .. } if name == "Date" => Some("new Date()".to_owned()),
        _ => None,
    };
    let found = match &parameter.ty {
        Some(TypeExpr::Union(types)) => types.iter().find_map(value),
        Some(ty) => value(ty),
        None => None,
    };
    found.unwrap_or_else(|| name.clone())
}

/// The link from one page to a route's.
pub fn to(site: &Site<'_>, from: &str, entry: &Entry<'_>) -> String {
    let path = site.names.route(entry.name).unwrap_or(entry.name);
    format!("[{}]({})", plain(entry.name), link(from, path))
}

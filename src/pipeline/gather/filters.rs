//! What filters name in other files: `mwfilter({ egroup: groups.admin }, limit)`.

use super::{
    super::extract::{not_constant, not_endpoints, wrong_value},
    symbols::{Symbol, Symbols},
};
use crate::model::{
    SourcePath,
    contract::{ConstantValue, Filter, FilterPart, Located, Middleware, NamedFilter},
    diagnostic::Diagnostic,
    types::Key,
};

/// The entries with all of their filters' values.
pub fn settle(
    symbols: Symbols<'_>,
    file: &SourcePath,
    entries: &[Middleware],
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Middleware> {
    let mut entries = entries.to_vec();
    for entry in &mut entries {
        for named in std::mem::take(&mut entry.filter.named) {
            let found = if let Some(value) = constant(symbols, file, &named.path) {
                put(&mut entry.filter, file, &named, value)
            } else {
                let what = format!("`{}` in a filter", named.path);
                Some(not_constant(file, named.span, &what))
            };
            diagnostics.extend(found);
        }
    }
    entries
}

fn put(
    filter: &mut Filter,
    file: &SourcePath,
    named: &NamedFilter,
    value: &ConstantValue,
) -> Option<Diagnostic> {
    let at = named.span;
    let located = |value: String| Located { value, span: at };
    match (named.part, value) {
        (FilterPart::Whole, ConstantValue::Object(fields)) => {
            for (key, value) in fields {
                let part = match key {
                    Key::Name(name) if name == "prefixurl" => FilterPart::Prefixurl,
                    Key::Name(name) if name == "egroup" => FilterPart::Egroup,
                    Key::Name(name) if name == "endpoints" => FilterPart::Endpoints,
                    _ => return Some(not_a_filter(file, named)),
                };
                let of_field = NamedFilter { part, path: named.path.clone(), span: at };
                if let Some(found) = put(filter, file, &of_field, value) {
                    return Some(found);
                }
            }
            None
        }
        (FilterPart::Whole, _) => Some(not_a_filter(file, named)),
        (_, ConstantValue::Undefined) => None,
        (FilterPart::Prefixurl, ConstantValue::String(text)) if !text.is_empty() => {
            filter.prefixurl = Some(located(text.clone()));
            None
        }
        (FilterPart::Egroup, ConstantValue::String(text)) if !text.is_empty() => {
            filter.egroup = Some(located(text.clone()));
            None
        }
        (FilterPart::Endpoints, value) => match value.texts() {
            Some(names) if !names.is_empty() => {
                filter.endpoints.get_or_insert_default().extend(names.into_iter().map(located));
                None
            }
            _ => Some(not_endpoints(file, at)),
        },
        _ => {
            let help = "write a text in quotes, or leave it out";
            Some(wrong_value(file, at, &named.path, "a non-empty string", help))
        }
    }
}

#[cold]
fn not_a_filter(file: &SourcePath, named: &NamedFilter) -> Diagnostic {
    let help = "`prefixurl`, `egroup` and `endpoints` are its fields";
    wrong_value(file, named.span, &named.path, "an object with a filter", help)
}

/// The constant that `groups.admin` stands for in a file.
fn constant<'a>(symbols: Symbols<'a>, file: &SourcePath, path: &str) -> Option<&'a ConstantValue> {
    let mut parts = path.split('.');
    let mut symbol = symbols.local(file, parts.next()?)?;
    let (module, name) = loop {
        match symbol {
            Symbol::Declared { module, name } => break (module, name),
            Symbol::Namespace(module) => symbol = symbols.export(&module, parts.next()?)?,
            Symbol::Package { .. } => return None,
        }
    };
    let constant = symbols.module(&module)?.constant(&name)?;
    parts.try_fold(&constant.value, |value, part| value.field(part))
}

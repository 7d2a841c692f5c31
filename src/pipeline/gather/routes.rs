//! Routes, and the middlewares that wrap them.

use std::collections::BTreeMap;

use super::diagnostics::{duplicate_route, filter_matches_nothing, route_and_service};
use crate::{
    diagnostic::suggestion::suggestion,
    model::{
        SourcePath, Span,
        app::{MiddlewareFile, Modules, Route},
        contract::{BackendFunction, Filter},
        diagnostic::Diagnostic,
    },
};

/// The name a client calls it by.
pub fn route_name(function: &BackendFunction) -> String {
    match (&function.route, &function.class) {
        (Some(name), _) => name.clone(),
        (None, Some(class)) => format!("{class}.{}", function.name),
        (None, None) => function.name.clone(),
    }
}

/// Routes by name; of two with one name the first in the order of files stays.
pub fn routes(modules: &Modules, diagnostics: &mut Vec<Diagnostic>) -> BTreeMap<String, Route> {
    let mut routes: BTreeMap<String, Route> = BTreeMap::new();
    let place = |route: &Route| {
        (route.module.clone(), modules[&route.module].functions[route.function].span)
    };
    for (file, contract) in modules {
        for (index, function) in contract.functions.iter().enumerate() {
            let name = route_name(function);
            if name == "default" && function.default_export && function.route.is_none() {
                // Reported where it stands: a nameless default export needs a name.
                continue;
            }
            if let Some(first) = routes.get(&name) {
                let (first_file, first_span) = place(first);
                diagnostics.push(duplicate_route(
                    &name,
                    (&first_file, first_span),
                    (file, function.span),
                ));
            } else {
                let route = Route {
                    module: file.clone(),
                    function: index,
                    chain: Vec::new(),
                    perm: function.perm.unwrap_or(0),
                    tables: BTreeMap::new(),
                    operations: BTreeMap::new(),
                    writes: BTreeMap::new(),
                    searches: Vec::new(),
                    reads: false,
                    contained: false,
                    unseen: Vec::new(),
                    abi: String::new(),
                    accepts: Vec::new(),
                };
                routes.insert(name, route);
            }
        }
    }
    // `api.users` cannot be a function and hold `users.list`.
    for (name, route) in &routes {
        for service in name.match_indices('.').map(|(at, _)| &name[..at]) {
            let Some(outer) = routes.get(service) else { continue };
            let ((outer_file, outer_span), (file, span)) = (place(outer), place(route));
            diagnostics.push(route_and_service(service, (&outer_file, outer_span), (&file, span)));
        }
    }
    routes
}

/// Decides for every route which middlewares wrap it; a filter that matches nothing is an error.
pub fn match_middleware(
    routes: &mut BTreeMap<String, Route>,
    modules: &Modules,
    middleware: &MiddlewareFile,
    base: Option<&str>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    if routes.is_empty() {
        return;
    }
    let groups: Vec<(String, Option<String>)> = routes
        .iter()
        .map(|(name, route)| {
            (name.clone(), modules[&route.module].functions[route.function].egroup.clone())
        })
        .collect();
    for (index, entry) in middleware.entries.iter().enumerate() {
        let mut matched = 0;
        for ((name, egroup), route) in groups.iter().zip(routes.values_mut()) {
            if matches(&entry.filter, name, egroup.as_deref(), base) {
                route.chain.push(index);
                matched += 1;
            }
        }
        let reported = diagnostics.len();
        check_fields(&entry.filter, &middleware.module, &groups, base, diagnostics);
        if matched == 0 && diagnostics.len() == reported {
            diagnostics.push(filter_matches_nothing(
                &middleware.module,
                entry.span,
                "this filter as a whole",
                None,
            ));
        }
    }
}

/// All fields of a filter must hold.
fn matches(filter: &Filter, route: &str, egroup: Option<&str>, base: Option<&str>) -> bool {
    filter
        .prefixurl
        .as_ref()
        .is_none_or(|prefix| urls(route, base).iter().any(|url| url.starts_with(&prefix.value)))
        && filter.egroup.as_ref().is_none_or(|group| egroup == Some(&group.value))
        && filter.endpoints.as_ref().is_none_or(|names| names.iter().any(|n| n.value == route))
}

/// The paths under which a route is known to filters.
fn urls(route: &str, base: Option<&str>) -> Vec<String> {
    let base = base.map(|base| format!("/{}/{route}", base.trim_matches('/')));
    [format!("/rpc/{route}"), format!("/api/{route}")].into_iter().chain(base).collect()
}

fn check_fields(
    filter: &Filter,
    file: &SourcePath,
    routes: &[(String, Option<String>)],
    base: Option<&str>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let mut nothing = |span: Span, what: String, near: Option<&str>| {
        diagnostics.push(filter_matches_nothing(file, span, &what, near));
    };
    if let Some(prefix) = &filter.prefixurl
        && !routes
            .iter()
            .any(|(route, _)| urls(route, base).iter().any(|url| url.starts_with(&prefix.value)))
    {
        nothing(prefix.span, format!("the prefix `{}`", prefix.value), None);
    }
    if let Some(group) = &filter.egroup
        && !routes.iter().any(|(_, g)| g.as_deref() == Some(&group.value))
    {
        let known: Vec<&str> = routes.iter().filter_map(|(_, g)| g.as_deref()).collect();
        nothing(
            group.span,
            format!("the group `{}`", group.value),
            suggestion(&group.value, known.iter().copied()),
        );
    }
    for endpoint in filter.endpoints.iter().flatten() {
        if !routes.iter().any(|(route, _)| *route == endpoint.value) {
            let known: Vec<&str> = routes.iter().map(|(route, _)| route.as_str()).collect();
            nothing(
                endpoint.span,
                format!("the endpoint `{}`", endpoint.value),
                suggestion(&endpoint.value, known.iter().copied()),
            );
        }
    }
}

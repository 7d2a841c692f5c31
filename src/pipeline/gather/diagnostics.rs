//! What `gather` has to say: K050–K079.

use crate::model::{SourcePath, Span, diagnostic::Diagnostic};

#[cold]
pub fn duplicate_route(
    name: &str,
    first: (&SourcePath, Span),
    second: (&SourcePath, Span),
) -> Diagnostic {
    Diagnostic::error("K050", second.0, Some(second.1), format!("there are two routes `{name}`"))
        .label("the second one")
        .related(first.0, first.1, "the first one")
        .help("rename one function, or give one another route: `@backend({ name: 'otherName' })`")
}

#[cold]
pub fn filter_matches_nothing(
    file: &SourcePath,
    span: Span,
    what: &str,
    near: Option<&str>,
) -> Diagnostic {
    let help = match near {
        Some(near) => format!("did you mean `{near}`? A guard that guards nothing would fail open"),
        None => "a guard that guards nothing would fail open: correct it, or remove the middleware"
            .to_owned(),
    };
    Diagnostic::error("K051", file, Some(span), format!("{what} matches no route"))
        .label("matches no route")
        .help(help)
}

#[cold]
pub fn server_value_in_client(
    file: &SourcePath,
    span: Span,
    name: &str,
    module: &SourcePath,
    path: &[SourcePath],
    declared: Option<Span>,
) -> Diagnostic {
    let chain: Vec<&str> = path.iter().map(SourcePath::as_str).collect();
    let (reached, moved) = match name {
        "*" => (format!("all of {module}"), "what clients need of it".to_owned()),
        "default" => (format!("the default export of {module}"), "it".to_owned()),
        name => (format!("`{name}`"), format!("`{name}`")),
    };
    let diagnostic = Diagnostic::error(
        "K052",
        file,
        Some(span),
        format!("client code reaches {reached}, which is server code"),
    )
    .label(format!("comes from {module}"))
    .help(format!(
        "move {moved} to a file without @backend, `ctx`, `env` and imports that only a server has; it is reached by {}",
        chain.join(" → ")
    ));
    match declared {
        Some(at) => diagnostic.related(module, at, "declared here"),
        None => diagnostic,
    }
}

#[cold]
pub fn context_in_client(file: &SourcePath, span: Span, name: &str) -> Diagnostic {
    Diagnostic::error("K053", file, Some(span), format!("`{name}` in client code"))
        .label("exists on the server only")
        .help("this file matches `[build] client`: move the code to a file that does not, or call a backend function")
}

#[cold]
pub fn backend_in_client(file: &SourcePath, span: Span, name: &str) -> Diagnostic {
    Diagnostic::error(
        "K054",
        file,
        Some(span),
        format!("the backend function `{name}` stands in client code"),
    )
    .label("this file matches `[build] client`")
    .help("move it to a file that does not")
}

#[cold]
pub fn server_import_in_client(
    file: &SourcePath,
    span: Span,
    specifier: &str,
    path: &[SourcePath],
) -> Diagnostic {
    let chain: Vec<&str> = path.iter().map(SourcePath::as_str).collect();
    Diagnostic::error(
        "K055",
        file,
        Some(span),
        format!("client code imports `{specifier}`, which is server code"),
    )
    .label("runs on the server only")
    .help(format!(
        "it is reached by {}; move what both sides need to a file of its own",
        chain.join(" → ")
    ))
}

#[cold]
pub fn module_not_found(file: &SourcePath, span: Span, specifier: &str) -> Diagnostic {
    let error = Diagnostic::error("K056", file, Some(span), format!("cannot find `{specifier}`"))
        .label("no such file");
    if specifier.starts_with('.') {
        return error
            .help("check the path; extensions may be left out, or written as `.js` or `.ts`");
    }
    error.help("check the path, and that `paths` in tsconfig.json says where it leads")
}

#[cold]
pub fn export_not_found(
    file: &SourcePath,
    span: Span,
    name: &str,
    module: &SourcePath,
) -> Diagnostic {
    Diagnostic::error("K057", file, Some(span), format!("{module} does not export `{name}`"))
        .label("not exported there")
        .help("check the name, or export it")
}

#[cold]
pub fn two_client_exports(
    name: &str,
    first: (&SourcePath, Span),
    second: (&SourcePath, Span),
) -> Diagnostic {
    Diagnostic::warning(
        "K059",
        second.0,
        Some(second.1),
        format!("two modules export `{name}`, so the client's index leaves it out"),
    )
    .label("the second one")
    .related(first.0, first.1, "the first one")
    .help("rename one, or import it from its own client module")
}

#[cold]
pub fn secret_constant(file: &SourcePath, span: Span, name: &str) -> Diagnostic {
    Diagnostic::error(
        "K060",
        file,
        Some(span),
        format!("the exported constant `{name}` would be copied into the client"),
    )
    .label("looks like a secret")
    .help("read it from the environment (`env.NAME`), or move it to a file without @backend")
}

#[cold]
pub fn needs_declared_type(file: &SourcePath, span: Span, name: &str) -> Diagnostic {
    Diagnostic::error("K061", file, Some(span), format!("`{name}` needs declared types"))
        .label("its type would have to be guessed")
        .help("this file holds annotations, so clients get a generated declaration: write the types, or move it to another file")
}

pub const TYPEOF_SERVER_VALUE: &str = "K062";

#[cold]
pub fn typeof_server_value(file: &SourcePath, span: Span, name: &str) -> Diagnostic {
    let message = format!("`typeof {name}` needs the server's value");
    Diagnostic::error(TYPEOF_SERVER_VALUE, file, Some(span), message)
        .label("not a constant")
        .help("write the type out")
}

#[cold]
pub fn ambiguous_table(
    table: &str,
    first: (&SourcePath, Span),
    second: (&SourcePath, Span),
) -> Diagnostic {
    Diagnostic::error(
        "K063",
        second.0,
        Some(second.1),
        format!("two types could be the rows of table `{table}`"),
    )
    .label("the second one")
    .related(first.0, first.1, "the first one")
    .help("rename one of them, or mark the right one's key with `@primkey`")
}

#[cold]
pub fn two_primary_keys(
    first: (&SourcePath, Span),
    second: (&SourcePath, Span),
    name: &str,
) -> Diagnostic {
    Diagnostic::error("K064", second.0, Some(second.1), format!("`{name}` has two primary keys"))
        .label("the second one")
        .related(first.0, first.1, "the first one")
        .help("keep one `@primkey`")
}

#[cold]
pub fn route_and_service(
    name: &str,
    route: (&SourcePath, Span),
    service: (&SourcePath, Span),
) -> Diagnostic {
    Diagnostic::error(
        "K065",
        service.0,
        Some(service.1),
        format!("`{name}` is a route and holds routes"),
    )
    .label("this route lies inside it")
    .related(route.0, route.1, "the route")
    .help("rename one of them")
}

#[cold]
pub fn computed_enum(file: &SourcePath, span: Span, name: &str) -> Diagnostic {
    Diagnostic::error(
        "K066",
        file,
        Some(span),
        format!("the values of enum `{name}` are not known at build time"),
    )
    .label("clients need them")
    .help("give its members literals")
}

#[cold]
pub fn invalid_table_name(file: &SourcePath, span: Span, name: &str) -> Diagnostic {
    Diagnostic::error("K067", file, Some(span), format!("`{name}` cannot be the name of a table"))
        .label("not a table name")
        .help("use up to 40 letters, digits and `_`")
}

#[cold]
pub fn client_name_taken(file: &SourcePath, span: Span, name: &str, other: Span) -> Diagnostic {
    Diagnostic::error(
        "K068",
        file,
        Some(span),
        format!("the client module has two things called `{name}`"),
    )
    .label("this function is not exported, so its client stub goes by its own name")
    .related(file, other, "exported under the same name")
    .help("rename one of them, or export the function")
}

#[cold]
pub fn api_in_index(file: &SourcePath, span: Span) -> Diagnostic {
    Diagnostic::warning(
        "K069",
        file,
        Some(span),
        "`api` is taken by the client's index, so the index leaves this one out",
    )
    .label("exported as `api`")
    .help("rename it, or import it from its own client module")
}

#[cold]
pub fn both_sides(file: &SourcePath) -> Diagnostic {
    Diagnostic::error(
        "K070",
        file,
        None,
        "this file matches both `[build] server` and `[build] client`",
    )
    .help("change one of the patterns: a file is on one side, or on neither and shared by both")
}

#[cold]
pub fn reserved_table_name(file: &SourcePath, span: Span, name: &str) -> Diagnostic {
    Diagnostic::error("K160", file, Some(span), format!("`{name}` cannot be the name of a table"))
        .label("`env.storage` itself has a member of this name")
        .help("choose another name: `@table(\"…\")` names the table of a type")
}

#[cold]
pub fn unknown_table(file: &SourcePath, span: Span, name: &str, meant: &str) -> Diagnostic {
    let message = format!("nothing tells what the table `{name}` holds: did you mean `{meant}`?");
    Diagnostic::warning("K165", file, Some(span), message)
        .label("no type is called like it, and no object is written to it")
        .help("correct the name, or declare an interface for the rows of this table")
}

/// A warning, since `kontract/node` serves such a build.
#[cold]
pub fn node_module(file: &SourcePath, span: Span, specifier: &str) -> Diagnostic {
    let module = specifier.trim_start_matches("node:");
    let instead = match module.split('/').next().unwrap_or_default() {
        "crypto" => {
            "use Web Crypto, the global `crypto`: `crypto.randomUUID()`, `await crypto.subtle.digest('SHA-256', bytes)`"
        }
        "buffer" => "use `Uint8Array`, `TextEncoder` and `TextDecoder`, `atob` and `btoa`",
        "url" | "querystring" => "use the globals `URL` and `URLSearchParams`",
        "timers" => "use the global timers: `setTimeout`, `setInterval`",
        "http" | "https" | "http2" => "use the global `fetch`",
        "events" => "use the globals `EventTarget` and `Event`",
        "perf_hooks" => "use the global `performance`",
        "stream" => "use the global `ReadableStream`",
        "async_hooks" => "use `ctx`, which belongs to the call",
        "fs" | "path" => "import data as JSON, or keep it in a table",
        "process" | "os" => "use `env`: `[server] env` lists the variables that it offers",
        "util" => "use the globals: `structuredClone`, `TextEncoder`, `TextDecoder`",
        "assert" => "throw an error of your own",
        _ => "use a package that is written for browsers or workers",
    };
    let message = format!(
        "`{specifier}` is a module of Node: `kontract dev` and `kontract serve` do not have it"
    );
    Diagnostic::warning("K166", file, Some(span), message)
        .label("only `kontract/node` can serve this")
        .help(instead)
}

#[cold]
pub fn empty_row(file: &SourcePath, span: Span, name: &str) -> Diagnostic {
    Diagnostic::error("K161", file, Some(span), format!("`{name}` has no fields"))
        .label("the rows of a table need a primary key at least")
        .help("declare the key, `@primkey id: string;`, and the other fields")
}

#[cold]
pub fn optional_key(at: (&SourcePath, Span), name: &str, field: &str, marked: bool) -> Diagnostic {
    Diagnostic::error(
        "K162",
        at.0,
        Some(at.1),
        format!("`{field}` is the primary key of `{name}`, so it cannot be optional"),
    )
    .label(key_label(marked))
    .help(key_help(marked, "drop the `?`: where a row is written, the key may be left out anyway"))
}

#[cold]
pub fn key_not_text(at: (&SourcePath, Span), name: &str, field: &str, marked: bool) -> Diagnostic {
    Diagnostic::error(
        "K163",
        at.0,
        Some(at.1),
        format!("`{field}` is the primary key of `{name}`, so it must be a string"),
    )
    .label(key_label(marked))
    .help(key_help(marked, "make it a `string`, or mark another field with `@primkey`"))
}

fn key_label(marked: bool) -> &'static str {
    if marked { "the primary key" } else { "the first field is the primary key" }
}

fn key_help(marked: bool, marked_help: &str) -> String {
    if marked {
        marked_help.to_owned()
    } else {
        "mark the field that is the key with `@primkey` (or `Primkey<string>`), or put it first"
            .to_owned()
    }
}

#[cold]
pub fn reserved_field(file: &SourcePath, span: Span, name: &str) -> Diagnostic {
    Diagnostic::error("K164", file, Some(span), format!("`{name}` cannot be a field of a table"))
        .label("the storage keeps something of its own under this name")
        .help(if name == "_id" {
            "choose another name, or make it the primary key with `@primkey`"
        } else {
            "choose another name"
        })
}

/// The same that `extract` says of what a file alone can tell.
#[cold]
pub fn result_without_type(file: &SourcePath, span: Span, function: &str) -> Diagnostic {
    let function =
        if function == "default" { "the function".to_owned() } else { format!("`{function}`") };
    Diagnostic::error(
        "K031",
        file,
        Some(span),
        format!("the result type of {function} cannot be told from its body"),
    )
    .label("no declared result type")
    .help("declare it: `): Promise<…> {`")
}

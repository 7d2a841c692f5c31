//! What `extract` has to say: K020–K049.

use crate::{
    diagnostic::suggestion::suggestion,
    model::{SourcePath, Span, diagnostic::Diagnostic},
};

#[cold]
pub fn unknown_argument(
    file: &SourcePath,
    span: Span,
    annotation: &str,
    name: &str,
    known: &[&str],
) -> Diagnostic {
    // What is known but not available yet is refused by its own message.
    let listed = known.iter().filter(|k| !matches!(**k, "isolation" | "retry"));
    let known_list = listed.map(|k| format!("`{k}`")).collect::<Vec<_>>().join(", ");
    let help = match suggestion(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`? `{annotation}` takes {known_list}"),
        None if known.is_empty() => format!("`{annotation}` takes no arguments"),
        None => format!("`{annotation}` takes {known_list}"),
    };
    Diagnostic::error("K020", file, Some(span), format!("`{annotation}` has no argument `{name}`"))
        .label("unknown argument")
        .help(help)
}

/// `what` is an argument's name in backticks, or words for the arguments of an annotation.
#[cold]
pub fn not_constant(file: &SourcePath, span: Span, what: &str) -> Diagnostic {
    Diagnostic::error("K021", file, Some(span), format!("{what} must be a constant"))
        .label("its value is not known at build time")
        .help("write a literal, `perms.…`, `|` of these, or the name of a `const` of this file that holds one")
}

#[cold]
pub fn unknown_perm(file: &SourcePath, span: Span, name: &str) -> Diagnostic {
    let names: Vec<&str> = crate::model::perms::NAMES.iter().map(|(name, _)| *name).collect();
    let help = match suggestion(name, names.iter().copied()) {
        Some(near) => format!("did you mean `perms.{near}`? There are {}", names.join(", ")),
        None => format!("there are {}", names.join(", ")),
    };
    Diagnostic::error("K022", file, Some(span), format!("`perms` has no `{name}`"))
        .label("unknown permission")
        .help(help)
}

#[cold]
pub fn attached_to_nothing(
    file: &SourcePath,
    span: Span,
    annotation: &str,
    belongs: &str,
) -> Diagnostic {
    Diagnostic::error("K023", file, Some(span), format!("`@{annotation}` is attached to nothing"))
        .label("nothing follows that it could annotate")
        .help(format!("`@{annotation}` stands before {belongs}"))
}

#[cold]
pub fn wrong_kind(
    file: &SourcePath,
    span: Span,
    annotation: &str,
    what: &str,
    help: &str,
) -> Diagnostic {
    Diagnostic::error("K024", file, Some(span), format!("`@{annotation}` cannot stand on {what}"))
        .label(format!("stands before {what}"))
        .help(help)
}

#[cold]
pub fn wrapper_in_inner_type(file: &SourcePath, span: Span, wrapper: &str) -> Diagnostic {
    let message = format!("`{wrapper}<…>` cannot stand on a field of an inner type");
    Diagnostic::error("K024", file, Some(span), message)
        .label("not a field of a table's rows")
        .help("rows are described by top-level interfaces, classes and object types; drop it here")
}

/// `what` is an annotation with its `@`, or the name of an argument.
#[cold]
pub fn repeated(file: &SourcePath, span: Span, first: Span, what: &str) -> Diagnostic {
    Diagnostic::error("K025", file, Some(span), format!("`{what}` is given twice"))
        .label("the second one")
        .related(file, first, "the first one")
        .help("remove one of them")
}

#[cold]
pub fn wrong_value(
    file: &SourcePath,
    span: Span,
    argument: &str,
    expected: &str,
    help: &str,
) -> Diagnostic {
    Diagnostic::error("K026", file, Some(span), format!("`{argument}` must be {expected}"))
        .label(format!("expected {expected}"))
        .help(help)
}

#[cold]
pub fn not_endpoints(file: &SourcePath, span: Span) -> Diagnostic {
    let help = "write `['createUser', 'UserService.get']`, say";
    wrong_value(file, span, "endpoints", "an array of route names", help)
}

#[cold]
pub fn positional(file: &SourcePath, span: Span, annotation: &str, known: &[&str]) -> Diagnostic {
    let help = match known.first() {
        Some(name) => {
            format!("write one object, `{annotation}({{ {name}: … }})`, or keyword arguments")
        }
        None => format!("`{annotation}` takes no arguments"),
    };
    Diagnostic::error("K027", file, Some(span), format!("`{annotation}` takes named arguments"))
        .label("a value without a name")
        .help(help)
}

#[cold]
pub fn this_in_function(file: &SourcePath, span: Span) -> Diagnostic {
    Diagnostic::error("K028", file, Some(span), "`this` in a backend function")
        .label("a route is called without a receiver")
        .help("use `ctx` and `env`, or make it an instance method of a class")
}

#[cold]
pub fn this_in_static(file: &SourcePath, span: Span, class: &str) -> Diagnostic {
    Diagnostic::error("K028", file, Some(span), "`this` in a static backend method")
        .label("only instance methods have a receiver")
        .help(format!("write `{class}` instead, or make it an instance method"))
}

#[cold]
pub fn not_available(file: &SourcePath, span: Span, what: &str, instead: &str) -> Diagnostic {
    Diagnostic::error("K029", file, Some(span), format!("{what} is not available in this version"))
        .label("not available yet")
        .help(instead)
}

#[cold]
pub fn parameter_without_type(file: &SourcePath, span: Span, what: Untyped<'_>) -> Diagnostic {
    let (message, help) = match what {
        Untyped::Named(name) => (
            format!("parameter `{name}` has no type"),
            format!("write `{name}: string`, say, or give it a literal default"),
        ),
        Untyped::Rest(name) => (
            format!("parameter `...{name}` has no type"),
            format!("write `...{name}: string[]`, say"),
        ),
        Untyped::Pattern => (
            "a destructured parameter has no type".to_owned(),
            "write `{ id, limit }: { id: string; limit: number }`, or the name of a type"
                .to_owned(),
        ),
    };
    Diagnostic::error("K030", file, Some(span), message)
        .label("the client cannot know what to send")
        .help(help)
}

/// A parameter without a type.
#[derive(Clone, Copy)]
pub enum Untyped<'a> {
    Named(&'a str),
    Rest(&'a str),
    Pattern,
}

#[cold]
pub fn result_without_type(file: &SourcePath, span: Span, function: &str) -> Diagnostic {
    Diagnostic::error(
        "K031",
        file,
        Some(span),
        format!("the result type of {function} cannot be told from its body"),
    )
    .label("no declared result type")
    .help("declare it: `): Promise<…> {`")
}

#[cold]
pub fn items_without_type(file: &SourcePath, span: Span) -> Diagnostic {
    let message = "the type of the items of an async generator cannot be told from its body";
    Diagnostic::error("K342", file, Some(span), message)
        .label("no declared type of its items")
        .help("declare it: `): AsyncGenerator<Item> {`")
}

#[cold]
pub fn nameless_default(file: &SourcePath, span: Span) -> Diagnostic {
    Diagnostic::error("K032", file, Some(span), "a default export without a name needs `name`")
        .label("the route has no name")
        .help("name the function, or the route: `{ name: 'listUsers' }`")
}

#[cold]
pub fn misplaced_call(file: &SourcePath, span: Span, callee: &str) -> Diagnostic {
    Diagnostic::error("K033", file, Some(span), format!("`{callee}(…)` does nothing here"))
        .label("not the value of a top-level `const`")
        .help(format!(
            "write `export const name = {callee}({{ … }}, async (…) => {{ … }})` at the top level, or `export default {callee}(…)`"
        ))
}

#[cold]
pub fn not_a_function(file: &SourcePath, span: Span) -> Diagnostic {
    Diagnostic::error("K034", file, Some(span), "`backend(…)` needs a function written in place")
        .label("not a function")
        .help("write `backend({ … }, async (id: string): Promise<User> => { … })`")
}

#[cold]
pub fn unreadable_middleware(file: &SourcePath, span: Span, what: &str) -> Diagnostic {
    Diagnostic::error("K035", file, Some(span), "this middleware entry cannot be read")
        .label(what)
        .help("write a function, `mwfilter({ … }, fn)`, `{ fn, filter: { … } }`, or `@mwfilter(…)` before a function")
}

#[cold]
pub fn no_middleware_list(file: &SourcePath, span: Option<Span>) -> Diagnostic {
    Diagnostic::error(
        "K036",
        file,
        span,
        "the middleware file has no `export default defineMiddleware([...])`",
    )
    .label("no list in place")
    .help("write `export default defineMiddleware([async (ctx, next) => { await next(); }]);`")
}

#[cold]
pub fn method_kind(file: &SourcePath, span: Span, what: &str) -> Diagnostic {
    Diagnostic::error("K037", file, Some(span), format!("{what} cannot be a backend function"))
        .label("cannot be called by a client")
        .help("make it a public method of a top-level class")
}

#[cold]
pub fn constructor_with_parameters(
    file: &SourcePath,
    span: Span,
    class: &str,
    method: Span,
) -> Diagnostic {
    Diagnostic::error(
        "K038",
        file,
        Some(span),
        format!("`{class}` has instance routes, so its constructor must take no arguments"),
    )
    .label("the server makes the instance, and has nothing to give")
    .related(file, method, "this route needs an instance")
    .help("drop the parameters, or make the method `static`")
}

#[cold]
pub fn reserved_name(file: &SourcePath, span: Span, name: &str) -> Diagnostic {
    Diagnostic::error("K039", file, Some(span), format!("the name `{name}` is reserved"))
        .label("names that start with `__kontract` or `__chain` belong to generated code")
        .help("choose another name")
}

#[cold]
pub fn invalid_route_name(file: &SourcePath, span: Span, name: &str) -> Diagnostic {
    Diagnostic::error("K040", file, Some(span), format!("`{name}` cannot be the name of a route"))
        .label("not a name")
        .help("use letters, digits, `_` and `$`, with dots between: `users.list`")
}

#[cold]
pub fn two_ranges(file: &SourcePath, span: Span, first: Span, name: &str) -> Diagnostic {
    Diagnostic::error("K041", file, Some(span), format!("`{name}` is a second range"))
        .label("the second one")
        .related(file, first, "the first one")
        .help("keep one of them")
}

#[cold]
pub fn not_offered(file: &SourcePath, span: Span, what: &str, why: &str) -> Diagnostic {
    Diagnostic::error("K042", file, Some(span), format!("{what} does not exist"))
        .label(why)
        .help("use `ctx.session` and `ctx.owner`")
}

#[cold]
pub fn declared_twice(file: &SourcePath, span: Span, first: Span, name: &str) -> Diagnostic {
    Diagnostic::error("K043", file, Some(span), format!("`{name}` is declared twice"))
        .label("the second one")
        .related(file, first, "the first one")
        .help("rename one of them: the module would not load")
}

#[cold]
pub fn exported_twice(file: &SourcePath, span: Span, first: Span, name: &str) -> Diagnostic {
    Diagnostic::error("K043", file, Some(span), format!("`{name}` is exported twice"))
        .label("the second one")
        .related(file, first, "the first one")
        .help("keep one of them: the module would not load")
}

/// `name` is an annotation's, from a package that is called almost like this one.
#[cold]
pub fn other_package(file: &SourcePath, span: Span, name: &str, specifier: &str) -> Diagnostic {
    Diagnostic::error("K044", file, Some(span), format!("`{name}` comes from `{specifier}`"))
        .label("not the package of the annotations")
        .help(format!("write `import {{ {name} }} from 'kontract'`"))
}

#[cold]
pub fn sql_not_constant(file: &SourcePath, span: Span) -> Diagnostic {
    Diagnostic::error("K220", file, Some(span), "the SQL of `exec` is not constant")
        .label("it must be known when it is compiled")
        .help(
            "write a text, a template without `${…}`, or a `const` of this module; what varies is a \
             parameter: `exec('… WHERE id = $1', [id])`",
        )
}

#[cold]
pub fn exec_not_on_one_table(file: &SourcePath, span: Span) -> Diagnostic {
    Diagnostic::error(
        "K221",
        file,
        Some(span),
        "the compiler does not see what `exec` is called on",
    )
    .label("it must be called on one table")
    .help("write `env.storage.users.exec(…)` where it is needed")
}

/// `head` is where the function begins, `end` its last brace.
#[cold]
pub fn undecided_path(file: &SourcePath, head: Span, end: Span) -> Diagnostic {
    Diagnostic::warning("K271", file, Some(head), "this middleware may end without a decision")
        .label("one of its paths neither calls `next` nor returns nor throws")
        .related(file, end, "it comes to this end, and the call is FORBIDDEN")
        .help("call `await next()` there, or `return` or `throw` to say that the call ends; where it is meant so, put `// kontract-allow K271` on the line before")
}

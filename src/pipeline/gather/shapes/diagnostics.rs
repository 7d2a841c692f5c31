//! What there is to say of types that should travel: K058, K110–K129, K340–K341.

use crate::{
    model::{SourcePath, Span, diagnostic::Diagnostic, shape::Place},
    typescript::{self, Failure, Refusal},
};

/// Through what a type was reached.
#[derive(Clone)]
pub struct Origin {
    pub file: SourcePath,
    pub span: Span,
    pub part: Part,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Parameter,
    Result,
    /// The row of a table.
    Row,
}

impl Origin {
    fn error(&self, code: &str, message: String, place: &Place) -> Diagnostic {
        self.written(Diagnostic::error(code, &self.file, Some(self.span), message), place)
    }

    /// Names the place where the type is written, if it is another one.
    fn written(&self, diagnostic: Diagnostic, place: &Place) -> Diagnostic {
        match &place.file {
            Some(file) if *file != self.file || !self.span.contains(place.span) => {
                diagnostic.related(file, place.span, "written here")
            }
            _ => diagnostic,
        }
    }

    fn holds(&self, what: &str) -> String {
        match self.part {
            Part::Parameter => format!("holds {what}"),
            Part::Result => format!("its result holds {what}"),
            Part::Row => format!("a row holds {what}"),
        }
    }
}

#[cold]
pub fn type_not_carried(origin: &Origin, ty: &str, instead: &str, place: &Place) -> Diagnostic {
    let ty = if ty == "Function" { "a function".to_owned() } else { format!("`{ty}`") };
    let message = match origin.part {
        Part::Row => format!("{ty} cannot be kept in a table"),
        _ => format!("{ty} cannot travel between client and server"),
    };
    origin.error("K058", message, place).label(origin.holds(&ty)).help(format!("use {instead}"))
}

#[cold]
pub fn misplaced_stream(origin: &Origin, place: &Place) -> Diagnostic {
    let (message, help) = match origin.part {
        Part::Parameter => (
            "a stream of items cannot be an argument",
            "take an array: items are streamed from the server to its clients",
        ),
        Part::Result => (
            "a stream of items has to be the whole result",
            "declare `AsyncIterable<T>` or `Promise<AsyncIterable<T>>`, with nothing around it, or use an array",
        ),
        Part::Row => ("a stream of items cannot be kept in a table", "use an array"),
    };
    origin
        .error("K340", message.to_owned(), place)
        .label(origin.holds("a stream of items"))
        .help(help)
}

/// `index` is that of the type argument: what a generator returns, or is given by `next`.
#[cold]
pub fn more_than_items(origin: &Origin, name: &str, index: usize, place: &Place) -> Diagnostic {
    let message = match index {
        1 => format!("what `{name}` returns behind its items does not reach the client"),
        _ => format!("no client can pass a value to the `next` of `{name}`"),
    };
    origin
        .error("K341", message, place)
        .label("more than a stream of items")
        .help(format!("write `{name}<T>` or `{name}<T, void>`, and yield what the client needs"))
}

#[cold]
pub fn undeclared_type(origin: &Origin, name: &str, place: &Place) -> Diagnostic {
    origin
        .error("K110", format!("there is no type `{name}`"), place)
        .label(origin.holds(&format!("`{name}`")))
        .help(
            "import it, or declare it in this file: types that are declared globally are not read",
        )
}

#[cold]
pub fn unchecked_type(origin: &Origin, place: &Place) -> Diagnostic {
    let message = "a value of type `unknown` travels unchecked".to_owned();
    let warning = Diagnostic::warning("K111", &origin.file, Some(origin.span), message);
    origin
        .written(warning, place)
        .label(origin.holds("`unknown` or `any`"))
        .help("write the type out: what clients send is checked against it, and nothing else leaves the server")
}

#[cold]
pub fn undecided_type(origin: &Origin, what: &str, place: &Place) -> Diagnostic {
    origin
        .error("K112", format!("what {what} comes to cannot be told"), place)
        .label(origin.holds(what))
        .help("write the type out")
}

/// TypeScript has resolved the type, and not to one that travels.
#[cold]
pub fn refused_type(origin: &Origin, what: &str, refusal: &Refusal, place: &Place) -> Diagnostic {
    origin.written(typescript::refused(&origin.file, origin.span, what, refusal), place)
}

#[cold]
pub fn unasked_type(origin: &Origin, what: &str, failure: &Failure, place: &Place) -> Diagnostic {
    origin.written(typescript::not_asked(&origin.file, origin.span, what, failure), place)
}

#[cold]
pub fn circular_type(origin: &Origin, name: &str, place: &Place) -> Diagnostic {
    origin
        .error("K113", format!("the type `{name}` is defined by itself alone"), place)
        .label(origin.holds(&format!("`{name}`")))
        .help("recursion needs an object, or a union with something else, in between")
}

#[cold]
pub fn too_large_type(origin: &Origin, what: &str, place: &Place) -> Diagnostic {
    origin
        .error("K114", what.to_owned(), place)
        .label(origin.holds("too large a type"))
        .help("name its parts, or send less at once")
}

#[cold]
pub fn forbidden_key(origin: &Origin, place: &Place) -> Diagnostic {
    origin
        .error("K115", "a field cannot be called `__proto__`".to_owned(), place)
        .label(origin.holds("a field `__proto__`"))
        .help("rename it: objects with such a key change what others inherit")
}

#[cold]
pub fn unreadable_default(file: &SourcePath, span: Span, text: &str) -> Diagnostic {
    Diagnostic::warning("K116", file, Some(span), format!("`@default {text}` is not JSON"))
        .label("has no default")
        .help("write a JSON value, strings in double quotes: `@default \"none\"`, `@default 0`, `@default []`")
}

#[cold]
pub fn range_of_no_number(origin: &Origin, scalar: &str, place: &Place) -> Diagnostic {
    let bigint = matches!(scalar, "int64" | "uint64");
    let wanted = if bigint { "a number or bigint" } else { "a number" };
    origin
        .error("K117", format!("`@{scalar}` stands before what is not {wanted}"), place)
        .label(format!("not {wanted}"))
        .help("leave it out, or correct the type; a `bigint` takes `@int64` and `@uint64`")
}

/// `way` leads to the secret: `result.user.password`.
#[cold]
pub fn secret_in_result(origin: &Origin, way: &str, holder: &str, place: &Place) -> Diagnostic {
    let message = format!("a secret would leave the server as `{way}`");
    let help = if way == "result" {
        "return something else".to_owned()
    } else {
        format!(
            "leave it out of the result (`Omit<{holder}, …>`), or take R from the field's permission"
        )
    };
    origin.error("K118", message, place).label("its result holds a `Secret`").help(help)
}

#[cold]
pub fn default_does_not_fit(place: &Place, name: &str, value: &str) -> Option<Diagnostic> {
    let file = place.file.as_ref()?;
    let message = format!("the default of `{name}`, {value}, is no value of its type");
    let diagnostic = Diagnostic::error("K119", file, Some(place.span), message)
        .label("its `@default` does not fit")
        .help("write the value as JSON, as it would travel");
    Some(diagnostic)
}

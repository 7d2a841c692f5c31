//! Diagnostics of `kontract explain`: K273.

use crate::model::{SourcePath, diagnostic::Diagnostic};

/// `routes` are all that there are.
#[cold]
pub fn unknown_route<'a>(name: &str, routes: impl IntoIterator<Item = &'a str>) -> Diagnostic {
    let mut routes: Vec<(usize, &str)> =
        routes.into_iter().map(|route| (distance(name, route), route)).collect();
    routes.sort_unstable();
    routes.dedup();
    let nearest: Vec<String> =
        routes.iter().take(NEAREST).map(|(_, route)| format!("`{route}`")).collect();
    let help = match nearest.as_slice() {
        [] => "there are no routes: no function is marked `@backend`".to_owned(),
        [only] => format!("there is {only}"),
        names if names.len() == routes.len() => format!("there are {}", names.join(", ")),
        names => format!(
            "the nearest names are {}; `kontract explain` alone lists all {}",
            names.join(", "),
            routes.len()
        ),
    };
    Diagnostic::error("K273", &SourcePath::new(""), None, format!("there is no route `{name}`"))
        .help(help)
}

/// A name that contains the other is nearer than any that is only spelt like it.
fn distance(name: &str, route: &str) -> usize {
    let (name, route) = (name.to_lowercase(), route.to_lowercase());
    let edits = strsim::damerau_levenshtein(&name, &route);
    let contained = !name.is_empty() && (route.contains(&name) || name.contains(&route));
    if contained { edits } else { edits + FAR }
}

const NEAREST: usize = 3;
const FAR: usize = 1000;

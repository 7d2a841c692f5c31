//! The files of each template, as they lie beside this module.

use super::Manager;

#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub enum Template {
    /// A server with storage, accounts and a test
    Api,
    /// The same with a page in React, built by Vite
    React,
}

/// Paths of the project with their texts.
pub fn render(
    template: Template,
    name: &str,
    manager: Manager,
) -> impl Iterator<Item = (&'static str, String)> {
    let workspace = PNPM.iter().filter(move |_| manager == Manager::Pnpm);
    COMMON.iter().chain(own(template)).chain(workspace).map(move |(path, text)| {
        let text = text
            .replace("{{name}}", name)
            .replace("{{version}}", env!("CARGO_PKG_VERSION"))
            .replace("{{install}}", &manager.install())
            .replace("{{run}}", &manager.run());
        (*path, text)
    })
}

/// A package cannot be called as one that it needs.
pub fn depends_on(template: Template, name: &str) -> bool {
    let package = own(template).iter().find(|(path, _)| *path == "package.json");
    package.is_some_and(|(_, text)| text.contains(&format!("\"{name}\": \"^")))
}

fn own(template: Template) -> &'static [(&'static str, &'static str)] {
    match template {
        Template::Api => API,
        Template::React => REACT,
    }
}

macro_rules! files {
    ($folder:literal: $($path:literal $(from $source:literal)?),* $(,)?) => {
        &[$(($path, files!(@text $folder $path $($source)?))),*]
    };
    (@text $folder:literal $path:literal) => {
        include_str!(concat!("templates/", $folder, "/", $path))
    };
    (@text $folder:literal $path:literal $source:literal) => {
        include_str!(concat!("templates/", $folder, "/", $source))
    };
}

const COMMON: &[(&str, &str)] = files!("common":
    ".gitignore" from "gitignore", // under its own name it would hide files of this repository
    "src/guestbook.ts",
    "tests/guestbook.test.ts",
);

const PNPM: &[(&str, &str)] = files!("pnpm": "pnpm-workspace.yaml");

const API: &[(&str, &str)] = files!("api":
    "README.md",
    "kontract.toml",
    "package.json",
    "tsconfig.json",
    "vitest.config.ts",
);

const REACT: &[(&str, &str)] = files!("react":
    "README.md",
    "index.html",
    "kontract.toml",
    "package.json",
    "src/web/Guestbook.tsx",
    "src/web/Login.tsx",
    "src/web/Sign.tsx",
    "src/web/main.tsx",
    "src/web/style.css",
    "tsconfig.json",
    "vite.config.ts",
);

use std::sync::Arc;

use proptest::prelude::*;

use super::{cookbook, markdown};
use crate::{
    config::{Flags, Options, load},
    files::{Files, Memory},
    model::output::Output,
    pipeline::{self, write::write_pages},
};

fn no_links(_: &str) -> Option<String> {
    None
}

fn project(users: &str) -> Arc<dyn Files> {
    Arc::new(Memory::unix([
        ("/app/kontract.toml", ""),
        ("/app/package.json", r#"{ "name": "@ada/shop", "repository": "github:ada/shop" }"#),
        ("/app/src/users.ts", users),
    ]))
}

fn built(files: &Arc<dyn Files>) -> (Vec<Output>, Options) {
    let flags = Flags { threads: Some(1), ..Flags::default() };
    let options = load(&**files, "/app".as_ref(), &flags).expect("valid settings");
    let program = pipeline::program(files, &options);
    let errors: Vec<_> = program.diagnostics.iter().filter(|d| d.is_error()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    (cookbook(&**files, &options, &program).pages, options)
}

#[test]
fn a_site_has_an_index_pages_and_a_sidebar() {
    let files = project(
        "import { backend, type Unique } from 'kontract';
import { env } from 'kontract/runtime';
/** Somebody with an account. */
export interface User {
  id: string;
  /** Where *mail* goes; never `|`. @default is a tag at the start of a line only */
  email: Unique<string>;
  /** @default [] */
  roles?: Role[];
}
/** What one may do. */
export enum Role { Guest = 'guest', /** Everything. */ Admin = 'admin' }

/// Creates an account. See {@link getUser} and {@link Role | the roles}.
///
/// | a | b |
/// |---|---|
/// | 1 | 2 |
///
/// @param email - where mail goes,
///   such as `ada@example.com`
/// @returns the new {@link User}
/// @throws {ConflictError} where the address is taken
/// @example
/// await createUser('ada@example.com');
/// @since 1.2
export const createUser = backend(
  { ugroup: 'admin', egroup: 'api' },
  async (email: string, options?: { loud: boolean }): Promise<User> => {
    const id = await env.storage.users.push({ email });
    return { id, email };
  },
);
/** @deprecated */
export const getUser = backend({}, async (id: string): Promise<User | null> => env.storage.users.get(id));
export class Users { }
",
    );
    let (pages, _) = built(&files);
    let sections = pages.iter().map(|page| format!("=== {}\n{}\n", page.path, page.text));
    let text = sections.collect::<Vec<_>>().concat();
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../../snapshots/cookbook");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!("site", text));
}

#[test]
fn names_that_one_file_system_takes_for_one_get_pages_of_their_own() {
    let files = project(
        "import { backend } from 'kontract';
export const index = backend({}, (): number => 1);
export const getUser = backend({}, (): number => 1);
export const getuser = backend({}, (): number => 1);
export const größe = backend({}, (): number => 1);
",
    );
    let (pages, _) = built(&files);
    let paths: Vec<String> = pages.iter().map(|page| page.path.to_lowercase()).collect();
    let mut distinct = paths.clone();
    distinct.dedup();
    assert_eq!(paths, distinct);
    assert_eq!(paths.len(), 6);
    assert!(pages.iter().all(|page| page.path.is_ascii()), "{paths:?}");
}

#[test]
fn only_pages_that_changed_are_written_again() {
    let source = "import { backend } from 'kontract';
/** One. */
export const one = backend({}, (): number => 1);
/** Two. @internal */
export const two = backend({}, (): number => 2);
";
    let run = |files: &Arc<dyn Files>| {
        let (pages, options) = built(files);
        let (written, diagnostics) = write_pages(&**files, &options, &pages);
        assert_eq!(diagnostics, []);
        (written.written.len(), written.unchanged, written.removed.len())
    };
    let files = project(source);
    assert_eq!(run(&files), (4, 0, 0));
    assert_eq!(run(&files), (0, 4, 0));
    let edit = |text: &str| {
        files.write("/app/src/users.ts".as_ref(), text.as_bytes()).expect("written");
    };
    edit(&source.replace("Two. @", "Two. See {@link one}. @"));
    assert_eq!(run(&files), (1, 3, 0));
    edit(source.split("/** Two").next().unwrap_or_default());
    // The index and the sidebar are others, too.
    assert_eq!(run(&files), (2, 1, 1));
}

#[test]
fn markdown_stays_and_the_rest_is_text() {
    let cases = [
        (
            "A **bold** `code` [page](https://example.com).",
            "A **bold** `code` [page](https://example.com).",
        ),
        ("a < b, <b>c</b>", "a \\< b, \\<b>c\\</b>"),
        ("<script>\nalert(1)\n</script>", "\\<script>\nalert(1)\n\\</script>"),
        ("[it](./page.md) and ![it](x.png)", "\\[it](./page.md) and !\\[it](x.png)"),
        ("[it]\n\n[it]: /page", "\\[it]\n\n\\[it]: /page"),
        ("text {.red}", "text \\{.red}"),
        ("see http://localhost:3000", "see http:\\//localhost:3000"),
        (":tada: at 10:20:30", "\\:tada: at 10\\:20:30"),
        ("::: tip\nx\n:::", "\\::: tip\nx\n\\:::"),
        ("[[toc]]", "\\[[toc]]"),
        ("```ts{1} [a]\nx\n", "```ts\nx\n```"),
        ("~~~klingon\n<b>\n~~~", "~~~\n<b>\n~~~"),
        ("`<b>`", "`<b>`"),
        ("{@link gone | a <b>} {@link javascript:x}", "a &#60;b\\> javascript\\:x"),
        ("already \\{ and \\<", "already \\{ and \\<"),
        // An escape makes an address of what was none.
        ("[](<b)", "\\[](\\<b)"),
    ];
    for (text, expected) in cases {
        assert_eq!(markdown::blocks(text, &no_links), expected, "{text}");
    }
    assert_eq!(markdown::blocks("{{ x }}", &no_links), "<div v-pre>\n\n\\{\\{ x }}\n\n</div>");
    assert_eq!(
        markdown::line("a | `{{ x }}`\n<b>", &no_links),
        "<span v-pre>a \\| `{{ x }}` \\<b></span>"
    );
    assert_eq!(markdown::line("```ts", &no_links), "```ts");
    let links = |name: &str| (name == "User").then(|| "../types/User.md".to_owned());
    assert_eq!(markdown::blocks("{@link User}", &links), "[User](../types/User.md)");
    // A link is no address of another one, nor is its text.
    assert_eq!(
        markdown::blocks("[a]({@link User}) [b]({@link gone})", &links),
        "\\[a]([User](../types/User.md)) \\[b](gone)"
    );
    assert_eq!(markdown::fence("ts", "a\n```\nb"), "````ts\na\n```\nb\n````");
}

proptest! {
    /// What is left is no HTML and no link into the site, whatever stood there.
    #[test]
    fn no_comment_ends_a_build(text in "([<>/!a-b]|[\\[\\](){}.*_`~|:#@\\\\ -]|\n|<b|</|]\\(|```|\\{\\{|<!--|http://|x.md){0,24}") {
        use pulldown_cmark::{Event, Options, Parser, Tag};
        let block = markdown::blocks(&text, &no_links);
        let inner = block.strip_prefix("<div v-pre>\n\n").and_then(|s| s.strip_suffix("\n\n</div>"));
        let line = markdown::line(&text, &no_links);
        let cell = line.strip_prefix("<span v-pre>").and_then(|s| s.strip_suffix("</span>"));
        // A cell stands behind others.
        for shown in [inner.unwrap_or(&block).to_owned(), format!("cell {}", cell.unwrap_or(&line))] {
            let closed = format!("{shown}\n\nEND\n");
            let mut last = String::new();
            for event in Parser::new_ext(&closed, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH) {
                match event {
                    Event::Html(html) | Event::InlineHtml(html) => prop_assert!(false, "{shown:?}: {html}"),
                    Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                        let outside = ["http://", "https://", "mailto:"];
                        let leads_out = outside.iter().any(|s| dest_url.starts_with(s)) || dest_url.contains('@');
                        prop_assert!(leads_out, "{shown:?}: {dest_url}");
                    }
                    Event::Start(Tag::Paragraph) => last.clear(),
                    Event::Text(text) => last.push_str(&text),
                    _ => {}
                }
            }
            prop_assert_eq!(last, "END");
        }
    }
}

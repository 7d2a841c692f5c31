use std::sync::Arc;

use super::{diff::diff, entry::Entry, manifest, matrix, unknown_route};
use crate::{
    config::{Flags, Options, load},
    files::{Files, Memory},
    model::SourcePath,
    pipeline::{self, Program},
};

const USERS: &str = "\
import { backend, perms } from 'kontract';
import { env } from 'kontract/runtime';
import { rename } from './rename';
export interface User { id: string; name: string; role?: string }
/** Finds a user. */
export const getUser = backend({ egroup: 'api' }, async (id: string): Promise<User | null> => {
  return env.storage.users.get(id);
});
export const createUser = backend({ ugroup: 'admin', egroup: 'api' }, async (name: string): Promise<string> => {
  return env.storage.users.push({ name });
});
export const renameUser = backend({}, async (id: string, name: string): Promise<void> => rename(id, { name }));
";
const RENAME: &str = "\
import { env } from 'kontract/runtime';
export async function rename(id: string, changes: { name: string }) {
  await env.storage.users.update(id, changes);
}
";
const MIDDLEWARE: &str = "\
import { defineMiddleware, mwfilter } from 'kontract';
export default defineMiddleware([
  async (ctx, next) => { await next(); },
  mwfilter({ egroup: 'api' }, async (ctx, next) => { await next(); }),
]);
";

fn program(users: &str, middleware: &str) -> (Program, Options) {
    let files: Arc<dyn Files> = Arc::new(Memory::unix([
        ("/app/kontract.toml", ""),
        ("/app/src/users.ts", users),
        ("/app/src/rename.ts", RENAME),
        ("/app/src/middleware.ts", middleware),
    ]));
    let flags = Flags { threads: Some(1), ..Flags::default() };
    let options = load(&*files, "/app".as_ref(), &flags).expect("valid settings");
    let program = pipeline::program(&files, &options);
    let errors: Vec<_> = program.diagnostics.iter().filter(|d| d.is_error()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    (program, options)
}

fn changes(before: (&str, &str), after: (&str, &str)) -> Vec<String> {
    let matrix = |(users, middleware)| {
        let (program, options) = program(users, middleware);
        let text = pipeline::manifest(&options, &program).text;
        let matrix = manifest::parse(&text, &SourcePath::new("manifest.json")).expect("a manifest");
        (matrix, options.guests())
    };
    let ((old, _), (new, guests)) = (matrix(before), matrix(after));
    diff(&old, &new, guests).into_iter().map(|change| change.message).collect()
}

#[test]
fn a_route_is_told_with_its_chain_tables_and_types() {
    let (program, options) = program(USERS, MIDDLEWARE);
    let told = |route| {
        let entry = Entry::of(&program, route, options.guests()).expect("the route");
        let text = entry.text("dist");
        let kept = text.lines().filter(|line| !line.contains("sha256:"));
        kept.collect::<Vec<_>>().join("\n")
    };
    assert_eq!(
        told("getUser"),
        "\
getUser
  source       src/users.ts:6
  signature    (id: string): Promise<User | null>
  permission   R__
  callers      everybody, guests too
  egroup       api
  middlewares  1. src/middleware.ts:3  every route
               2. src/middleware.ts:4  egroup \"api\"
  tables       users  reads (get)
  types        src/users.ts#User
  client       dist/client/users.js"
    );
    assert!(told("createUser").contains("callers      accounts of the group admin"));
    assert!(told("createUser").contains("tables       users  writes name (push)"));
    // What is handed over is not written out.
    assert!(told("renameUser").contains("tables       users  writes (update)"));
}

#[test]
fn the_table_has_a_line_for_each_route() {
    let (program, options) = program(USERS, MIDDLEWARE);
    let rows = matrix::rows(&program.app, &program.modules, options.guests());
    assert_eq!(
        matrix::text(&rows),
        "\
route       permission  callers   egroup  tables
createUser  _W_         admin     api     users _W_
getUser     R__         guests    api     users R__
renameUser  _W_         accounts  –       users _W_"
    );
}

#[test]
fn an_unknown_route_is_answered_with_the_nearest() {
    let help = |name| unknown_route(name, ["getUser", "createUser", "stop", "start"]).help;
    assert_eq!(
        help("getUsr").as_deref(),
        Some(
            "the nearest names are `getUser`, `createUser`, `start`; `kontract explain` alone lists all 4"
        )
    );
    assert!(help("user").is_some_and(|help| help.contains("are `getUser`, `createUser`")));
    let none = unknown_route("a", []);
    assert_eq!(none.code, "K273");
    assert_eq!(none.help.as_deref(), Some("there are no routes: no function is marked `@backend`"));
}

#[test]
fn what_a_change_does_is_put_into_words() {
    let same = (USERS, MIDDLEWARE);
    assert_eq!(changes(same, same), [""; 0]);
    let edited = |from: &str, to: &str| {
        let users = USERS.replace(from, to);
        assert_ne!(users, USERS);
        changes(same, (&users, MIDDLEWARE))
    };
    assert_eq!(
        edited("push({ name })", "push({ name, role: 'guest' })"),
        ["createUser now writes users.role"]
    );
    assert_eq!(
        edited("push({ name })", "push({ ...JSON.parse(name) })"),
        ["createUser now writes fields of users that are not written out"]
    );
    assert_eq!(
        edited("users.push({ name })", "users.get(name).then((user) => user?.name ?? '')"),
        [
            "createUser now needs R__ instead of _W_",
            "createUser now reads users",
            "createUser no longer writes users",
        ]
    );
    assert_eq!(
        edited("ugroup: 'admin', ", "perm: perms._W_, "),
        ["createUser no longer is for the group admin only"]
    );
    assert_eq!(
        edited("{ egroup: 'api' }, async (id", "{ ugroup: 'staff' }, async (id"),
        [
            "getUser now is for the group staff only",
            "getUser can no longer be called by guests",
            "getUser no longer is wrapped by a middleware of src/middleware.ts (egroup \"api\")",
        ]
    );
    assert_eq!(
        edited("getUser =", "findUser ="),
        ["findUser is new: R__, for guests too; reads users", "getUser is gone",]
    );
    assert_eq!(
        edited("async (id: string): Promise<User", "async (id: number): Promise<User").len(),
        1
    );
    let swapped = MIDDLEWARE
        .replace("  async (ctx, next) => { await next(); },\n", "")
        .replace("]);", "  async (ctx, next) => { await next(); },\n]);");
    assert_eq!(
        changes(same, (USERS, &swapped)),
        [
            "createUser now has its middlewares in another order",
            "getUser now has its middlewares in another order",
        ]
    );
}

#[test]
fn a_manifest_that_says_no_fields_is_no_change() {
    let (program, options) = program(USERS, MIDDLEWARE);
    let text = pipeline::manifest(&options, &program).text;
    let name = SourcePath::new("manifest.json");
    let new = manifest::parse(&text, &name).expect("a manifest");
    let mut value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    for route in value["routes"].as_object_mut().expect("routes").values_mut() {
        route.as_object_mut().expect("a route").remove("writes");
    }
    let old = manifest::parse(&value.to_string(), &name).expect("a manifest");
    assert_eq!(diff(&old, &new, options.guests()), []);
}

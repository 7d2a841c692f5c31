// The plain spelling, as applications write it: it must compile with plain tsc.
import {
  backend,
  type Context,
  defineMiddleware,
  HttpError,
  HttpResp,
  type Index,
  type Int32,
  mwfilter,
  type Owned,
  type Perm,
  PermissionError,
  perms,
  type Primkey,
  type Secret,
  type Storage,
  type StoredRecord,
  type Table,
  type TableProxy,
  type Unique,
  verifyAccess,
} from "kontract";
import { __kontract_rpc, auth, type CallOptions, configure, type Transport } from "kontract/client";
import { ctx, env } from "kontract/runtime";
import { expectType, type Same } from "./expect.js";

interface User {
  id: Primkey<string>;
  email: Perm<string, "R__">;
  age: Int32;
  handle: Unique<string>;
  city: Index<string | null>;
}

interface Note extends Owned, Table<"notes"> {
  id: Primkey<string>;
  text: string;
}

// Backend functions keep their type.
export const createUser = backend(
  { ugroup: "admin", perm: perms.RWX, egroup: "api-v1", name: "makeUser" },
  async (name: string, age: Int32 = 18, ...tags: string[]): Promise<User> => {
    expectType<Same<typeof name, string>>();
    return { id: ctx.owner, email: name, age, handle: tags.join(), city: null };
  },
);
expectType<Same<typeof createUser, (name: string, age?: number, ...tags: string[]) => Promise<User>>>();

export const ping = backend((): string => "pong");
expectType<Same<typeof ping, () => string>>();

export default backend({}, async <T>(value: T): Promise<T[]> => [value]);

// @ts-expect-error an unknown option
backend({ group: "admin" }, async () => {});
// @ts-expect-error the mask is a number
backend({ perm: "RWX" }, async () => {});
// @ts-expect-error not a function
backend({}, 1);

// Annotations on types are transparent.
expectType<Same<User, { id: string; email: string; age: number; handle: string; city: string | null }>>();
expectType<Same<keyof Note, "id" | "text">>();
// @ts-expect-error not the name of a mask
export type Wrong = Perm<string, "RRR">;

// A secret is used like its type, both ways.
const hash: Secret<string> = "x";
const text: string = hash;
const upper: string = hash.toUpperCase();
const counted: Secret<number> = 1;
const sum: number = counted + 1;
const box: Secret<{ key: string }> = { key: "k" };
export const used = [text, upper, sum, box.key];

// Permissions.
expectType<Same<(typeof perms)["R__"], 4>>();
expectType<Same<(typeof perms)["WR_"], 6>>();
expectType<Same<keyof typeof perms, "R__" | "_W_" | "__X" | "RW_" | "WR_" | "R_X" | "_WX" | "RWX">>();

// Middlewares.
export const middleware = defineMiddleware([
  mwfilter({ prefixurl: "/rpc", egroup: "api-v1", endpoints: ["createUser"] }, async (ctx, next) => {
    expectType<Same<typeof ctx, Context>>();
    const result = await next();
    expectType<Same<typeof result, unknown>>();
  }),
  async (ctx, next) => {
    verifyAccess(ctx, perms.R__);
    return next();
  },
  { fn: (_ctx, next) => next() },
  { fn: async () => HttpResp.noContent(), filter: { egroup: "api-v1" } },
]);
// @ts-expect-error an unknown criterion
mwfilter({ prefix: "/rpc" }, async () => {});

// The context.
expectType<Same<typeof ctx.currentTxid, bigint>>();
expectType<Same<typeof ctx.headers, Headers>>();
expectType<Same<typeof ctx.ugroups, string[]>>();
expectType<Same<typeof ctx.session.expiresAt, Date>>();
expectType<Same<typeof ctx.route.egroup, string | undefined>>();
// @ts-expect-error read-only
ctx.owner = "me";

// The environment: no name leads to `any`.
expectType<Same<typeof env.API_KEY, string | undefined>>();
expectType<Same<typeof env.storage, Storage>>();
// @ts-expect-error not offered
env.trxs;

// Tables that no registry lists.
export async function tables(id: string): Promise<User | null> {
  const record = await env.storage.users.get(id);
  expectType<Same<typeof record, StoredRecord | null>>();
  const user: User | null = await env.storage.users.get(id);
  const explicit = await env.storage.users.get<User>(id);
  expectType<Same<typeof explicit, User | null>>();
  await env.storage.users.set(id, { email: "a@b.example", age: 1 });
  if (user !== null) await env.storage.users.set(id, user);

  const users: TableProxy<User> = env.storage.get("users");
  const notes = env.storage.get<Note>("notes");
  expectType<Same<typeof notes, TableProxy<Note>>>();
  for await (const row of users) expectType<Same<typeof row, User>>();
  for await (const row of users.query({ city: "Bonn" }, { limit: 10, orderBy: { age: "desc" } })) {
    expectType<Same<typeof row, User>>();
  }
  for await (const row of env.storage.users) expectType<Same<typeof row, StoredRecord>>();
  for await (const row of env.storage.users.query<Note>({})) expectType<Same<typeof row, Note>>();

  // The key may be left out, nothing else.
  await users.set(id, { email: "", age: 1, handle: "", city: null });
  await users.set(id, { id, email: "", age: 1, handle: "", city: null });
  await notes.push({ text: "hello" });
  await users.update(id, { age: 2 });
  // @ts-expect-error fields are missing
  await users.set(id, { email: "" });
  // @ts-expect-error a field of another type
  await users.update(id, { age: "2" });
  // @ts-expect-error an unknown field
  users.query({ town: "Bonn" });
  // @ts-expect-error an unknown field
  users.query({}, { orderBy: "town" });
  users.query({ age: { gte: 18, lt: 65 }, email: { startsWith: "a" }, city: { in: ["Bonn", null] } });
  // @ts-expect-error numbers have no beginning
  users.query({ age: { startsWith: "1" } });
  // @ts-expect-error compared with a value of another type
  users.query({ age: { gt: "1" } });
  const some = await users.getMany([id]);
  expectType<Same<typeof some, (User | null)[]>>();
  expectType<Same<Awaited<ReturnType<typeof users.count>>, number>>();

  const page = users.query({}, { orderBy: "_order" });
  expectType<Same<typeof page.cursor, string | null>>();
  return env.storage.users.get(id);
}

// Shared state and accounts.
export async function shared(): Promise<void> {
  const count: number = await env.shared.increment("hits", 1, { ttl: 60 });
  const value = await env.shared.get("key");
  expectType<Same<typeof value, unknown>>();
  const typed = await env.shared.get<{ a: number }>("key");
  expectType<Same<typeof typed, { a: number } | null>>();
  await env.shared.set("key", { a: count }, { ttl: 5 });
  await env.auth.setGroups("id", ["admin"]);
}

// Responses and errors.
const created = HttpResp.created({ id: "1" }, { Location: "/1" });
expectType<Same<typeof created, HttpResp<{ id: string }>>>();
expectType<Same<(typeof created)["data"], { id: string }>>();
const failed: HttpError = new PermissionError("email");
expectType<Same<typeof failed.code, string>>();

// The client.
export async function client(options: CallOptions): Promise<void> {
  const answer = await __kontract_rpc("createUser", ["a"], { egroup: "api-v1" }, options);
  expectType<Same<typeof answer, unknown>>();
  const user: User = await __kontract_rpc("createUser", ["a"], {});
  const transport: Transport = { call: async ({ route, args }) => [route, args.length] };
  configure({ baseUrl: "http://127.0.0.1:8787", token: null, fetch, transport, headers: { a: user.id } });
  const { token, owner } = await auth.login({ email: "a@b.example", password: "12345678" });
  expectType<Same<[typeof token, typeof owner], [string, string]>>();
}

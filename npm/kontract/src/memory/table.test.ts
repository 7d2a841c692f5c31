import { describe, expect, test } from "vitest";
import { NotFoundError, PermissionError } from "../errors.js";
import { perms } from "../perms.js";
import { accessFor, collect } from "../testing/access.js";
import { JSON_TABLE } from "../testing/rows.js";
import type { StoredRecord, TableProxy } from "../types/storage.js";
import { MemoryStorage } from "./storage.js";

interface User {
  id: string;
  name: string;
  email?: string;
  tags?: string[];
}

const tables = {
  users: { primaryKey: "id", fields: { id: {}, name: { perm: 6 }, email: { perm: 4 } } },
};

function users(perm: number = perms.RWX, storage = new MemoryStorage({ tables })): TableProxy<User> {
  return storage.storage(accessFor({ perm })).get<User>("users");
}

describe("rows", () => {
  test("are read as they were written, with their key", async () => {
    const table = users();
    await table.set("1", { name: "Ada" });
    expect(await table.get("1")).toEqual({ id: "1", name: "Ada" });
    expect(await table.get("2")).toBeNull();
  });

  test("may hold their own key, and no other", async () => {
    const table = users();
    await table.set("1", { id: "1", name: "Ada" });
    expect(await collect(table)).toEqual([{ id: "1", name: "Ada" }]);
    await expect(table.set("1", { id: "2", name: "Ada" })).rejects.toMatchObject({ status: 400, path: "users.id" });
    await expect(table.update("1", { id: "2" })).rejects.toMatchObject({ status: 400 });
  });

  test("are replaced by set and changed by update", async () => {
    const table = users();
    await table.set("1", { name: "Ada", tags: ["a"] });
    await table.update("1", { name: "Grace", tags: undefined });
    expect(await table.get("1")).toEqual({ id: "1", name: "Grace", tags: ["a"] });
    await table.set("1", { name: "Joan" });
    expect(await table.get("1")).toEqual({ id: "1", name: "Joan" });
    await expect(table.update("2", { name: "x" })).rejects.toBeInstanceOf(NotFoundError);
  });

  test("are removed once", async () => {
    const table = users();
    await table.set("1", { name: "Ada" });
    expect(await table.delete("1")).toBe(true);
    expect(await table.delete("1")).toBe(false);
    expect(await table.get("1")).toBeNull();
  });

  test("share no object with the caller", async () => {
    const table = users();
    const tags = ["a"];
    await table.set("1", { name: "Ada", tags });
    tags.push("b");
    const read = await table.get("1");
    read?.tags?.push("c");
    for await (const row of table) row.tags?.push("d");
    expect((await table.get("1"))?.tags).toEqual(["a"]);
  });

  test.each([
    ["a list", []],
    ["text", "x"],
    ["nothing", null],
    ["a date", new Date()],
    ["NUL", { name: "a\0" }],
    ["NUL in a key", { "a\0": 1 }],
    ["a circle", circle()],
  ])("are not made of %s", async (_, value) => {
    await expect(users().set("1", value as never)).rejects.toMatchObject({ status: 400, code: "INVALID_REQUEST" });
  });

  test("are not made of code", async () => {
    await expect(users().set("1", { name: "Ada", tags: [() => 1] } as never)).rejects.toThrow("users.tags[0]: expected JSON data");
    await expect(users().push({ name: Symbol("x") } as never)).rejects.toMatchObject({ status: 400, path: "users.name" });
  });

  test.each([1, null, undefined, {}, ["1"], "a\0", `${"ä".repeat(512)}a`])("have text as their id, not %o", async (id) => {
    const table = users();
    await expect(table.get(id as string)).rejects.toMatchObject({ status: 400 });
    await expect(table.set(id as string, { name: "x" })).rejects.toMatchObject({ status: 400 });
    await expect(table.delete(id as string)).rejects.toMatchObject({ status: 400 });
  });

  test("with keys that look like an object's own are rows like any other", async () => {
    const table = new MemoryStorage({ tables: { things: JSON_TABLE } }).storage(accessFor()).get("things");
    for (const key of ["constructor", "toString", ""]) {
      expect(await table.get(key)).toBeNull();
      await table.set(key, JSON.parse(`{"${key}": {"admin": true}}`) as StoredRecord);
      expect(await table.get(key)).toEqual(JSON.parse(`{"id": "${key}", "${key}": {"admin": true}}`));
      await table.update(key, { more: 1 });
      expect(Object.keys((await table.get(key)) ?? {})).toEqual(["id", key, "more"]);
    }
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
    await expect(table.set("1", JSON.parse('{"__proto__": {"admin": true}}') as StoredRecord)).rejects.toMatchObject({ status: 400 });
    expect((await collect(table.query({ constructor: { admin: true } }))).length).toBe(1);
  });
});

describe("lists", () => {
  test("are taken from at both ends, in the order of insertion", async () => {
    const table = users();
    const ids = [await table.push({ name: "a" }), await table.push({ name: "b" }), await table.push({ name: "c" })];
    expect(new Set(ids).size).toBe(3);
    await table.update(ids[0] as string, { name: "first" });
    expect((await table.shift())?.name).toBe("first");
    expect(await table.pop()).toEqual({ id: ids[2], name: "c" });
    expect((await collect(table)).map(({ name }) => name)).toEqual(["b"]);
    await table.pop();
    expect(await table.pop()).toBeNull();
    expect(await table.shift()).toBeNull();
  });

  test("take the key that a new row brings, once", async () => {
    const table = users();
    expect(await table.push({ id: "1", name: "a" })).toBe("1");
    await expect(table.push({ id: "1", name: "b" })).rejects.toMatchObject({ code: "CONFLICT" });
    await expect(table.push({ id: 1, name: "b" } as never)).rejects.toMatchObject({ status: 400 });
  });

  test("may change while they are read", async () => {
    const table = users();
    for (const name of ["a", "b", "c"]) await table.set(name, { name });
    const seen: string[] = [];
    for await (const { id } of table) {
      seen.push(id);
      await table.delete(id);
      await table.set(`${id}${id}`, { name: id });
      if (seen.length > 10) break;
    }
    expect(seen).toEqual(["a", "b", "c"]);
    expect((await collect(table)).map(({ id }) => id)).toEqual(["aa", "bb", "cc"]);
  });
});

describe("permissions", () => {
  const operations: Record<string, (table: TableProxy<User>) => Promise<unknown>> = {
    get: (table) => table.get("1"),
    query: (table) => collect(table.query({ name: "Ada" })),
    iterate: (table) => collect(table),
    set: (table) => table.set("1", { name: "Ada" }),
    update: (table) => table.update("1", { name: "Ada" }),
    push: (table) => table.push({ name: "Ada" }),
    delete: (table) => table.delete("1"),
    pop: (table) => table.pop(),
    shift: (table) => table.shift(),
  };

  test.each([
    ["get", "R_X", "R__", "_WX", "read"],
    ["query", "R_X", "R__", "_WX", "read"],
    ["iterate", "R_X", "R__", "_WX", "read"],
    ["set", "_W_", "RW_", "R_X", "write"],
    ["update", "_W_", "RW_", "R_X", "write"],
    ["push", "_W_", "RW_", "R_X", "write"],
    ["delete", "__X", "R_X", "RW_", "delete"],
    ["pop", "__X", "R_X", "RW_", "delete"],
    ["shift", "__X", "R_X", "RW_", "delete"],
  ] as const)("%s is allowed with %s and %s, not with %s", async (name, first, second, without, verb) => {
    const operation = operations[name] as (table: TableProxy<User>) => Promise<unknown>;
    const storage = new MemoryStorage({ tables });
    await users(perms.RWX, storage).set("1", { name: "Ada" });
    await users(perms.RWX, storage).set("2", { name: "Ada" });
    await operation(users(perms[first], storage));
    await operation(users(perms[second], storage));
    const refused = operation(users(perms[without], storage));
    await expect(refused).rejects.toThrow(`Cannot ${verb} table users`);
    await expect(refused).rejects.toBeInstanceOf(PermissionError);
    await expect(operation(users(0, storage))).rejects.toBeInstanceOf(PermissionError);
  });

  test("a field without W is set when its row is made, and kept from then on", async () => {
    const table = users();
    await table.set("1", { name: "Ada", email: "ada@example.com" });
    for (const change of [table.update("1", { email: "x" }), table.set("1", { name: "Ada", email: "x" })]) {
      await expect(change).rejects.toThrow("Field 'email' is read-only");
      await expect(change).rejects.toMatchObject({ code: "PERMISSION_DENIED", status: 403 });
    }
    await table.set("1", { name: "Grace" });
    expect(await table.get("1")).toEqual({ id: "1", name: "Grace", email: "ada@example.com" });
    await table.set("1", { name: "Joan", email: "ada@example.com" });
    await table.update("1", { name: "Jean", email: "ada@example.com" });
    expect((await table.get("1"))?.name).toBe("Jean");
  });

  test("a field without W that its row was made without stays away", async () => {
    const table = users();
    await table.set("1", { name: "Ada" });
    await expect(table.update("1", { email: "x" })).rejects.toThrow("Field 'email' is read-only");
    await expect(table.set("1", { name: "Ada", email: "x" })).rejects.toThrow(PermissionError);
  });

  test("a call that may not go on is stopped at every operation", async () => {
    const storage = new MemoryStorage({ tables });
    await users(perms.RWX, storage).set("1", { name: "Ada" });
    let ended = false;
    const check = (): void => {
      if (ended) throw new Error("over");
    };
    const table = storage.storage(accessFor({ check })).get<User>("users");
    const rows = table.query();
    ended = true;
    for (const operation of Object.values(operations)) await expect(operation(table)).rejects.toThrow("over");
    await expect(rows.next()).rejects.toThrow("over");
  });
});

test("SQL is refused", async () => {
  const tables = { users: { ...JSON_TABLE, statements: ["s1"] } };
  const table = new MemoryStorage({ tables }).storage(accessFor()).get("users");
  await expect(table.exec("s1")).rejects.toThrow("exec() needs PostgreSQL");
  await expect(table.exec("SELECT 1")).rejects.toThrow("exec() runs the SQL that the compiler has seen");
});

test("a call is told which transaction it has seen", async () => {
  const storage = new MemoryStorage({ tables: { things: JSON_TABLE } });
  const seen: bigint[] = [];
  const table = storage.storage(accessFor({ saw: (txid) => seen.push(txid) })).get("things");
  await table.set("1", {});
  await table.get("1");
  await table.delete("1");
  expect(seen).toEqual([1n, 1n, 2n]);
});

function circle(): object {
  const value: { self?: object } = {};
  value.self = value;
  return value;
}

describe("owned tables", () => {
  const owned = { notes: { primaryKey: "id", fields: {}, owned: true } };

  interface Note {
    id: string;
    text: string;
  }

  function notes(): Record<"ada" | "bob", TableProxy<Note>> {
    const storage = new MemoryStorage({ tables: owned });
    const of = (owner: string): TableProxy<Note> => storage.storage(accessFor({ owner })).get<Note>("notes");
    return { ada: of("ada"), bob: of("bob") };
  }

  test("show a user his own rows only", async () => {
    const { ada, bob } = notes();
    await ada.set("1", { text: "hers" });
    const id = await bob.push({ text: "his" });
    expect(await bob.get("1")).toBeNull();
    expect(await ada.get(id)).toBeNull();
    expect(await collect(bob)).toEqual([{ id, text: "his" }]);
    expect(await collect(ada.query({ text: "his" }))).toEqual([]);
    expect(await ada.pop()).toEqual({ id: "1", text: "hers" });
    expect(await ada.shift()).toBeNull();
    expect(await collect(bob)).toHaveLength(1);
  });

  test("refuse writes to another user's row", async () => {
    const { ada, bob } = notes();
    await ada.set("1", { text: "hers" });
    await expect(bob.set("1", { text: "his" })).rejects.toBeInstanceOf(PermissionError);
    await expect(bob.update("1", { text: "his" })).rejects.toMatchObject({ status: 403 });
    await expect(bob.push({ id: "1", text: "his" })).rejects.toMatchObject({ status: 403 });
    await expect(bob.delete("1")).rejects.toMatchObject({ status: 403 });
    await ada.update("1", { text: "still hers" });
    expect(await ada.get("1")).toEqual({ id: "1", text: "still hers" });
  });
});

describe("unique fields", () => {
  const unique = { users: { primaryKey: "id", fields: { email: { unique: true } }, owned: true } };

  test("hold every value once, whoever wrote it", async () => {
    const storage = new MemoryStorage({ tables: unique });
    const table = storage.storage(accessFor()).get<User>("users");
    await table.set("1", { name: "Ada", email: "a@b.example" });
    await table.set("1", { name: "Ada L.", email: "a@b.example" });
    await table.set("2", { name: "Bob" });
    await table.set("3", { name: "Eve" });
    const taken = { status: 409, code: "CONFLICT", path: "users.email" };
    await expect(table.update("2", { email: "a@b.example" })).rejects.toMatchObject(taken);
    const other = storage.storage(accessFor({ owner: "bob" })).get<User>("users");
    await expect(other.push({ name: "Bob", email: "a@b.example" })).rejects.toMatchObject(taken);
    await table.delete("1");
    await table.update("2", { email: "a@b.example" });
  });
});

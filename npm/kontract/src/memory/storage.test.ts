import { describe, expect, test } from "vitest";
import { accessFor, collect } from "../testing/access.js";
import { JSON_TABLE } from "../testing/rows.js";
import type { UntypedTable } from "../types/storage.js";
import { MemoryStorage } from "./storage.js";

const tables = { notes: JSON_TABLE };

test("one tenant never sees another's rows", async () => {
  const storage = new MemoryStorage({ tables });
  const [main, other] = ["main", "other"].map((tenant) => storage.storage(accessFor({ tenant })).get("notes"));
  await main?.set("1", { text: "main" });
  expect(await other?.get("1")).toBeNull();
  expect(await collect(other as UntypedTable)).toEqual([]);
  expect(await other?.delete("1")).toBe(false);
  await other?.set("1", { text: "other" });
  expect(await main?.get("1")).toEqual({ id: "1", text: "main" });
  expect(await main?.pop()).toEqual({ id: "1", text: "main" });
  expect(await other?.get("1")).toEqual({ id: "1", text: "other" });
});

test("a table is the same by name and by get", async () => {
  const storage = new MemoryStorage({ tables }).storage(accessFor());
  await storage.notes?.set("1", { a: 1 });
  expect(await storage.get("notes").get("1")).toEqual({ id: "1", a: 1 });
  expect(storage.notes).toBe(storage.get("notes"));
});

test.each(["", "a-b", "a b", "a.b", 'a"b', "x".repeat(41), "ä", "a\n"])("%o names no table", (name) => {
  const tables = new MemoryStorage().storage(accessFor());
  expect(() => tables[name]).toThrow("Invalid identifier");
  expect(() => tables.get(name)).toThrow("Invalid identifier");
});

test("names that look like an object's own are tables", async () => {
  const names = ["__proto__", "constructor", "toString", "hasOwnProperty", "then", "x".repeat(40)];
  const declared = Object.fromEntries(names.map((name) => [name, { ...JSON_TABLE }]));
  const storage = new MemoryStorage({ tables: declared }).storage(accessFor());
  for (const name of names) {
    await storage[name]?.set("1", { name });
    expect(await storage[name]?.get("1")).toEqual({ id: "1", name });
  }
  expect(({} as { name?: string }).name).toBeUndefined();
  expect(() => new MemoryStorage().storage(accessFor()).constructor).toThrow("Table constructor not found");
});

test("the tables are not to be changed, and symbols name none", async () => {
  const tables = new MemoryStorage().storage(accessFor()) as unknown as Record<PropertyKey, unknown>;
  expect(() => {
    tables.notes = 1;
  }).toThrow("env.storage cannot be changed");
  expect(() => delete tables.notes).toThrow(TypeError);
  expect(() => Object.defineProperty(tables, "notes", { value: 1 })).toThrow(TypeError);
  expect(() => Object.setPrototypeOf(tables, null)).toThrow(TypeError);
  expect(tables[Symbol.iterator]).toBeUndefined();
  expect(() => tables.get).not.toThrow();
  expect(() => (tables.get as (name: unknown) => unknown)({})).toThrow("Invalid identifier");
});

describe("a transaction", () => {
  test("is one change, or none", async () => {
    const storage = new MemoryStorage({ tables });
    const [ada, bob] = [storage.storage(accessFor()), storage.storage(accessFor({ owner: "bob" }))];
    const failed = ada.transaction(async () => {
      await ada.notes?.set("1", { text: "taken back" });
      expect(await ada.notes?.count()).toBe(1);
      expect(await bob.notes?.count()).toBe(0);
      throw new Error("fails");
    });
    await expect(failed).rejects.toThrow("fails");
    expect(await ada.notes?.get("1")).toBeNull();
    await expect(ada.transaction(1 as never)).rejects.toThrow("env.storage.transaction: expected a function");
    const nested = ada.transaction(() => ada.transaction(() => 1));
    await expect(nested).rejects.toThrow("A transaction is open already: env.storage.transaction calls cannot overlap");
  });

  test("runs again where another one changed what it saw", async () => {
    const storage = new MemoryStorage({ tables });
    const raise = async (): Promise<void> => {
      const one = storage.storage(accessFor());
      await one.transaction(async () => {
        const n = Number((await one.get("notes").get("1"))?.n ?? 0);
        await new Promise((resolve) => setTimeout(resolve, 1));
        await one.get("notes").set("1", { n: n + 1 });
      });
    };
    await Promise.all(Array.from({ length: 20 }, raise));
    expect(await storage.storage(accessFor()).get("notes").get("1")).toEqual({ id: "1", n: 20 });
  });

  test("fails as a whole where a value is taken", async () => {
    const unique = { notes: { primaryKey: "id", fields: { nick: { unique: true } } } };
    const storage = new MemoryStorage({ tables: unique }).storage(accessFor());
    await storage.notes?.set("1", { nick: "a" });
    const taken = storage.transaction(async () => {
      await storage.notes?.set("0", { nick: "b" });
      await storage.notes?.set("2", { nick: "a" });
    });
    await expect(taken).rejects.toMatchObject({ status: 409, path: "notes.nick" });
    expect(await storage.notes?.count()).toBe(1);
    await storage.transaction(async () => {
      await storage.notes?.delete("1");
      await storage.notes?.set("0", { nick: "a" });
    });
    expect(await collect(storage.notes as UntypedTable)).toEqual([{ id: "0", nick: "a" }]);
  });
});

test("where tables are declared there are no others", () => {
  const tables = new MemoryStorage({ tables: { notes: { primaryKey: "id", fields: {} } } }).storage(accessFor());
  expect(() => tables.notes).not.toThrow();
  expect(() => tables.other).toThrow(expect.objectContaining({ status: 404, message: "Table other not found" }));
});

test("a declared table must have a name", () => {
  expect(() => new MemoryStorage({ tables: { "a-b": { primaryKey: "id", fields: {} } } })).toThrow("Invalid identifier");
});

describe("shared state", () => {
  test("holds values until their time is over", async () => {
    let now = 0;
    const shared = new MemoryStorage({ now: () => now }).shared(accessFor());
    await shared.set("a", { b: [1] }, { ttl: 2 });
    await shared.set("long", 1);
    now = 1999;
    expect(await shared.get("a")).toEqual({ b: [1] });
    now = 2000;
    expect(await shared.get("a")).toBeNull();
    expect(await shared.delete("a")).toBe(false);
    now = 3_599_999;
    expect(await shared.get("long")).toBe(1);
    now = 3_600_000;
    expect(await shared.get("long")).toBeNull();
  });

  test("shares no object with the caller", async () => {
    const shared = new MemoryStorage().shared(accessFor());
    const value = [1];
    await shared.set("a", value);
    value.push(2);
    (await shared.get<number[]>("a"))?.push(3);
    expect(await shared.get("a")).toEqual([1]);
    expect(await shared.delete("a")).toBe(true);
    expect(await shared.get("a")).toBeNull();
  });

  test("counts within a window that later calls do not move", async () => {
    let now = 0;
    const shared = new MemoryStorage({ now: () => now }).shared(accessFor());
    expect(await shared.increment("hits", 1, { ttl: 10 })).toBe(1);
    now = 9000;
    expect(await shared.increment("hits", 4, { ttl: 10 })).toBe(5);
    now = 10_000;
    expect(await shared.increment("hits")).toBe(1);
    expect(await shared.increment("hits", -2)).toBe(-1);
    const counts = await Promise.all(Array.from({ length: 50 }, () => shared.increment("many")));
    expect(counts.at(-1)).toBe(50);
  });

  test("belongs to one tenant", async () => {
    const storage = new MemoryStorage();
    await storage.shared(accessFor({ tenant: "main" })).set("a", 1);
    expect(await storage.shared(accessFor({ tenant: "other" })).get("a")).toBeNull();
  });

  test("refuses what it cannot hold", async () => {
    const shared = new MemoryStorage().shared(accessFor());
    await expect(shared.get(1 as never)).rejects.toMatchObject({ status: 400 });
    await expect(shared.set("x".repeat(1025), 1)).rejects.toMatchObject({ status: 400 });
    await expect(shared.set("a", () => 1)).rejects.toThrow(TypeError);
    for (const ttl of [0, -1, Number.NaN, "1"]) await expect(shared.set("a", 1, { ttl } as never)).rejects.toThrow(/ttl/);
    await shared.set("text", "x");
    await expect(shared.increment("text")).rejects.toThrow(/does not hold a number/);
    await expect(shared.increment("n", Number.POSITIVE_INFINITY)).rejects.toThrow(/finite/);
  });

  test("forgets what has expired, then the oldest, when callers fill it", async () => {
    let now = 0;
    const shared = new MemoryStorage({ now: () => now }).shared(accessFor());
    await shared.set("expired", 1, { ttl: 1 });
    await shared.set("oldest", 1);
    now = 1000;
    for (let key = 0; key < 99_999; key += 1) await shared.set(`key ${key}`, 1);
    expect(await shared.get("oldest")).toBe(1);
    await shared.set("one more", 1);
    expect(await shared.get("oldest")).toBeNull();
    expect(await shared.get("one more")).toBe(1);
  });

  test("ends with the call", async () => {
    const check = (): void => {
      throw new Error("over");
    };
    const shared = new MemoryStorage().shared(accessFor({ check }));
    for (const use of [shared.get("a"), shared.set("a", 1), shared.delete("a"), shared.increment("a")]) {
      await expect(use).rejects.toThrow("over");
    }
  });
});

import { beforeEach, describe, expect, test } from "vitest";
import { accessFor, collect } from "../testing/access.js";
import type { QueryOptions, StoredRecord, TableProxy } from "../types/storage.js";
import { MemoryStorage } from "./storage.js";

let table: TableProxy<StoredRecord>;
beforeEach(() => {
  table = new MemoryStorage().storage(accessFor()).get("things");
});

const ids = async (filter: object, options?: QueryOptions<StoredRecord>): Promise<unknown[]> =>
  (await collect(table.query(filter, options))).map(({ _id }) => _id);

describe("a filter", () => {
  beforeEach(async () => {
    await table.set("1", { name: "Ada", age: 36, tags: ["math", "code"], place: { city: "London", zip: null } });
    await table.set("2", { name: "Grace", age: 85, tags: ["navy", "code"], place: { city: "New York" }, born: new Date(0) });
    await table.set("3", { name: "Ada", tags: [{ kind: "a", more: 1 }, [1, 2]] });
  });

  test.each<[object, string[]]>([
    [{}, ["1", "2", "3"]],
    [{ name: "Ada" }, ["1", "3"]],
    [{ name: "Ada", age: 36 }, ["1"]],
    [{ age: "36" }, []],
    [{ _id: "2" }, ["2"]],
    [{ tags: ["code"] }, ["1", "2"]],
    [{ tags: ["code", "math"] }, ["1"]],
    [{ tags: ["code", "code"] }, ["1", "2"]],
    [{ tags: [] }, ["1", "2", "3"]],
    [{ tags: "code" }, []],
    [{ tags: [{ kind: "a" }] }, ["3"]],
    [{ tags: [[2]] }, ["3"]],
    [{ place: { city: "London" } }, ["1"]],
    [{ place: {} }, ["1", "2"]],
    [{ place: { zip: null } }, ["1"]],
    [{ born: new Date(0) }, ["2"]],
    [{ born: new Date(1) }, []],
    [{ name: undefined }, ["1", "2", "3"]],
    [{ age: { $gt: 40 } }, []],
    [{ toString: {} }, []],
    [{ constructor: {} }, []],
  ])("%o finds the rows that contain it", async (filter, expected) => {
    expect(await ids(filter)).toEqual(expected);
  });

  test.each([[[]], ["x"], [new Date()], [{ a: "\0" }]])("%o is none", async (filter) => {
    await expect(ids(filter as object)).rejects.toMatchObject({ status: 400 });
  });
});

describe("an order", () => {
  const values: Record<string, unknown> = {
    text: "b", capital: "B", number: 10, small: 9, big: 11n, yes: true, no: false, nothing: null, date: new Date(1), list: [1], odd: Number.NaN,
  };
  beforeEach(async () => {
    await table.set("absent", {});
    for (const [id, value] of Object.entries(values)) await table.set(id, { value });
  });
  const ascending = ["absent", "nothing", "capital", "text", "small", "number", "big", "no", "yes", "date", "list", "odd"];

  test("puts rows without a value first, and is turned around as a whole", async () => {
    expect(await ids({}, { orderBy: "value" })).toEqual(ascending);
    expect(await ids({}, { orderBy: { value: "asc" } })).toEqual(ascending);
    expect(await ids({}, { orderBy: { value: "desc" } })).toEqual([...ascending].reverse());
  });

  test("of insertion may be turned around", async () => {
    const inserted = ["absent", ...Object.keys(values)];
    expect(await ids({})).toEqual(inserted);
    expect(await ids({}, { orderBy: { _order: "desc" } })).toEqual([...inserted].reverse());
  });

  test("is continued by a cursor, page by page", async () => {
    for (const direction of ["asc", "desc"] as const) {
      const seen: unknown[] = [];
      let cursor: string | undefined;
      for (let page = 0; page < 10; page += 1) {
        const rows = table.query({}, { orderBy: { value: direction }, limit: 5, ...(cursor === undefined ? {} : { cursor }) });
        expect(rows.cursor).toBeNull();
        const found = await collect(rows);
        if (found.length === 0) break;
        seen.push(...found.map(({ _id }) => _id));
        cursor = rows.cursor ?? undefined;
      }
      expect(seen).toEqual(direction === "asc" ? ascending : [...ascending].reverse());
    }
  });

  test.each([{}, { a: "asc", b: "asc" }, { a: "up" }, 1, null])("is not %o", async (orderBy) => {
    await expect(ids({}, { orderBy } as never)).rejects.toMatchObject({ status: 400, path: "orderBy" });
  });
});

test("a limit cuts the rows", async () => {
  for (const id of ["1", "2", "3"]) await table.set(id, {});
  expect(await ids({}, { limit: 2 })).toEqual(["1", "2"]);
  expect(await ids({}, { limit: 0 })).toEqual([]);
  for (const limit of [-1, 1.5, Number.NaN, "2"]) {
    await expect(ids({}, { limit } as never)).rejects.toMatchObject({ status: 400, path: "limit" });
  }
});

test("a cursor from anywhere else is refused", async () => {
  await table.set("1", { a: 1 });
  const rows = table.query({}, { orderBy: "a" });
  await rows.next();
  const cursor = rows.cursor as string;
  await expect(ids({}, { cursor })).rejects.toThrow("cursor: expected the orderBy that it was made with");
  const forged = [["a", "asc", 1, { toString: 1 }, 1], ["a", "asc", "1", 1, 1], ["a"], {}, null].map((value) => btoa(JSON.stringify(value)));
  for (const text of ["", "x", "%%%", 7, null, ...forged]) {
    await expect(ids({}, { orderBy: "a", cursor: text as string })).rejects.toMatchObject({ status: 400 });
  }
  expect(await ids({}, { orderBy: "a", cursor: btoa('["a","asc",2,"x",0]') })).toEqual(["1"]);
});

test("rows that nobody reads any further are let go", async () => {
  for (const id of ["1", "2"]) await table.set(id, {});
  const rows = table.query();
  for await (const row of rows) {
    expect(row._id).toBe("1");
    break;
  }
  expect(await rows.next()).toEqual({ done: true, value: undefined });
});

import { beforeEach, describe, expect, test } from "vitest";
import { accessFor, collect } from "../testing/access.js";
import { tableOf } from "../testing/rows.js";
import type { QueryOptions, StoredRecord, TableProxy } from "../types/storage.js";
import { MemoryStorage } from "./storage.js";

let table: TableProxy<StoredRecord>;
beforeEach(() => {
  table = new MemoryStorage({ tables: { things: tableOf({ value: "number" }, "mixed") } }).storage(accessFor()).get("things");
});

const ids = async (filter: object, options?: QueryOptions<StoredRecord>): Promise<unknown[]> =>
  (await collect(table.query(filter, options))).map(({ id }) => id);

describe("an order", () => {
  const ascending = ["absent", "nothing", "least", "less", "more"];
  beforeEach(async () => {
    await table.set("absent", {});
    for (const [id, value] of Object.entries({ more: 10, nothing: null, least: -1.5, less: 9 })) await table.set(id, { value });
  });

  test("puts rows without a value first, and is turned around as a whole", async () => {
    expect(await ids({}, { orderBy: "value" })).toEqual(ascending);
    expect(await ids({}, { orderBy: { value: "desc" } })).toEqual([...ascending].reverse());
    expect(await ids({}, { orderBy: { _order: "desc" } })).toEqual(["less", "least", "nothing", "more", "absent"]);
  });

  test("is continued by a cursor, page by page; null is the start", async () => {
    for (const direction of ["asc", "desc"] as const) {
      const seen: unknown[] = [];
      let cursor: string | null = null;
      for (let page = 0; page < 10; page += 1) {
        const rows = table.query({}, { orderBy: { value: direction }, limit: 2, cursor });
        expect(rows.cursor).toBeNull();
        const found = await collect(rows);
        if (found.length === 0) break;
        seen.push(...found.map(({ id }) => id));
        cursor = rows.cursor;
      }
      expect(seen).toEqual(direction === "asc" ? ascending : [...ascending].reverse());
    }
  });

  test.each([{}, { a: "asc", b: "asc" }, { a: "up" }, 1, null, "list"])("is not %o", async (orderBy) => {
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

test("rows that nobody reads any further are let go", async () => {
  for (const id of ["1", "2"]) await table.set(id, {});
  const rows = table.query();
  for await (const row of rows) {
    expect(row.id).toBe("1");
    break;
  }
  expect(await rows.next()).toEqual({ done: true, value: undefined });
});

import { readFile } from "node:fs/promises";
import { beforeEach, describe, expect, test } from "vitest";
import { accessFor, collect } from "../testing/access.js";
import { tableOf } from "../testing/rows.js";
import type { QueryOptions, StoredRecord, TableProxy } from "../types/storage.js";
import { MemoryStorage } from "./storage.js";

interface Vectors {
  rows: ({ id: string } & StoredRecord)[];
  finds: [object, string[]][];
  refused: [unknown, string][];
  orders: [QueryOptions<StoredRecord>["orderBy"], string[]][];
}

const file = new URL("../../../../fixtures/storage/filters.json", import.meta.url);
const vectors = JSON.parse(await readFile(file, "utf8"), (_, value) => {
  if (typeof value?.$date === "number") return new Date(value.$date);
  return typeof value?.$bigint === "string" ? BigInt(value.$bigint) : value;
}) as Vectors;

let table: TableProxy<StoredRecord>;
beforeEach(async () => {
  const tables = {
    people: tableOf({
      id: "text", name: "text", age: "number", big: "bigint", born: "text", active: "text", tags: "composite", place: "composite",
    }),
  };
  table = new MemoryStorage({ tables }).storage(accessFor()).get<StoredRecord>("people");
  for (const row of vectors.rows) await table.set(row.id, row);
});

const ids = async (filter: object, options?: QueryOptions<StoredRecord>): Promise<unknown[]> =>
  (await collect(table.query(filter, options))).map(({ id }) => id);

describe("filters and orders have the meaning that every host gives them", () => {
  test.each(vectors.finds)("%o", async (filter, expected) => {
    expect(await ids(filter)).toEqual(expected);
    expect(await table.count(filter)).toBe(expected.length);
  });

  test.each(vectors.refused)("%o is refused", async (filter, message) => {
    await expect(ids(filter as object)).rejects.toMatchObject({ status: 400, message });
  });

  test.each(vectors.orders)("%o", async (orderBy, expected) => {
    expect(await ids({}, { ...(orderBy === undefined ? {} : { orderBy }) })).toEqual(expected);
  });
});

test("operators that are undefined are left out", async () => {
  expect(await ids({ age: { gt: undefined, lt: 10 } })).toEqual(["4", "5"]);
});

test("several rows are read at once", async () => {
  const rows = await table.getMany(["2", "none", "1"]);
  expect(rows.map((row) => row?.name ?? null)).toEqual(["Grace", null, "Ada"]);
  await expect(table.getMany("2" as never)).rejects.toMatchObject({ status: 400 });
});

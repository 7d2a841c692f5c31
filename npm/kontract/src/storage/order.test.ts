import { expect, test } from "vitest";
import { comparePlaces, decodeCursor, encodeCursor, insertionOrder, type Order, type Place } from "./order.js";

const orders: Order[] = [
  insertionOrder(true),
  { field: "name", class: "text", descending: false },
  { field: "age", class: "number", descending: false },
  { field: "big", class: "bigint", descending: true },
];
const keys: Record<Order["class"], Place["key"][]> = {
  text: [undefined, "", "a\"],1", "𝒳"],
  number: [undefined, -1.5, 1e300, 0],
  bigint: [undefined, -(2n ** 63n), 2n ** 64n],
};

test.each(orders)("a place of $field is the same after it was a cursor", (order) => {
  const places = order.field === undefined ? [undefined] : keys[order.class];
  for (const key of places) {
    for (const insertion of [1n, -1n, (1n << 62n) + 3n]) {
      const place = { key, order: insertion };
      const read = decodeCursor(order, encodeCursor(order, place));
      expect(read).toEqual(place);
      expect(comparePlaces(order, read, place) === 0).toBe(true);
    }
  }
});

test("a cursor of another order, or of none, is refused", () => {
  const [insertion, name, age] = orders as [Order, Order, Order];
  const cursor = encodeCursor(age, { key: 1, order: 1n });
  expect(() => decodeCursor(name, cursor)).toThrow("cursor: expected the orderBy that it was made with");
  const forged = ['["age","asc","x",1]', '["age","asc","",1]', '["age","asc",1,1]', '["age","asc","1",99999999999999999999]', '["age","asc","1",1', "[]", "{}", '["age","asc","1",2,1]'];
  for (const text of ["", "x", "%%%", 7, null, undefined, ...forged.map((text) => btoa(text))]) {
    expect(() => decodeCursor(age, text), String(text)).toThrow("cursor: expected the cursor of an earlier query");
  }
  expect(() => decodeCursor(insertion, btoa('["_order","desc","1",1]'))).toThrow("of an earlier query");
  expect(() => decodeCursor(name, btoa('["name","asc","a\\u0000",1]'))).toThrow("of an earlier query");
});

test("rows without a value come first, equal ones by their insertion", () => {
  const [, name] = orders as [Order, Order];
  const places: Place[] = [{ key: undefined, order: 9n }, { key: "a", order: 1n }, { key: "a", order: 2n }, { key: "b", order: 0n }];
  expect([...places].reverse().sort((left, right) => comparePlaces(name, left, right))).toEqual(places);
  expect([...places].sort((left, right) => comparePlaces({ ...name, descending: true }, left, right))).toEqual([...places].reverse());
});

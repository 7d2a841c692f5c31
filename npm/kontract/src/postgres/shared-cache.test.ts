import { expect, test } from "vitest";
import { SharedCache } from "./shared-cache.js";

test("what was read is believed for a second, and no longer than it lives", () => {
  let now = 0;
  const cache = new SharedCache(() => now);
  cache.keep("long", "x", 60);
  cache.keep("short", 1, 0.5);
  cache.keep("nothing", undefined, 60);
  now = 499;
  expect(["long", "short", "nothing", "unknown"].map((name) => cache.read(name)?.held ?? null)).toEqual(["x", 1, null, null]);
  expect([cache.read("nothing") === undefined, cache.read("unknown") === undefined]).toEqual([false, true]);
  now = 500;
  expect(cache.read("short")).toBeUndefined();
  now = 1000;
  expect(cache.read("long")).toBeUndefined();
});

test("the oldest make room, and what changes is asked for again", () => {
  const cache = new SharedCache(() => 0);
  for (let n = 0; n <= 20_000; n += 1) cache.keep(`key ${n}`, n, 60);
  expect([cache.read("key 0"), cache.read("key 1")?.held]).toEqual([undefined, 1]);
  for (let n = 0; n < 20; n += 1) cache.keep(`large ${n}`, "x".repeat(1 << 20), 60);
  expect([cache.read("large 0") === undefined, cache.read("large 19") === undefined]).toEqual([true, false]);
  cache.forget("large 19");
  expect([cache.read("large 19"), cache.changes]).toEqual([undefined, 1]);
});

import { describe, expect, test } from "vitest";
import { backend } from "./backend.js";
import { defineMiddleware, mwfilter } from "./middleware.js";
import { index, int32, owned, perm, primkey, table, unique } from "./schema.js";

describe("backend", () => {
  const fn = async (): Promise<number> => 1;

  test("returns the function that it is given", () => {
    expect(backend(fn)).toBe(fn);
    expect(backend({ perm: 4 }, fn)).toBe(fn);
  });

  test("leaves methods alone, with standard decorators", () => {
    const context = { kind: "method", name: "get" } as ClassMethodDecoratorContext;
    expect(backend(fn, context)).toBeUndefined();
    expect(backend()(fn, context)).toBeUndefined();
    expect(backend({ perm: 4 })(fn, context)).toBeUndefined();
  });

  test("leaves methods alone, with experimental decorators", () => {
    class Service {}
    expect(backend(Service, "get", { value: fn })).toBeUndefined();
    expect(backend(Service.prototype, "get", { value: fn })).toBeUndefined();
    expect(backend({ perm: 4 })(Service, "get", { value: fn })).toBeUndefined();
  });
});

test("middlewares are listed as they are given", () => {
  const fn = (): void => {};
  const filtered = mwfilter({ egroup: "a" }, fn);
  expect(filtered).toEqual({ fn, filter: { egroup: "a" } });
  expect(defineMiddleware([fn, filtered])).toEqual([fn, filtered]);
  expect(mwfilter({ egroup: "a" })({}, "guard", {})).toBeUndefined();
});

test("annotations of fields and classes do nothing", () => {
  for (const annotation of [primkey, index, unique, int32, perm(4)]) expect(annotation({}, "id")).toBeUndefined();
  for (const annotation of [owned, table("people")]) expect(annotation(class {})).toBeUndefined();
});

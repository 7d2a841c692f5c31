import { expect, test, vi } from "vitest";
import { __kontract_lazy, isLazy } from "./lazy.js";
import type { LazyRoute, Route } from "./routes.js";

const meta = { perm: 0 };

function compiled(routes: Map<string, Route | LazyRoute>, names: string[]) {
  return vi.fn(async (_again: string) => {
    for (const name of names) routes.set(name, { handler: () => name, meta } as unknown as Route);
    return {};
  });
}

test("a module is loaded when one of its routes is first called, once", async () => {
  const routes = new Map<string, Route | LazyRoute>();
  const [users, posts] = [compiled(routes, ["getUser", "setUser"]), compiled(routes, ["getPost"])];
  const { __kontract_loaders, __kontract_resolve } = __kontract_lazy(
    [
      { name: "users", load: users, routes: { getUser: meta, setUser: meta } },
      { name: "posts", load: posts, routes: { getPost: meta } },
    ],
    routes,
  );
  expect([...__kontract_loaders.keys()]).toEqual(["getUser", "setUser", "getPost"]);
  expect(__kontract_loaders.get("getUser")).toBe(__kontract_loaders.get("setUser"));
  expect(users).not.toHaveBeenCalled();

  const found = await Promise.all(["getUser", "getUser", "setUser"].map(__kontract_resolve));
  expect(found.map(({ handler }) => handler({} as never, []))).toEqual(["getUser", "getUser", "setUser"]);
  expect(isLazy(routes.get("getUser")!)).toBe(false);
  await __kontract_resolve("getUser");
  expect(users).toHaveBeenCalledTimes(1);
  expect(posts).not.toHaveBeenCalled();
  await expect(__kontract_resolve("other")).rejects.toThrow("There is no route other");
});

test("an import that fails is told, and tried again by the next call under another address", async () => {
  const asked: string[] = [];
  const load = async (again: string) => {
    asked.push(again);
    if (asked.length < 3) throw new Error("not yet");
    return { greet: (name: string) => `Hello ${name}` };
  };
  const { __kontract_resolve } = __kontract_lazy([{ name: "./greet.js", load, routes: { greet: meta } }]);
  const both = await Promise.allSettled([__kontract_resolve("greet"), __kontract_resolve("greet")]);
  for (const { reason } of both as PromiseRejectedResult[]) {
    expect(reason).toMatchObject({ message: "The module ./greet.js cannot be loaded", cause: { message: "not yet" } });
  }
  await expect(__kontract_resolve("greet")).rejects.toThrow("cannot be loaded");
  const { handler } = await __kontract_resolve("greet");
  expect(handler({} as never, ["Ada"])).toBe("Hello Ada");
  expect(asked).toEqual(["", "?again=1", "?again=2"]);
});

test("a module without its route is told", async () => {
  const { __kontract_resolve } = __kontract_lazy([{ name: "a", load: async () => ({}), routes: { gone: meta } }]);
  await expect(__kontract_resolve("gone")).rejects.toThrow("does not have it");
});

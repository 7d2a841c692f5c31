import { describe, expect, test } from "vitest";
import type { MiddlewareEntry } from "../annotations/middleware.js";
import { ForbiddenError } from "../errors.js";
import type { Context, Middleware } from "../types/context.js";
import { __kontract_around, __kontract_refuse } from "./chain.js";

const ctx = { callId: "1" } as Context;
/** A chain as the compiler writes it, all of its middlewares called. */
async function run(entries: MiddlewareEntry[], body: () => unknown): Promise<unknown> {
  let result: unknown;
  let answered = false;
  const innermost = async (): Promise<unknown> => {
    answered = true;
    return (result = await body());
  };
  const chain = entries.reduceRight<() => Promise<unknown>>((inner, _, index) => {
    const around = __kontract_around(entries, index);
    return async () => {
      const returned = await around(ctx, inner);
      if (returned !== undefined) {
        result = returned;
        answered = true;
      }
      return result;
    };
  }, innermost);
  await chain();
  if (!answered) __kontract_refuse();
  return result;
}

test("the middlewares wrap the function, outermost first", async () => {
  const trace: string[] = [];
  const wrap = (name: string): Middleware => async (seen, next) => {
    expect(seen).toBe(ctx);
    trace.push(`${name} in`);
    const result = await next();
    trace.push(`${name} out ${String(result)}`);
  };
  const result = await run([wrap("a"), wrap("b")], () => {
    trace.push("body");
    return 1;
  });
  expect(result).toBe(1);
  expect(trace).toEqual(["a in", "b in", "body", "b out 1", "a out 1"]);
});

test("the listed entries are used, in any of their forms", async () => {
  const mark = (name: string): Middleware => async (_, next) => [name, await next()];
  const entries = [mark("0"), { fn: mark("1") }, { fn: mark("2"), filter: { egroup: "x" } }];
  expect(await run(entries, () => "body")).toEqual(["0", ["1", ["2", "body"]]]);
});

test.each([[[]], [[{}]], [[null]]])("an entry that is no middleware is an error: %o", (entries) => {
  expect(() => __kontract_around(entries as never, 0)).toThrow(/Middleware 0 is not a function/);
});

describe("a result", () => {
  test("is replaced by what a middleware returns, null too", async () => {
    expect(await run([(_, next) => next().then(() => null)], () => 1)).toBeNull();
    expect(await run([() => "first", () => "second"], () => 1)).toBe("first");
    const seen: unknown[] = [];
    await run([async (_, next) => void seen.push(await next()), () => "inner"], () => 1);
    expect(seen).toEqual(["inner"]);
  });

  test("stays when a middleware returns nothing", async () => {
    expect(await run([(_, next) => next(), async (_, next) => void (await next())], () => 1)).toBe(1);
  });

  test("may be undefined", async () => {
    expect(await run([(_, next) => next()], () => undefined)).toBeUndefined();
  });
});

describe("a guard", () => {
  test("that neither passes on nor returns refuses the call, after the outer ones resumed", async () => {
    const trace: string[] = [];
    let ran = false;
    const outer: Middleware = async (_, next) => {
      await next();
      trace.push("outer resumed");
    };
    await expect(run([outer, () => {}], () => (ran = true))).rejects.toBeInstanceOf(ForbiddenError);
    expect(trace).toEqual(["outer resumed"]);
    expect(ran).toBe(false);
  });

  test("whose error is swallowed refuses the call", async () => {
    const swallow: Middleware = async (_, next) => {
      await next().catch(() => {});
    };
    const guard = (): void => {
      throw new Error("no");
    };
    await expect(run([swallow, guard], () => 1)).rejects.toBeInstanceOf(ForbiddenError);
  });

  test("that returns a value answers the call", async () => {
    expect(await run([() => ({ cached: true })], () => 1)).toEqual({ cached: true });
  });
});

describe("an error", () => {
  const fail = async (): Promise<never> => {
    throw new Error("body failed");
  };

  test("passes through", async () => {
    await expect(run([(_, next) => next()], fail)).rejects.toThrow("body failed");
  });

  test("may be turned into a result", async () => {
    const rescue: Middleware = async (_, next) => {
      try {
        return await next();
      } catch {
        return "rescued";
      }
    };
    expect(await run([rescue], fail)).toBe("rescued");
  });

  test("of a next() that nobody waits for fails the call", async () => {
    await expect(run([(_, next) => void next()], fail)).rejects.toThrow("body failed");
  });
});

describe("next()", () => {
  test("may be called once", async () => {
    let runs = 0;
    const twice: Middleware = async (_, next) => {
      await next();
      await next();
    };
    await expect(run([twice], () => (runs += 1))).rejects.toThrow("next() was called twice in middleware 0");
    expect(runs).toBe(1);
  });

  test("may not be called when the middleware is over", async () => {
    let later: (() => Promise<unknown>) | undefined;
    let ran = false;
    await run(
      [
        (_, next) => {
          later = next;
          return "early";
        },
      ],
      () => (ran = true),
    );
    await expect(later?.()).rejects.toThrow("next() was called after the end of middleware 0");
    expect(ran).toBe(false);
  });

  test("without await does not lose the result", async () => {
    const body = async (): Promise<string> => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      return "late";
    };
    expect(await run([(_, next) => void next()], body)).toBe("late");
  });
});

import { expect, test } from "vitest";
import { Readiness } from "./readiness.js";

test("is asked once a second, however many want to know", async () => {
  const answers = [Promise.resolve(), Promise.reject(new Error("down"))];
  let asked = 0;
  const readiness = new Readiness(() => answers[asked++] as Promise<void>);
  expect(await Promise.all([readiness.isReady(0), readiness.isReady(0), readiness.isReady(999)])).toEqual([true, true, true]);
  expect([asked, await readiness.isReady(1000), await readiness.isReady(1001), asked]).toEqual([1, false, false, 2]);
});

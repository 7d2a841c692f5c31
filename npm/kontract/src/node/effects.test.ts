import { createServer, get } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Invocation, withInvocation } from "../runtime/scope.js";
import { watchEffects } from "./effects.js";

const server = createServer((_, response) => response.end("done"));
let url: string;

beforeAll(async () => {
  watchEffects();
  watchEffects();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});

afterAll(() => void server.close());

test.each<[string, () => Promise<unknown>, boolean]>([
  ["fetch", async () => (await fetch(url)).text(), true],
  ["fetch after something else", async () => (await new Promise((resolve) => setTimeout(resolve, 1)), fetch(url)), true],
  ["node:http", () => new Promise((resolve) => get(url, (response) => response.resume().on("end", resolve))), true],
  ["nothing of the kind", async () => JSON.stringify([1]), false],
])("%s is an effect of the call that made it, or none", async (_, work, effect) => {
  const invocation = { effects: 0 } as Invocation;
  await withInvocation(invocation, work);
  expect(invocation.effects).toBe(effect ? 1 : 0);
});

test("outside of calls nobody is told", async () => {
  await expect(fetch(url)).resolves.toBeDefined();
});

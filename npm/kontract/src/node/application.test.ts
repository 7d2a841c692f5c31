import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { APPLICATION } from "../testing/host.js";
import { loadApplication } from "./application.js";

let dist: string;
beforeEach(async () => {
  dist = await mkdtemp(join(tmpdir(), "kontract-"));
  await mkdir(join(dist, "server"));
});
afterEach(async () => {
  await rm(dist, { recursive: true });
});

const manifest = (value: unknown) => writeFile(join(dist, "manifest.json"), JSON.stringify(value));
const entry = (text: string) => writeFile(join(dist, "server", "index.js"), text);

test("a build is loaded from its path or address", async () => {
  for (const folder of [APPLICATION, pathToFileURL(`${APPLICATION}/`)]) {
    const application = await loadApplication(folder);
    expect(application.routes.has("greet")).toBe(true);
    expect(application.accepts.get("greet")).toEqual(new Set(["sha256:greet", "sha256:older"]));
    expect(application.tables.notes).toEqual({ primaryKey: "id", fields: { id: { perm: 6 }, text: { perm: 6 }, author: { perm: 4 } } });
    expect(application.auth).toEqual({ sessionTtlSeconds: 60 });
  }
});

test("without a manifest it says to build", async () => {
  await expect(loadApplication(dist)).rejects.toThrow(/manifest\.json cannot be read: run `kontract build` first/);
});

test.each([
  null,
  [],
  "text",
  {},
  { routes: {} },
  { routes: [], tables: {} },
  { routes: { a: {} }, tables: {} },
  { routes: { a: null }, tables: {} },
  { routes: { a: { abi: "", accepts: [] } }, tables: {} },
  { routes: { a: { abi: "x" } }, tables: {} },
  { routes: { a: { abi: "x", accepts: [1] } }, tables: {} },
  { routes: {}, tables: { a: {} } },
  { routes: {}, tables: { a: { primaryKey: "id" } } },
  { routes: {}, tables: { a: { primaryKey: "id", fields: { b: { perm: "RW_" } } } } },
])("with the manifest %o it says to build again", async (value) => {
  await manifest(value);
  await expect(loadApplication(dist)).rejects.toThrow(/not a manifest that this version understands: run `kontract build` again/);
});

test("with a manifest that is no JSON it says to build again", async () => {
  await writeFile(join(dist, "manifest.json"), "{");
  await expect(loadApplication(dist)).rejects.toThrow(/kontract build/);
});

test("without server code it says to build", async () => {
  await manifest({ routes: {}, tables: {} });
  await expect(loadApplication(dist)).rejects.toThrow(/index\.js is missing: run `kontract build` first/);
});

test("with foreign server code it says to build again", async () => {
  await manifest({ routes: {}, tables: { t: { primaryKey: "id", fields: { a: {} } } } });
  await entry("export const x = 1;");
  await expect(loadApplication(dist)).rejects.toThrow(/registers no routes/);
});

test("a route that the manifest does not know is an error", async () => {
  await manifest({ routes: {}, tables: {} });
  await entry("export const __kontract_routes = new Map([['stray', {}]]);");
  await expect(loadApplication(dist)).rejects.toThrow(/does not know the route stray/);
});

test.each(["{}", "{ codec: {} }", "{ codec: { decodeRequest() {}, readRequest() {}, encodeResponse() {} } }"])(
  "a route without a codec is an error: %s",
  async (route) => {
    await manifest({ routes: { old: { abi: "x", accepts: [] } }, tables: {} });
    await entry(`export const __kontract_routes = new Map([['old', ${route}]]);`);
    await expect(loadApplication(dist)).rejects.toThrow(/has no codec for the route old: run `kontract build` again/);
  },
);

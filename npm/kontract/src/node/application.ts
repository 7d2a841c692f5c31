import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Routes } from "../runtime/routes.js";
import { type Manifest, readManifest } from "./manifest.js";

/** A compiled application. */
export interface Application extends Manifest {
  routes: Routes;
  /** The default export of `src/auth.ts`; undefined where there is none. */
  auth: unknown;
}

/** Loads the output folder of `kontract build`. */
export async function loadApplication(dist: string | URL): Promise<Application> {
  const folder = typeof dist === "string" ? resolve(dist) : fileURLToPath(dist);
  const manifestFile = join(folder, "manifest.json");
  const manifest = await readManifest(manifestFile);
  const entry = join(folder, "server", "index.js");
  if (!existsSync(entry)) throw new Error(`${entry} is missing: run \`kontract build\` first`);

  const module = (await import(pathToFileURL(entry).href)) as Record<string, unknown>;
  const routes = module.__kontract_routes;
  if (!(routes instanceof Map)) {
    throw new Error(`${entry} registers no routes: run \`kontract build\` again`);
  }
  // A route whose contract is unknown could not be checked.
  const unknown = [...routes.keys()].find((name) => !manifest.arity.has(name));
  if (unknown !== undefined) {
    throw new Error(`${manifestFile} does not know the route ${unknown}: run \`kontract build\` again`);
  }
  return { ...manifest, routes, auth: module.__kontract_auth };
}

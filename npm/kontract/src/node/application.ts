import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { type Manifest, withCodecs } from "../manifest.js";
import type { TableDescriptions } from "../runtime/backing.js";
import { isLazy } from "../runtime/lazy.js";
import type { RouteCodec, Routes } from "../runtime/routes.js";
import type { RowCodec } from "../runtime/rows.js";
import { readManifest } from "./manifest.js";

/** A compiled application. */
export interface Application extends Manifest {
  routes: Routes;
  /** The default export of `src/auth.ts`; undefined where there is none. */
  auth: unknown;
}

/** Loads the output folder of `kontract build`. */
export async function loadApplication(dist: string | URL): Promise<Application> {
  const folder = folderOf(dist);
  const manifestFile = join(folder, "manifest.json");
  const manifest = await readManifest(manifestFile);
  const entry = join(folder, "server", "index.js");
  if (!existsSync(entry)) throw new Error(`${entry} is missing: run \`kontract build\` first`);

  const module = (await import(pathToFileURL(entry).href)) as Record<string, unknown>;
  const routes = module.__kontract_routes;
  if (!(routes instanceof Map)) {
    throw new Error(`${entry} registers no routes: run \`kontract build\` again`);
  }
  for (const [name, route] of routes as Routes) {
    // A route whose contract is unknown could not be checked.
    if (!manifest.accepts.has(name)) {
      throw new Error(`${manifestFile} does not know the route ${name}: run \`kontract build\` again`);
    }
    if (isLazy(route)) continue;
    const codec: Partial<RouteCodec> = route.codec ?? {};
    if (CODEC_FUNCTIONS.some((key) => typeof codec[key] !== "function")) {
      throw new Error(`${entry} has no codec for the route ${name}: run \`kontract build\` again`);
    }
  }
  return { ...manifest, tables: await storedTables(manifest.tables, folder), routes, auth: module.__kontract_auth };
}

/** The tables in the output folder of `kontract build`, for a `TableProxy`. */
export async function loadTables(dist: string | URL): Promise<TableDescriptions> {
  const folder = folderOf(dist);
  const { tables } = await readManifest(join(folder, "manifest.json"));
  return storedTables(tables, folder);
}

function folderOf(dist: string | URL): string {
  return typeof dist === "string" ? resolve(dist) : fileURLToPath(dist);
}

async function storedTables(tables: TableDescriptions, folder: string): Promise<TableDescriptions> {
  const file = join(folder, "server", "__kontract_rows.js");
  if (!existsSync(file)) return tables;
  const { __kontract_rows: codecs = {} } = (await import(pathToFileURL(file).href)) as { __kontract_rows?: Record<string, RowCodec> };
  return withCodecs(tables, codecs);
}

const CODEC_FUNCTIONS = ["decodeRequest", "readRequest", "encodeResponse", "writeResponse"] as const;

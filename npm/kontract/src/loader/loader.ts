/**
 * Hooks for Node.js: what the program imports from `kontract` holds the project's compiled client,
 * and sources with backend functions are the calls that clients make.
 *
 * @packageDocumentation
 */
import type { InitializeHook, LoadHook, ResolveHook } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import { Application, slashed } from "../compiler/application.js";
import { CompileError } from "../compiler/errors.js";
import { buildOnce } from "../compiler/once.js";
import type { Built } from "../compiler/protocol.js";

/** Builds the project of the current folder, from its cache where nothing has changed. */
export function compile(): Built {
  const built = buildOnce(process.cwd());
  if (!built.ok) throw new CompileError(built.diagnostics.filter((found) => found.severity === "error"));
  return built;
}

/** Takes what has been compiled already; without it the hooks compile. */
export const initialize: InitializeHook<Built | undefined> = (built) => {
  application.take(built ?? compile());
};

// Both kinds of hooks, those in a thread of their own and those in the program's, take what `next` returns.
export const resolve: ResolveHook = (specifier, context, next) => {
  const { parentURL } = context;
  if (parentURL === undefined || !parentURL.startsWith("file:")) return next(specifier, context);
  if (application.has(pathOf(parentURL))) {
    if (specifier === "kontract") return { url: API, format: "module", shortCircuit: true };
    if (specifier === "@/client") return found(application.index);
  }
  if (!/^(?:\.{0,2}\/|file:)/.test(specifier)) return next(specifier, context);
  const path = pathOf(new URL(specifier, parentURL).href);
  const candidates = [path, path.replace(/\.js$/, ".ts"), path.replace(/\.js$/, ".tsx"), path.replace(/\.mjs$/, ".mts")];
  const client = candidates.map((candidate) => application.client(candidate)).find((output) => output !== undefined);
  return client === undefined ? next(specifier, context) : found(client);
};

export const load: LoadHook = (url, context, next) => {
  if (url !== API) return next(url, context);
  const [index, own] = [pathToFileURL(application.index).href, new URL("../index.js", import.meta.url).href];
  const source = `export * from ${JSON.stringify(own)};\nexport { api } from ${JSON.stringify(index)};\n`;
  return { format: "module", source, shortCircuit: true };
};

function found(path: string): { url: string; format: "module"; shortCircuit: true } {
  return { url: pathToFileURL(path).href, format: "module", shortCircuit: true };
}

function pathOf(url: string): string {
  const { protocol, pathname } = new URL(url);
  return protocol === "file:" ? slashed(fileURLToPath(`file://${pathname}`)) : "";
}

const API = "kontract:api";
const application = new Application();

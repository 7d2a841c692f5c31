import { readdir, readFile, stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { Rolldown } from "vite";
import { type Application, cleanUrl, slashed, trueName } from "../compiler/application.js";

/**
 * Tells where outputs for clients hold code of the server: as a module, as a file, or in a `data:`
 * address. Imports are refused before; what is only addressed, as by
 * `new URL('./users.ts', import.meta.url)`, Vite reads by itself.
 */
export async function leakOf(application: Application, root: string, bundle: Rolldown.OutputBundle): Promise<string | undefined> {
  const files: { name: string; bytes: Buffer }[] = [];
  for (const output of Object.values(bundle)) {
    const sources = output.type === "chunk" ? output.moduleIds : output.originalFileNames;
    const leaked = sources.map((path) => trueName(slashed(resolve(root, cleanUrl(path))))).find((path) => application.isServers(path));
    if (leaked !== undefined) return inWords(leaked, output.fileName);
    const content = output.type === "chunk" ? output.code : output.source;
    if (output.type === "asset") files.push({ name: output.fileName, bytes: Buffer.from(content) });
    if (typeof content !== "string") continue;
    for (const [, data] of content.matchAll(DATA)) files.push({ name: output.fileName, bytes: Buffer.from(data!, "base64") });
  }
  const sizes = new Set(files.map(({ bytes }) => bytes.length));
  for (const path of await serverFiles(application)) {
    const found = await stat(path).catch(() => undefined);
    if (!found?.isFile() || found.size === 0 || !sizes.has(found.size)) continue;
    const bytes = await readFile(path);
    const copy = files.find((file) => file.bytes.equals(bytes));
    if (copy !== undefined) return inWords(path, copy.name);
  }
  return undefined;
}

/** The same of what Vite copies as it is. */
export async function publicLeakOf(application: Application, folder: string): Promise<string | undefined> {
  if (folder === "") return undefined;
  const leaked = (await serverFiles(application)).find((path) => path.startsWith(`${trueName(folder)}/`));
  return leaked && `publicDir is ${folder}, which holds ${leaked}: everything in it is public, so name another folder`;
}

/** What Vite's server gives nobody besides `taken`: the secrets and the database of `kontract dev`. */
export function denied(taken: readonly string[] | undefined): string[] {
  return [...(taken === undefined ? DENIED : []), "**/.kontract/dev/**"];
}

async function serverFiles(application: Application): Promise<string[]> {
  const names = await readdir(application.serverFolder, { recursive: true }).catch(() => []);
  return [...application.serverSources, ...names.map((name) => `${application.serverFolder}/${slashed(name)}`)];
}

function inWords(path: string, output: string): string {
  return `${path} belongs to the server: ${output} would hold it. Import its functions; its text has no address`;
}

const DATA = /data:[\w.+-]+\/[\w.+-]+;base64,([A-Za-z0-9+/]+=*)/g;

/** What Vite denies where nobody says otherwise, which anything said replaces. */
const DENIED = [".env", ".env.*", "*.{crt,pem,key,p12,pfx,cer,der}", ".npmrc", ".yarnrc.yml", "**/.git/**"];

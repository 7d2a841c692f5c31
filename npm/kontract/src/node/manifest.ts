import { readFile } from "node:fs/promises";
import { type Manifest, parseManifest } from "../manifest.js";

/** Reads the contract that the compiler wrote. */
export async function readManifest(file: string): Promise<Manifest> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    throw new Error(`${file} cannot be read: run \`kontract build\` first`, { cause: error });
  }
  const manifest = parseManifest(parseJson(text));
  if (manifest === undefined) {
    throw new Error(`${file} is not a manifest that this version understands: run \`kontract build\` again`);
  }
  return manifest;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

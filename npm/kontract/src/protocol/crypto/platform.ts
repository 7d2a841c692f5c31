import type { Primitives } from "./primitives.js";
import { webPrimitives } from "./web.js";

let found: Promise<Primitives> | undefined;

/**
 * What this platform has: where `node:crypto` has all that is needed, as on Node, its cryptography,
 * which answers at once; else WebCrypto, as in pages and on Workers. Rejects where there is neither, as
 * on a page without TLS.
 */
export function primitives(): Promise<Primitives> {
  return (found ??= find().catch((error: unknown) => {
    // A chunk that could not be loaded may be there the next time.
    found = undefined;
    throw error;
  }));
}

async function find(): Promise<Primitives> {
  const { process } = globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } };
  const builtin = process?.getBuiltinModule?.("node:crypto");
  if (builtin) {
    const { nodePrimitives } = await import("./node.js");
    const primitives = nodePrimitives(builtin as Parameters<typeof nodePrimitives>[0]);
    if (primitives) return primitives;
  }
  return webPrimitives();
}

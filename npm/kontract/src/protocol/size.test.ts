import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { expect, test } from "vitest";

test("a client loads nothing of the server's role, and no more than it did", async () => {
  const { metafile, outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("index.ts", import.meta.url))],
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    // Loaded only where the platform asks for them.
    external: ["@noble/*", "./node.js"],
    metafile: true,
    write: false,
  });
  const loaded = Object.entries(Object.values(metafile.outputs)[0]?.inputs ?? {});
  const rooms = loaded.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([path]) => path);
  expect(rooms.length).toBeGreaterThan(30);
  expect(rooms.filter((path) => /server|ticket|cookie|admission|address|handshake\/node/.test(path))).toEqual([]);
  expect(gzipSync(outputFiles[0]?.contents ?? "", { level: 9 }).length).toBeLessThan(9300);
});

// Prints what a page loads of the client as Vite bundles it, minified and with gzip: in its first chunk,
// before its first call over a WebSocket, and before one by POST. What a browser loads besides that has no
// X25519 or ChaCha20-Poly1305 is not in it, nor are an application's own stubs and codecs; what Vite adds
// to load chunks is (0.8 KB).
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "vite";

const STUBS = ["__kontract_rpc", "configure"];
const WIRE = ["__kontract_raystream"];
/** What codecs of objects, lists, strings, numbers, booleans and optional fields import. */
const CODECS = [
  ...["cell", "closed", "decode", "encode", "enter", "fail", "findTable", "findVector", "openTable", "openVector"],
  ...["getBoolean", "getFloat64", "getState", "getString", "openArray", "openObject"],
  ...["putBoolean", "putFloat64", "putString", "table", "vector", "vtable", "wideTable"],
];

for (const [name, client, codec] of [
  ["in the clear", STUBS, []],
  ["in the clear, with the codecs' runtime", STUBS, CODECS],
  ["with raystream", [...STUBS, ...WIRE], []],
  ["with raystream and the codecs' runtime", [...STUBS, ...WIRE], CODECS],
]) {
  const { first, sealed = 0, posts = 0 } = await sizes(`
    import { ${client} } from "kontract/client";
    import { ${codec} } from "kontract/codec";
    globalThis.used = { ${[...client, ...codec]} };
  `);
  console.log(`${name}: ${first} first, ${first + sealed} before a call, ${first + sealed + posts} before one by POST`);
}

/** Bytes with gzip: of what comes first, and by name of the chunks that are loaded later. */
async function sizes(entry) {
  const { output } = await build({
    root: fileURLToPath(new URL("..", import.meta.url)),
    configFile: false,
    logLevel: "warn",
    plugins: [{ name: "entry", resolveId: (id) => (id === "entry" ? id : null), load: (id) => (id === "entry" ? entry : null) }],
    build: { write: false, rolldownOptions: { input: "entry" } },
  });
  const later = output.filter(({ type }) => type === "chunk");
  const first = [];
  const take = (name) => {
    const [chunk] = later.splice(later.findIndex(({ fileName }) => fileName === name), 1);
    first.push(chunk);
    for (const name of chunk.imports) if (later.some(({ fileName }) => fileName === name)) take(name);
  };
  take(later.find(({ isEntry }) => isEntry).fileName);
  const sizeOf = ({ code }) => gzipSync(code, { level: 9 }).length;
  return {
    first: first.reduce((sum, chunk) => sum + sizeOf(chunk), 0),
    ...Object.fromEntries(later.map((chunk) => [chunk.name, sizeOf(chunk)])),
  };
}

import type { Call } from "../../protocol/index.js";
import { settings } from "../configure.js";
import { DEFAULT_TIMEOUT_MS, within } from "../limit.js";
import { decodeResult, encodeArguments, isBodyless } from "../stub-codec.js";
import { type CallMeta, type Codec, hasCodec, type Wire } from "../types.js";
import { Loader } from "./load.js";

/** What the build has pinned. */
export interface Pinned {
  /** The hash of the application's contract: `sha256:` and 64 hexadecimal digits. */
  schema: string;
  /** The server's static keys, the current one first: base64 of 32 bytes. */
  pins: readonly { id: string; key: string }[];
}

/** Makes the encrypted way to the server whose keys are pinned. Generated clients do it. */
export function __kontract_raystream(pinned: Pinned): Wire {
  const loader = new Loader(pinned);
  return {
    async call({ route, args, meta, options }, via) {
      const codec = codecOf(route, meta);
      const call = prepare(route, codec, args);
      const { timeout = settings().timeout } = options;
      const { status, result } = await within(options.signal, timeout ?? DEFAULT_TIMEOUT_MS, async (limit) => {
        const sealed = await loader.get(via, limit.signal);
        return sealed.call(call, via, limit, meta.reads, timeout !== undefined);
      });
      return isBodyless(status) ? null : decodeResult(route, codec, result);
    },
    stream({ route, args, meta }) {
      const call = prepare(route, codecOf(route, meta), args);
      return async (signal, receive) => (await loader.get("stream", signal)).stream(call, signal, receive);
    },
  };
}

function codecOf(route: string, meta: CallMeta): CallMeta & Codec {
  if (!hasCodec(meta)) throw new TypeError(`${route} has no codec: run \`kontract build\` again`);
  return meta;
}

/** A call that is made again has the same arguments, the same id and the same token, whoever has logged in meanwhile. */
function prepare(method: string, codec: CallMeta & Codec, args: readonly unknown[]): Call {
  if (!globalThis.crypto?.subtle) throw new TypeError("Encrypted calls need WebCrypto, which a page has over HTTPS only");
  const id = crypto.getRandomValues(new Uint8Array(16));
  return { method, args: encodeArguments(codec, args), metadata: metadataOf(codec), id };
}

function metadataOf({ abi, egroup }: CallMeta): Call["metadata"] {
  const { token } = settings();
  const metadata: [string, string][] = [["abi", abi as string]];
  if (egroup !== undefined) metadata.push(["egroup", egroup]);
  if (token) metadata.push(["authorization", `Bearer ${token}`]);
  return metadata;
}

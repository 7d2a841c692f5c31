import { decodeBase64 } from "../../base64.js";
import type { Call, Response } from "../../protocol/index.js";
import { serverUrl, settings } from "../configure.js";
import { DEFAULT_TIMEOUT_MS, type Limit, limitTime, pause } from "../limit.js";
import { decodeResult, encodeArguments, isBodyless } from "../stub-codec.js";
import { type CallMeta, type Codec, hasCodec, type TransportRequest, type Wire } from "../types.js";
import { Channel, type Peer } from "./channel.js";
import { loadSealed } from "./load.js";
import { Attempts, Lost, tooLate } from "./outcome.js";
import { isPage } from "./presence.js";

/** What the build has pinned. */
export interface Pinned {
  /** The hash of the application's contract: `sha256:` and 64 hexadecimal digits. */
  schema: string;
  /** The server's static keys, the current one first: base64 of 32 bytes. */
  pins: readonly { id: string; key: string }[];
}

/** Makes the encrypted way to the server whose keys are pinned. Generated clients do it. */
export function __kontract_raystream(pinned: Pinned): Wire {
  // A page has it then before its first call; what fails here is tried again there.
  if (isPage()) void loadSealed().catch(() => {});
  let peer: Peer | undefined;
  let channel: Channel | undefined;
  let login = settings().token;
  const channelTo = (url: string): Channel => {
    const { token } = settings();
    if (channel?.url === url) {
      // A WebSocket keeps the cookies that it was opened with.
      if (login !== token) channel.retire();
      login = token;
      return channel;
    }
    login = token;
    if (channel !== undefined) {
      channels.delete(channel);
      channel.retire();
    }
    channel = new Channel(url, (peer ??= readPeer(pinned)));
    channels.add(channel);
    return channel;
  };
  return {
    async call({ route, args, meta, options }, via) {
      const codec = codecOf(route, meta);
      const callOf = prepare(route, codec, args);
      const attempt = (limit: Limit): Promise<Response> => {
        return channelTo(serverUrl()).call(callOf(Math.ceil(limit.left())), via, limit.signal);
      };
      const { status, result } = await perform(attempt, meta, options);
      return isBodyless(status) ? null : decodeResult(route, codec, result);
    },
    stream({ route, args, meta }) {
      const callOf = prepare(route, codecOf(route, meta), args);
      return (signal, receive) => channelTo(serverUrl()).stream(callOf(), signal, receive);
    },
  };
}

function codecOf(route: string, meta: CallMeta): CallMeta & Codec {
  if (!hasCodec(meta)) throw new TypeError(`${route} has no codec: run \`kontract build\` again`);
  return meta;
}

/** A call that is made again has the same arguments, the same id and the same token, whoever has logged in meanwhile. */
function prepare(method: string, codec: CallMeta & Codec, args: readonly unknown[]): (timeout?: number) => Call {
  if (!globalThis.crypto?.subtle) throw new TypeError("Encrypted calls need WebCrypto, which a page has over HTTPS only");
  const encoded = encodeArguments(codec, args);
  const id = crypto.getRandomValues(new Uint8Array(16));
  const said = metadataOf(codec);
  return (timeout) => {
    const metadata: Call["metadata"] = timeout === undefined ? said : [...said, ["timeout", String(timeout)]];
    return { method, args: encoded, metadata, id };
  };
}

/** Closes the connections of encrypted calls; those under way on one fail. The next call opens another. */
export async function disconnect(): Promise<void> {
  await Promise.all([...channels].map((channel) => channel.close()));
}

/** Makes a call, and again as long as that is allowed, always with the same id. */
async function perform(
  attempt: (limit: Limit) => Promise<Response>,
  { reads = false }: CallMeta,
  { signal, timeout = settings().timeout }: TransportRequest["options"],
): Promise<Response> {
  const whole = limitTime(signal, timeout ?? DEFAULT_TIMEOUT_MS);
  const attempts = new Attempts(reads);
  try {
    for (;;) {
      const limit = limitTime(whole.signal, attempts.timeout(whole.left(), timeout !== undefined));
      try {
        return await attempt(limit);
      } catch (error) {
        const known = limit.expired() ? tooLate() : error;
        const wait = whole.signal.aborted ? undefined : attempts.again(known);
        if (wait === undefined) throw known instanceof Lost ? known.told() : known;
        await pause(wait, whole.signal);
      } finally {
        limit.clear();
      }
    }
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    throw whole.expired() ? tooLate() : error;
  } finally {
    whole.clear();
  }
}

function metadataOf({ abi, egroup }: CallMeta): Call["metadata"] {
  const { token } = settings();
  const metadata: [string, string][] = [["abi", abi as string]];
  if (egroup !== undefined) metadata.push(["egroup", egroup]);
  if (token) metadata.push(["authorization", `Bearer ${token}`]);
  return metadata;
}

function readPeer({ schema, pins }: Pinned): Peer {
  const hex = /^sha256:((?:[0-9a-f]{2}){32})$/.exec(schema)?.[1];
  const keys = pins.map(({ key }) => decodeBase64(key));
  if (hex === undefined || keys.length === 0 || keys.some((key) => key.length !== 32)) {
    throw new TypeError("The client's pinned keys cannot be read: run `kontract build` again");
  }
  return { pins: keys, schema: Uint8Array.from(hex.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16)) };
}

/** Those that may have something open. */
const channels = new Set<Channel>();

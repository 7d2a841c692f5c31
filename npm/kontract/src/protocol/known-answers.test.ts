import { expect, test } from "vitest";
import { fixture, hex, PLATFORMS, unhex } from "../testing/wire.js";
import { concat, numberOf, utf8 } from "./bytes.js";
import { PrivateKey } from "./crypto/exchange.js";
import { AES_256_GCM, CHACHA20_POLY1305 } from "./crypto/primitives.js";
import { Secret } from "./crypto/secret.js";
import { encodeHeader, HANDSHAKE_INIT, RESUME, RPC_CALL, RPC_RESPONSE } from "./frame/index.js";
import { Initiator, Responder } from "./handshake/noise.js";
import {
  type Call,
  decodeCall,
  decodeFailure,
  decodeHeartbeat,
  decodeItem,
  decodeResponse,
  decodeSubscribe,
  encodeCall,
  encodeFailure,
  encodeHeartbeat,
  encodeItem,
  encodeResponse,
  encodeSubscribe,
  HANDSHAKE,
  type Pairs,
} from "./message/index.js";
import { Sealer } from "./record/index.js";
import { deriveKeys, rekeyed, root } from "./schedule.js";

type Texts = Readonly<Record<string, string>>;

const known = fixture<{ inputs: Texts; tests: readonly Texts[] }>("raystream-kat.json");
const cases = Object.entries(PLATFORMS).flatMap(([platform, load]) =>
  known.tests.map((expected) => ({ platform, load, expected, pattern: expected["pattern"] as string })),
);

test.each(cases)("$platform gives the known answers of $pattern", async ({ load, expected, pattern }) => {
  const primitives = await load();
  const given = (name: string): Uint8Array => unhex(known.inputs[name] as string);
  const text = (name: string): Uint8Array => utf8(known.inputs[name] as string);
  const psk = pattern.includes("psk0") ? new Secret<"resume psk">(given("psk")) : undefined;
  const server = await PrivateKey.of(primitives, given("server_static"));
  const serverEphemeral = await PrivateKey.of(primitives, given("server_ephemeral"));
  const clientEphemeral = await PrivateKey.of(primitives, given("client_ephemeral"));
  expect(hex(server.public)).toBe(expected["server_pub"]);
  expect(server.id).toBe(numberOf(unhex(expected["kid"] as string)));

  const payload1 = text("payload1");
  const header = { kind: HANDSHAKE_INIT, flags: psk ? RESUME : 0, sequence: 0, reserved: server.id };
  const head = encodeHeader({ ...header, length: 32 + payload1.length });
  expect(hex(head)).toBe(expected["header1"]);
  const prologue = concat(utf8("raystream-v1"), head);
  const { initiator, message: m1 } = await Initiator.start(
    primitives,
    prologue,
    server.public,
    psk,
    clientEphemeral,
    payload1,
  );
  expect(hex(m1)).toBe(expected["m1"]);
  const responder = await Responder.read(primitives, prologue, server, psk, m1);
  expect(hex(responder.payload)).toBe(hex(payload1));
  const payload2 = concat(given("session_id"), given("payload2_tail"));
  const { message: m2 } = await responder.answer(serverEphemeral, payload2);
  expect(hex(m2)).toBe(expected["m2"]);
  const { peer, payload, split } = await initiator.finish(m2);
  expect([hex(peer), hex(payload)]).toEqual([hex(serverEphemeral.public), hex(payload2)]);
  expect(hex(split.hash)).toBe(expected["h"]);
  expect(hex((await root(primitives, split)).expose())).toBe(expected["prk"]);

  const keys = await deriveKeys(primitives, split, given("session_id"), clientEphemeral.public, peer);
  expect(hex(keys.toServer.key.expose())).toBe(expected["c2s_key"]);
  expect(hex(keys.toServer.iv.expose())).toBe(expected["c2s_iv"]);
  expect(hex(keys.toClient.key.expose())).toBe(expected["s2c_key"]);
  expect(hex(keys.toClient.iv.expose())).toBe(expected["s2c_iv"]);
  expect(hex(keys.resume.expose())).toBe(expected["resume"]);
  expect(hex((await rekeyed(primitives, keys.toServer)).key.expose())).toBe(expected["rekey_c2s"]);

  const calls = await Sealer.of(primitives, CHACHA20_POLY1305, keys.toServer, 100, 0);
  expect(hex(await calls.seal(RPC_CALL, 0, text("rec0_plaintext"), 0))).toBe(expected["rec0"]);
  const answers = await Sealer.of(primitives, AES_256_GCM, keys.toClient, 100, 0);
  await answers.seal(RPC_RESPONSE, 0, new Uint8Array(0), 0);
  expect(hex(await answers.seal(RPC_RESPONSE, 0, text("rec1_plaintext"), 0))).toBe(expected["rec1_gcm"]);
});

interface Written {
  readonly table: string;
  readonly value: Readonly<Record<string, unknown>>;
  readonly bytes: string;
}

/** Without what is a table's default. */
function given(value: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const isDefault = (field: unknown): boolean =>
    field === undefined || ["0", "", 0].includes(field as string) || (Array.isArray(field) && field.length === 0);
  return Object.fromEntries(Object.entries(value).filter(([, field]) => !isDefault(field)));
}

const number = (inReplyTo: number): string => (inReplyTo === HANDSHAKE ? 2n ** 64n - 1n : inReplyTo).toString();
const pairs = (shown: Pairs): unknown => shown.map(([key, value]) => ({ key, value }));
const call = (one: Call): Record<string, unknown> =>
  given({ method: one.method, args: hex(one.args), metadata: pairs(one.metadata), call_id: hex(one.id) });

/** What is read, and what is read of what is written of it. */
const READ: Readonly<Record<string, (bytes: Uint8Array) => readonly [unknown, unknown]>> = {
  RpcCall: (bytes) => [call(decodeCall(bytes)), call(decodeCall(encodeCall(decodeCall(bytes))))],
  RpcResponse: (bytes) => {
    const shown = (one: ReturnType<typeof decodeResponse>): unknown =>
      given({
        in_reply_to: number(one.inReplyTo),
        status: one.status,
        headers: pairs(one.headers),
        result: hex(one.result),
        ticket: one.ticket && hex(one.ticket),
      });
    const read = decodeResponse(bytes);
    return [shown(read), shown(decodeResponse(encodeResponse(read)))];
  },
  RpcError: (bytes) => {
    const shown = (one: ReturnType<typeof decodeFailure>): unknown =>
      given({
        in_reply_to: number(one.inReplyTo),
        error_code: one.code,
        error_message: one.message,
        status: one.status,
        path: one.path,
        stack_trace: one.stack,
      });
    const read = decodeFailure(bytes);
    return [shown(read), shown(decodeFailure(encodeFailure(read)))];
  },
  Event: (bytes) => {
    const read = decodeItem(bytes);
    const shown = (one: typeof read): unknown => given({ in_reply_to: number(one.inReplyTo), item: hex(one.item) });
    return [shown(read), shown(decodeItem(encodeItem(read)))];
  },
  Subscribe: (bytes) => {
    const read = decodeSubscribe(bytes);
    const shown = (one: typeof read): unknown => {
      if (one.op === "Subscribe") return { op: one.op, topic: one.topic, n: one.credit };
      return { ...one, target: number(one.target) };
    };
    return [shown(read), shown(decodeSubscribe(encodeSubscribe(read)))];
  },
  Heartbeat: (bytes) => {
    const nonce = decodeHeartbeat(bytes);
    return [{ nonce: `${nonce}` }, { nonce: `${decodeHeartbeat(encodeHeartbeat(nonce))}` }];
  },
};

test.each(fixture<{ tests: readonly Written[] }>("messages.json").tests)(
  "a message that flatc wrote is read: $table $value",
  ({ table, value, bytes }) => {
    const [read, again] = (READ[table] as (bytes: Uint8Array) => readonly [unknown, unknown])(unhex(bytes));
    expect(read).toEqual(given(value));
    expect(again).toEqual(read);
  },
);

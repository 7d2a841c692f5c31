import { expect, test } from "vitest";
import { errorOf, PLATFORMS } from "../../testing/wire.js";
import { AES_256_GCM, type Primitives } from "../crypto/primitives.js";
import { Secret } from "../crypto/secret.js";
import { readFrame, RPC_CALL } from "../frame/index.js";
import { EPOCH_RECORDS, LAST_SEQUENCE, REKEY_BYTES, REKEY_MS, REKEY_RECORDS } from "../limits.js";
import { deriveKeys } from "../schedule.js";
import { epochKey, Opener, pad, Sealer, sealRecord, unpad } from "./index.js";

async function keys(primitives: Primitives) {
  const split = { keys: new Secret<"split keys">(new Uint8Array(64).fill(1)), hash: new Uint8Array(32).fill(2) };
  const [session, client, server] = [16, 32, 32].map((length) => new Uint8Array(length)) as [Uint8Array, Uint8Array, Uint8Array];
  return deriveKeys(primitives, split, session, client, server);
}

async function halves() {
  const primitives = await (PLATFORMS["node"] as () => Promise<Primitives>)();
  const sealer = await Sealer.of(primitives, AES_256_GCM, (await keys(primitives)).toServer, Infinity, 0);
  const opener = await Opener.of(primitives, AES_256_GCM, (await keys(primitives)).toServer);
  const pass = async (now: number): Promise<string> => {
    const record = await sealer.seal(RPC_CALL, 0, new TextEncoder().encode("record"), now);
    return new TextDecoder().decode(await opener.open(readFrame(record, 100, () => true)));
  };
  return { primitives, sealer, opener, pass };
}

test("a key changes after records, bytes and minutes", async () => {
  const { sealer, opener, pass } = await halves();
  expect(await pass(REKEY_MS - 1)).toBe("record");
  expect(sealer.epoch).toBe(0);
  await pass(REKEY_MS);
  expect([sealer.epoch, opener.epoch]).toEqual([1, 1]);
  sealer.bytes = REKEY_BYTES;
  await pass(REKEY_MS);
  expect([sealer.epoch, opener.epoch]).toEqual([2, 2]);
  sealer.records = REKEY_RECORDS;
  await pass(REKEY_MS);
  expect([sealer.epoch, opener.epoch]).toEqual([3, 3]);
});

test("a receiver takes only so many records under one key", async () => {
  const { opener, pass } = await halves();
  opener.records = EPOCH_RECORDS - 1;
  await pass(0);
  expect(await errorOf(() => pass(0))).toBe("peer: EpochTooLong");
});

test("sequences pass 2^32 and a session ends at its last", async () => {
  const { primitives, sealer, opener, pass } = await halves();
  for (const sequence of [2 ** 32 - 1, LAST_SEQUENCE - 1]) {
    sealer.sequence = opener.sequence = sequence;
    expect(await pass(0)).toBe("record");
  }
  expect(await errorOf(() => pass(0))).toBe("peer: SessionTooLong");
  const { toServer } = await keys(primitives);
  const key = await epochKey(primitives, AES_256_GCM, toServer);
  const record = await sealRecord(key, RPC_CALL, 0, LAST_SEQUENCE, 0, undefined, new Uint8Array(0));
  expect(await errorOf(() => opener.open(readFrame(record, 100, () => true)))).toBe("peer: SessionTooLong");
});

test("what is padded to a block is what it was", () => {
  for (const [length, block] of [[0, 1], [5, 64], [62, 64], [63, 64], [64, 64], [100, 70_000]] as const) {
    const message = new Uint8Array(length).fill(7);
    const padded = pad(message, block);
    expect(unpad(padded)).toEqual(message);
    expect(padded.length).toBe(block > 65_535 ? length + 65_537 : Math.ceil((length + 2) / block) * block);
  }
});

// What is measured, in Node and in a page.
import { AES_256_GCM, CHACHA20_POLY1305, Attempt, Node, nodeSecret, PrivateKey, primitives } from '../../npm/kontract/dist/protocol/server.js';
import { Secret } from '../../npm/kontract/dist/protocol/crypto/secret.js';
import { fromClient, readFrame, RPC_CALL } from '../../npm/kontract/dist/protocol/frame/index.js';
import { answer } from '../../npm/kontract/dist/protocol/handshake/server.js';
import { Opener, Sealer } from '../../npm/kontract/dist/protocol/record/index.js';
import { deriveKeys } from '../../npm/kontract/dist/protocol/schedule.js';
import { passOf } from '../../npm/kontract/dist/protocol/pass.js';
import { sealTicket, ticketOf } from '../../npm/kontract/dist/protocol/ticket.js';

export const SIZES = [256, 4096, 1 << 20];
export const CIPHERS = { 'ChaCha20-Poly1305': CHACHA20_POLY1305, 'AES-256-GCM': AES_256_GCM };

/** Records and handshakes, each as often as it goes in a second of one thread. */
export async function measure(settings) {
  const platform = await primitives();
  const results = [];
  for (const [name, cipher] of Object.entries(CIPHERS)) {
    for (const size of SIZES) {
      results.push({ what: name, size, rate: await rate(await record(platform, cipher, size), settings) });
    }
  }
  results.push({ what: 'full handshake', rate: await rate(await handshake(platform, false), settings) });
  results.push({ what: 'resumed handshake', rate: await rate(await handshake(platform, true), settings) });
  return results;
}

/** Both halves of a session's direction. */
export async function halves(platform, cipher) {
  const keys = () => {
    const split = { keys: new Secret(new Uint8Array(64).fill(1)), hash: new Uint8Array(32) };
    return deriveKeys(platform, split, new Uint8Array(16), new Uint8Array(32), new Uint8Array(32));
  };
  const sealer = await Sealer.of(platform, cipher, (await keys()).toServer, Infinity, 0);
  const opener = await Opener.of(platform, cipher, (await keys()).toServer);
  return { sealer, opener };
}

async function record(platform, cipher, size) {
  const { sealer, opener } = await halves(platform, cipher);
  const text = new Uint8Array(size).fill(7);
  return async () => {
    const frame = await sealer.seal(RPC_CALL, 0, text, 0);
    const opened = await opener.open(readFrame(frame, 1 << 20, fromClient));
    if (opened.length !== size) throw new Error('another record');
  };
}

/** What client and server compute together. */
async function handshake(platform, resumes) {
  const key = await PrivateKey.of(platform, new Uint8Array(32).fill(0x11));
  const node = new Node(platform, [key], await nodeSecret(platform, new Uint8Array(32)));
  const offer = { ciphers: [AES_256_GCM], schema: new Uint8Array(32) };
  // Each at another time, so that no address makes too many.
  let time = { monotonic: 0, unix: Date.now() };
  const once = async (pass) => {
    time = { ...time, monotonic: time.monotonic + 1000 };
    const { attempt, frame } = await Attempt.start(platform, key.public, offer, pass);
    const answered = await answer(node, frame, Uint8Array.of(192, 0, 2, 1), time);
    const outcome = await attempt.finish(answered.frame);
    if (outcome.type !== 'Established') throw new Error(outcome.type);
    return { ours: outcome.established, theirs: answered.established };
  };
  if (!resumes) return () => once(undefined);
  const { ours, theirs } = await once(undefined);
  const ticket = await sealTicket(platform, node.secret, ticketOf(theirs, time, node.sessionIdleMs), time);
  return () => once(passOf(ours, ticket));
}

/** Milliseconds: in Node of processor time, with that of its threads, which a page is not told. */
const clock = () => {
  const used = globalThis.process?.cpuUsage();
  return used ? (used.user + used.system) / 1000 : performance.now();
};

/** The median of some rounds, in a second. */
async function rate(task, { rounds, milliseconds }) {
  const rates = [];
  for (let round = 0; round <= rounds; round++) {
    const started = clock();
    let [count, time] = [0, 0];
    for (; time < milliseconds; time = clock() - started) {
      await task();
      count++;
    }
    // The first warms up.
    if (round > 0) rates.push((count / time) * 1000);
  }
  return rates.sort((left, right) => left - right)[rounds >> 1];
}

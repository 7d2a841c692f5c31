// Peers that do not keep to the protocol, at the sockets of a host: those that fixtures/wire lists.
import * as nodeCrypto from 'node:crypto';
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { nodePrimitives } from '../../npm/kontract/src/protocol/crypto/node.ts';
import { AES_256_GCM, type Primitives } from '../../npm/kontract/src/protocol/crypto/primitives.ts';
import { HEARTBEAT, RPC_CALL } from '../../npm/kontract/src/protocol/frame/index.ts';
import { Attempt, type Outcome } from '../../npm/kontract/src/protocol/handshake/client.ts';
import { refusal } from '../../npm/kontract/src/protocol/handshake/response.ts';
import { encodeHeartbeat } from '../../npm/kontract/src/protocol/message/index.ts';
import { Sealer } from '../../npm/kontract/src/protocol/record/index.ts';
import { finishHandshake, type Pass, request } from '../../npm/kontract/src/protocol/server.ts';
import { changed, Forger } from '../../npm/kontract/src/testing/forger.ts';
import { INITS, type Knocker } from '../../npm/kontract/src/testing/misbehaviour/inits.ts';
import { REQUESTS } from '../../npm/kontract/src/testing/misbehaviour/posts.ts';
import { BY_CLIENTS, OF_ANY_RECORD } from '../../npm/kontract/src/testing/misbehaviour/records.ts';
import { call } from '../../npm/kontract/src/testing/wire.ts';
import { staticKey, wireSettings } from './support/raystream.ts';
import { type Server, start } from './support/server.ts';
import { Socket } from './support/socket.ts';
import { build, copyApp } from './support/workspace.ts';

const primitives = nodePrimitives(nodeCrypto) as Primitives;
const pin = new Uint8Array(Buffer.from(staticKey.pin, 'base64'));
const offer = { ciphers: [AES_256_GCM], schema: new Uint8Array(32) } as const;
let server: Server;

beforeAll(async () => {
  const app = await copyApp('plain');
  await appendFile(join(app.root, 'kontract.toml'), wireSettings(staticKey));
  await build(app);
  server = await start(app, { raystream: true });
});

/** What an honest handshake comes to. An address has only so many a second: then it is repeated. */
async function shake(ask: (init: Uint8Array) => Promise<Uint8Array | undefined>): Promise<Extract<Outcome, { type: 'Established' }> & { theirs: Uint8Array }> {
  for (;;) {
    const { attempt, frame } = await Attempt.start(primitives, pin, offer);
    const theirs = (await ask(frame))!;
    const outcome = await attempt.finish(theirs);
    if (outcome.type === 'Established') return { ...outcome, theirs };
    await pause(100);
  }
}

/** An open session, and what seals its client's records. */
async function open(): Promise<[Socket, Forger]> {
  const socket = await Socket.open(server.url);
  const { established, theirs } = await shake((init) => socket.ask(init));
  const { keys, accepted } = established;
  const forger = new Forger(await Sealer.of(primitives, accepted.cipher, keys.toServer, 1 << 20, 0), theirs);
  // The ticket, and the echo.
  await socket.ask(await forger.plain(HEARTBEAT, encodeHeartbeat(1n)));
  await socket.next();
  return [socket, forger];
}

async function post(body: Uint8Array): Promise<Uint8Array> {
  const headers = { 'content-type': 'application/octet-stream' };
  const response = await fetch(`${server.url}/raystream`, { method: 'POST', headers, body: body.slice() });
  expect(response.status).toBe(200);
  return new Uint8Array(await response.arrayBuffer());
}

async function pass(): Promise<Pass> {
  for (;;) {
    const { attempt, frame } = await Attempt.start(primitives, pin, offer);
    const finished = await finishHandshake(attempt, await post(frame));
    if (finished.type === 'Pass') return finished.pass;
    await pause(100);
  }
}

const knocker: Knocker = { primitives, pin, pass };

describe('a stream ends at the first failure, without a word', () => {
  // What a host answers meanwhile makes room for more.
  const ofMany = new Set(['129 calls at once', '65 subscriptions at once', 'an unsubscription of a call', 'a cancellation of a subscription']);
  test.each([...OF_ANY_RECORD, ...BY_CLIENTS].filter(([name]) => !ofMany.has(name)))('%s', async (_, make) => {
    const [socket, forger] = await open();
    for (const frame of await make(forger, RPC_CALL)) socket.send(frame);
    expect(await socket.next(), 'something was said').toBeUndefined();
  });
});

describe('a stream is refused in one way', () => {
  test.each(INITS)('%s', async (_, make) => {
    const socket = await Socket.open(server.url);
    const init = await make(knocker);
    expect(await socket.ask(init)).toEqual(refusal(init));
    // And whoever does better is let in.
    await shake((init) => socket.ask(init));
    socket.close();
  });
});

describe('a POST is refused in one way', () => {
  test.each(INITS)('%s', async (_, make) => {
    const init = await make(knocker);
    expect(await post(init)).toEqual(refusal(init));
  });

  test.each(REQUESTS)('%s in a request', async (_, change) => {
    const { body } = await request(primitives, await pass(), [call('a'), call('b')], crypto.getRandomValues(new Uint8Array(16)));
    const wrong = changed(body, change);
    expect(await post(wrong)).toEqual(refusal(wrong));
    expect((await post(body)).length).toBeGreaterThan(44);
  });
});

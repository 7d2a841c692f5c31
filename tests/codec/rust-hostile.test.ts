// Damaged bytes and texts before the gateway's reader: it ends soon, with a value or a refusal. A
// panic ends the peer, and the test with it.
import { readFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import type { Route } from './model/application.ts';
import { fitsJson, toJson } from './model/json.ts';
import { Random } from './model/random.ts';
import { sample, type Size } from './model/samples.ts';
import { subject } from './support/codecs.ts';
import { count } from './support/counts.ts';
import { inspect } from './support/inspect.ts';
import { Peer, type Question } from './support/peer.ts';
import { rebuild } from './support/rebuild.ts';
import { parseSchema } from './support/schema.ts';

const { app, codec, folder, wire, schemaPath } = await subject();
const peer = new Peer(folder);
afterAll(() => peer.close());
const small: Size = { depth: 4, length: 3 };
const originals = 6;

test(`${count(400_000, 10_000_000)} damaged messages`, async () => {
  const each = Math.ceil(count(400_000, 10_000_000) / (2 * originals * app.routes.length));
  const tally = await attack('damage', each, (route, random) => {
    const schema = parseSchema(readFileSync(schemaPath(route), 'utf8'));
    const root = wire.objects[wire.routes[route.name]!.request]!.name;
    const bytes = codec(route).encodeRequest(sample(route.request, random, small) as unknown[]);
    // As another writer lays it out, too.
    return [bytes, rebuild(schema, inspect(schema, root, bytes), { share: random.chance(0.3) })];
  });
  expect(tally.refused).toBeGreaterThan(tally.count / 4);
  expect(tally.taken).toBeGreaterThan(0);
});

test(`${count(100_000, 2_000_000)} damaged texts`, async () => {
  const each = Math.ceil(count(100_000, 2_000_000) / (originals * app.routes.length));
  const tally = await attack('damageJson', each, (route, random) => {
    const args = sample(route.request, random, small);
    return fitsJson(args) ? [Buffer.from(JSON.stringify(toJson(route.request, args)))] : [];
  });
  expect(tally.refused).toBeGreaterThan(tally.count / 4);
  expect(tally.taken).toBeGreaterThan(0);
});

test('large values cost a time that grows with their size, not with its square', async () => {
  const size = 30_000;
  const keys = Array.from({ length: size }, (_, index) => `k${index}`);
  const properties = JSON.stringify(Object.fromEntries(keys.map((key) => [key, 1])));
  const bytes = (name: string, ...args: unknown[]) => codec({ name, module: 'limits' }).encodeRequest(args);
  const questions: [Question, string, Uint8Array | string][] = [
    ['read', 'sparse', `[${properties}]`],
    ['read', 'sparse', `[${properties.slice(0, -1)},"c":"x"}]`],
    ['read', 'record', `[${properties}]`],
    ['read', 'account', `[${properties}]`],
    ['read', 'anything', `[${properties}]`],
    ['read', 'record', `[{${keys.map((key) => `"${key}":1,"${key}":2`).join()}}]`],
    ['read', 'set', `[${JSON.stringify(keys)}]`],
    ['read', 'map', `[${JSON.stringify(keys.map((key) => [key, 1]))}]`],
    ['read', 'nest', `[${'['.repeat(size)}`],
    ['decode', 'record', bytes('record', JSON.parse(properties))],
    ['decode', 'sparse', bytes('sparse', { ...JSON.parse(properties), c: 'x' })],
    ['decode', 'anything', bytes('anything', JSON.parse(properties))],
    ['decode', 'set', bytes('set', new Set(keys))],
    ['decode', 'map', bytes('map', new Map(keys.map((key) => [key, 1])))],
  ];
  for (const [question, name, message] of questions) {
    const started = performance.now();
    await peer.ask(question, name, message);
    // Some hundred milliseconds without optimizations; with its square it would be a minute.
    expect(performance.now() - started, `${question} ${name}`).toBeLessThan(5000);
  }
});

async function attack(question: 'damage' | 'damageJson', each: number, make: (route: Route, random: Random) => Uint8Array[]) {
  const tally = { count: 0, refused: 0, taken: 0, slowest: 0 };
  for (const route of app.routes) {
    const random = new Random(`${app.seed} ${question} ${route.name}`);
    const messages = Array.from({ length: originals }, () => make(route, random)).flat();
    await Promise.all(messages.map(async (message) => {
      const head = Buffer.alloc(16);
      head.writeBigUInt64LE(BigInt(each));
      head.writeUInt32LE(random.bits() >>> 0, 8);
      const { bytes } = await peer.ask(question, route.name, Buffer.concat([head, message]));
      const [refused = 0, taken = 0, slowest = 0] = bytes!.toString('utf8').split(' ').map(Number);
      tally.count += each;
      tally.refused += refused;
      tally.taken += taken;
      tally.slowest = Math.max(tally.slowest, slowest);
    }));
  }
  console.log(`${question}: ${tally.refused} refused, ${tally.taken} taken, slowest ${(tally.slowest / 1000).toFixed(1)} ms`);
  // Without optimizations, and beside whatever else the machine does.
  expect(tally.slowest).toBeLessThan(500_000);
  return tally;
}

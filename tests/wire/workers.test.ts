// Random sessions and POSTs between Rust and TypeScript in workerd, with and without its compatibility with Node.
import { afterAll, expect, test } from 'vitest';
import { hear, type Pair, prove } from './support/hear.ts';
import { Rust } from './support/rust.ts';
import { Workerd } from './support/workerd.ts';

const rust = new Rust();
const plain = await Workerd.open([]);
const node = await Workerd.open(['nodejs_compat']);

afterAll(() => Promise.all([rust.close(), plain.close(), node.close()]));

test('only with nodejs_compat there is a node:crypto', async () => {
  expect([await plain.hasNode(), await node.hasNode()]).toEqual([false, true]);
});

const pairs = ([['workerd', plain], ['workerd with nodejs_compat', node]] as const).flatMap(([name, worker]): Pair[] => [
  [`a client in ${name}, a server in Rust`, worker, rust, prove(500, 16), prove(200, 8)],
  [`a client in Rust, a server in ${name}`, rust, worker, prove(500, 16), prove(200, 8)],
]);
// From there on, 16 sessions have all that random ones may have.
hear(pairs, 34);

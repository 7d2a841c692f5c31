// Random sessions and POSTs between Rust and TypeScript, in each direction, in Node and in Chromium.
import { afterAll } from 'vitest';
import { Chromium } from './support/chromium.ts';
import { hear, prove } from './support/hear.ts';
import { Rust } from './support/rust.ts';
import { Twin } from './support/twin.ts';

const rust = new Rust();
const node = new Twin();
const page = await Chromium.open();

afterAll(() => Promise.all([rust.close(), page.close()]));

// In the page fewer, since it is asked from outside.
hear([
  ['a client in Node, a server in Rust', node, rust, prove(10_000, 150), prove(2_000, 40)],
  ['a client in Rust, a server in Node', rust, node, prove(10_000, 150), prove(2_000, 40)],
  ['a client in a page, a server in Rust', page, rust, prove(1_000, 60), prove(200, 15)],
]);

// Damages buffers: as a line does, and as somebody does who knows the format.
import { Random } from '../model/random.ts';

/** A damaged copy. `others` lend pieces of themselves. */
export function mutated(original: Uint8Array, others: readonly Uint8Array[], random: Random): Uint8Array {
  let bytes: Uint8Array = original.slice();
  for (let count = random.pick([1, 1, 1, 2, 3, 8]); count > 0; count--) bytes = random.weighted(mutations)(bytes, others, random);
  return bytes;
}

type Mutation = (bytes: Uint8Array, others: readonly Uint8Array[], random: Random) => Uint8Array;

const flipBits: Mutation = (bytes, _, random) => {
  for (let count = random.between(1, 4); count > 0 && bytes.length > 0; count--) {
    bytes[random.below(bytes.length)]! ^= 1 << random.below(8);
  }
  return bytes;
};

const setByte: Mutation = (bytes, _, random) => {
  if (bytes.length > 0) bytes[random.below(bytes.length)] = random.pick([0, 1, 2, 3, 4, 8, 16, 64, 127, 128, 255]);
  return bytes;
};

const truncate: Mutation = (bytes, _, random) => bytes.slice(0, random.below(bytes.length + 1));

const extend: Mutation = (bytes, _, random) => {
  const longer = new Uint8Array(bytes.length + random.between(1, 40));
  longer.set(bytes);
  if (random.chance(0.5)) for (let at = bytes.length; at < longer.length; at++) longer[at] = random.below(256);
  return longer;
};

/** Removes or doubles a stretch, so that everything behind it moves. */
const shift: Mutation = (bytes, _, random) => {
  const from = random.below(bytes.length + 1);
  const to = Math.min(bytes.length, from + random.pick([1, 2, 4, 8, 12]));
  const parts = random.chance(0.5)
    ? [bytes.subarray(0, from), bytes.subarray(to)]
    : [bytes.subarray(0, to), bytes.subarray(from)];
  return Uint8Array.from(parts.flatMap((part) => [...part]));
};

/** Writes a number where a length, an offset or a vtable entry may stand. */
const setWord: Mutation = (bytes, _, random) => {
  const at = place(bytes, 4, random);
  if (at === undefined) return bytes;
  const view = viewOf(bytes);
  view.setUint32(at, random.pick([
    () => 0,
    () => 1,
    () => 0xffffffff,
    () => 0x7fffffff,
    () => 0x80000000,
    () => 0x20000000,
    () => bytes.length,
    () => bytes.length - at,
    () => bytes.length - at - 4,
    () => -at >>> 0,
    () => view.getUint32(at, true) + random.between(-8, 8),
    () => random.below(bytes.length),
    () => random.bits(),
  ])() >>> 0, true);
  return bytes;
};

const setShort: Mutation = (bytes, _, random) => {
  const at = place(bytes, 2, random);
  if (at === undefined) return bytes;
  const view = viewOf(bytes);
  const value = random.pick([0, 2, 3, 4, 6, 8, 12, 0xffff, 0x8000, view.getUint16(at, true) + random.between(-4, 4), random.below(64)]);
  view.setUint16(at, value & 0xffff, true);
  return bytes;
};

/** Makes an offset point to where another one points: shared, or a circle. */
const retarget: Mutation = (bytes, _, random) => {
  const view = viewOf(bytes);
  const offsets: [at: number, to: number][] = [];
  for (let at = 0; at + 4 <= bytes.length; at += 4) {
    const to = at + view.getUint32(at, true);
    if (to > at && to < bytes.length && to % 4 === 0) offsets.push([at, to]);
  }
  if (offsets.length < 2) return bytes;
  for (let count = random.between(1, 6); count > 0; count--) {
    const [at] = random.pick(offsets);
    const [other, to] = random.pick(offsets);
    const target = random.pick([to, to, other, at, 0]);
    view.setUint32(at, (target - at) >>> 0, true);
  }
  return bytes;
};

/** Tables point back to their vtables: makes one take another's. */
const swapVtable: Mutation = (bytes, _, random) => {
  const view = viewOf(bytes);
  const tables: [at: number, vtable: number][] = [];
  for (let at = 0; at + 4 <= bytes.length; at += 4) {
    const vtable = at - view.getInt32(at, true);
    if (vtable < 0 || vtable + 4 > bytes.length || vtable === at) continue;
    const size = view.getUint16(vtable, true);
    if (size >= 4 && size % 2 === 0 && size < 200 && vtable + size <= bytes.length) tables.push([at, vtable]);
  }
  if (tables.length < 2) return bytes;
  view.setInt32(random.pick(tables)[0], 0, true);
  const [at] = random.pick(tables);
  view.setInt32(at, at - random.pick(tables)[1], true);
  return bytes;
};

const splice: Mutation = (bytes, others, random) => {
  const other = random.pick(others);
  const length = random.pick([4, 8, 16, 64]);
  const from = random.below(Math.max(1, other.length - length)) & ~3;
  const piece = other.subarray(from, from + length);
  const at = random.below(Math.max(1, bytes.length - piece.length)) & ~3;
  bytes.set(piece.subarray(0, Math.max(0, bytes.length - at)), at);
  return bytes;
};

const copyWithin: Mutation = (bytes, _, random) => {
  const length = random.pick([4, 8, 16]);
  const from = random.below(bytes.length + 1) & ~3;
  return bytes.copyWithin(random.below(bytes.length + 1) & ~3, from, from + length);
};

const replace: Mutation = (_, others, random) => random.pick(others).slice();

const mutations: readonly (readonly [number, Mutation])[] = [
  [4, flipBits], [4, setByte], [1, truncate], [1, extend], [2, shift], [5, setWord], [4, setShort], [4, retarget],
  [2, swapVtable], [3, splice], [2, copyWithin], [0.3, replace],
];

function place(bytes: Uint8Array, size: number, random: Random): number | undefined {
  return bytes.length < size ? undefined : (random.below(bytes.length - size + 1) / size | 0) * size;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

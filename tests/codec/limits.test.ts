// Depth, counts, shared offsets, keys, hidden fields, defaults: on the types of limits.types.ts.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { difference } from './model/same.ts';
import { isCodecError, subject, type Codec } from './support/codecs.ts';
import { cpuTime } from './support/cpu.ts';
import { inspect, type Content, type Table } from './support/inspect.ts';
import { rebuild } from './support/rebuild.ts';
import { parseSchema } from './support/schema.ts';

const { codec: codecOf, wire, schemaPath } = await subject();
const codec = (name: string): Codec => codecOf({ name, module: 'limits' });
const schema = parseSchema(readFileSync(schemaPath({ module: 'limits' }), 'utf8'));

describe('depth', () => {
  const chain = (levels: number): unknown => (levels === 1 ? {} : { next: chain(levels - 1) });
  const nest = (levels: number): unknown => (levels === 0 ? 1 : [nest(levels - 1)]);
  const record = (levels: number): unknown => (levels === 0 ? 1 : { a: record(levels - 1) });

  for (const [name, make] of [['chain', chain], ['nest', nest], ['anything', nest], ['anything', record]] as const) {
    test(`${name}: 60 levels travel, 70 are refused, everywhere alike`, () => {
      const { encodeRequest, decodeRequest, encodeResponse, decodeResponse, readRequest, writeResponse } = codec(name);
      expect(difference([make(60)], decodeRequest(encodeRequest([make(60)])))).toBeUndefined();
      expect(difference(make(60), decodeResponse(encodeResponse(make(60))))).toBeUndefined();
      expect(difference([make(60)], readRequest([make(60)]))).toBeUndefined();
      expect(difference(make(60), writeResponse(make(60)))).toBeUndefined();
      for (const attempt of [encodeRequest, readRequest] as ((args: unknown[]) => unknown)[]) {
        expectRefused(() => attempt([make(70)]));
        // Deep enough for a stack.
        expectRefused(() => attempt([make(5000)]));
      }
      expectRefused(() => encodeResponse(make(70)));
      expectRefused(() => writeResponse(make(70)));
      const limits = [encodeRequest, readRequest].map((attempt) => deepest((levels) => (attempt as Codec['readRequest'])([make(levels)])));
      expect(new Set(limits).size, `limits ${limits.join(' and ')}`).toBe(1);
    });
  }

  test('what is encoded at the limit is decoded; one level more is refused by the decoder', () => {
    const { encodeRequest, decodeRequest } = codec('chain');
    const limit = deepest((levels) => encodeRequest([chain(levels)]));
    decodeRequest(encodeRequest([chain(limit)]));
    const deeper = (levels: number) => {
      const root = rootOf('chain', encodeRequest([chain(2)]));
      const [name] = [...root.fields.keys()];
      const outer = root.fields.get(name!) as Table;
      const [next] = [...outer.fields.keys()];
      let table = outer.fields.get(next!) as Table;
      for (let level = 1; level < levels; level++) table = { table: table.table, fields: new Map([[next!, table]]) };
      return rebuild(schema, { table: root.table, fields: new Map([[name!, table]]) });
    };
    expect(difference([chain(limit)], decodeRequest(deeper(limit)))).toBeUndefined();
    expectRefused(() => decodeRequest(deeper(limit + 1)));
    expectRefused(() => decodeRequest(deeper(800)));
  });

  test('a value that contains itself is refused', () => {
    const circle: { next?: unknown } = {};
    circle.next = circle;
    expectRefused(() => codec('chain').encodeRequest([circle]));
    expectRefused(() => codec('chain').writeResponse(circle));
    expectRefused(() => codec('anything').encodeRequest([circle]));
    expectRefused(() => codec('anything').writeResponse(circle));
    const array: unknown[] = [];
    array.push(array);
    expectRefused(() => codec('nest').encodeRequest([array]));
    expectRefused(() => codec('anything').encodeRequest([array]));
  });
});

describe('counts', () => {
  const million = 1_000_000;
  const make = <T>(item: (index: number) => T, length = million) => Array.from({ length }, (_, index) => item(index));
  const cases: [string, () => unknown][] = [
    ['numbers', () => make((index) => index / 7)],
    ['flags', () => make((index) => index % 3 === 0)],
    ['bigints', () => make((index) => BigInt(index) - 5n)],
    ['strings', () => make((index) => `s${index}`)],
    ['nullable', () => make((index) => (index % 2 === 0 ? null : index))],
    ['nested', () => make((index) => (index % 2 === 0 ? [] : [index]), 300_000)],
    ['trees', () => make((index) => ({ name: `${index}`, children: [] }), 300_000)],
    ['bytes', () => new Uint8Array(10_000_000).fill(7)],
    ['record', () => Object.fromEntries(make((index) => [`k${index}`, index], 300_000))],
    ['map', () => new Map(make((index) => [`k${index}`, index] as const, 300_000))],
    ['set', () => new Set(make((index) => `k${index}`, 300_000))],
    ['anything', () => make((index) => index)],
    ['anything', () => make((index) => `s${index}`, 300_000)],
    ['anything', () => make((index) => ({ id: index, name: 'x' }), 100_000)],
  ];
  for (const [name, value] of cases) {
    test(`a large value of ${name}`, () => {
      const large = value();
      const { encodeResponse, decodeResponse, writeResponse } = codec(name);
      const started = cpuTime();
      const bytes = encodeResponse(large);
      const encoded = cpuTime();
      const back = decodeResponse(bytes);
      const end = cpuTime();
      console.log(`${name}: ${bytes.length} bytes, encoded in ${(encoded - started).toFixed()} ms, decoded in ${(end - encoded).toFixed()} ms`);
      expect(difference(large, back)).toBeUndefined();
      expect(end - started, 'milliseconds').toBeLessThan(10_000);
      writeResponse(large);
    });
  }

  test('a count that its bytes cannot hold is refused before anything is made for it', () => {
    for (const [name, value] of cases) {
      if (name === 'anything') continue;
      const few = new Map<string, () => unknown>([
        ['bytes', () => new Uint8Array([1, 2, 3])],
        ['record', () => ({ a: 1 })],
        ['map', () => new Map([['a', 1]])],
        ['set', () => new Set(['a'])],
      ]).get(name)?.() ?? (value() as unknown[]).slice(0, 3);
      const bytes = codec(name).encodeRequest([few]);
      const heap = process.memoryUsage().heapUsed;
      for (let at = 0; at + 4 <= bytes.length; at += 4) {
        for (const length of [bytes.length, 0x00ffffff, 0x10000000, 0x1fffffff, 0x3fffffff, 0x40000001, 0x7fffffff, 0x80000000, 0xffffffff]) {
          const bomb = bytes.slice();
          new DataView(bomb.buffer).setUint32(at, length, true);
          const started = cpuTime();
          try {
            codec(name).decodeRequest(bomb);
          } catch (error) {
            expect(isCodecError(error), `${name}: ${String(error)}`).toBe(true);
          }
          expect(cpuTime() - started, `${name} at ${at} = ${length}`).toBeLessThan(100);
        }
      }
      expect(process.memoryUsage().heapUsed - heap, `heap after ${name}`).toBeLessThan(100e6);
    }
  });
});

describe('shared offsets', () => {
  test('a tree whose children are one child is refused, not unfolded', () => {
    const { encodeRequest, decodeRequest } = codec('tree');
    const root = rootOf('tree', encodeRequest([{ name: 'root', children: [{ name: 'leaf', children: [] }] }]));
    const [argument] = [...root.fields.keys()];
    const outer = root.fields.get(argument!) as Table;
    const children = [...outer.fields].find(([, content]) => Array.isArray(content))![0];
    const leaf = (outer.fields.get(children) as Table[])[0]!;
    for (const [fanout, levels] of [[10, 20], [2, 50], [1000, 3], [3, 62]] as const) {
      let table = leaf;
      for (let level = 0; level < levels; level++) {
        const items: Content[] = Array.from({ length: fanout }, () => table);
        table = { table: leaf.table, fields: new Map<string, Content>([...leaf.fields, [children, items]]) };
      }
      const bytes = rebuild(schema, { table: root.table, fields: new Map([[argument!, table]]) }, { share: true });
      expect(bytes.length).toBeLessThan(20_000);
      expectRefused(() => decodeRequest(bytes), 1000);
    }
  });

  test('a long string that stands for many is refused', () => {
    const { encodeRequest, decodeRequest } = codec('strings');
    const root = rootOf('strings', encodeRequest([['a']]));
    const [argument] = [...root.fields.keys()];
    const long = 'x'.repeat(100_000);
    const bytes = rebuild(schema, { table: root.table, fields: new Map([[argument!, Array.from({ length: 10_000 }, () => long)]]) }, { share: true });
    expect(bytes.length).toBeLessThan(200_000);
    expectRefused(() => decodeRequest(bytes), 1000);
  });

  test('what a builder shares in reason is read', () => {
    const { encodeRequest, decodeRequest } = codec('trees');
    const trees = Array.from({ length: 100 }, () => ({ name: 'a common name', children: [] }));
    const root = rootOf('trees', encodeRequest([trees]));
    expect(difference([trees], decodeRequest(rebuild(schema, root, { share: true })))).toBeUndefined();
  });

  test('FlexBuffers whose vectors are shared', () => {
    const { encodeRequest, decodeRequest } = codec('anything');
    const root = rootOf('anything', encodeRequest([1]));
    const [argument] = [...root.fields.keys()];
    for (const [fanout, levels] of [[8, 14], [2, 60], [30, 7]] as const) {
      const flex = sharedVectors(fanout, levels);
      const bytes = rebuild(schema, { table: root.table, fields: new Map([[argument!, flex]]) });
      expectRefused(() => decodeRequest(bytes), 1000);
    }
  });

  test('memory stays bounded', () => {
    // After all of the above, in this process: what V8 and its buffers ever held.
    expect(process.resourceUsage().maxRSS / 1024, 'MB').toBeLessThan(3000);
  });
});

describe('keys', () => {
  const names = ['constructor', 'toString', 'valueOf', 'hasOwnProperty', '__defineGetter__', 'prototype', '', '0', 'then', 'toJSON', '__proto'];

  test('those of Object.prototype are keys like others', () => {
    const record = Object.fromEntries(names.map((name, index) => [name, index]));
    expect(difference(record, codec('record').decodeResponse(codec('record').encodeResponse(record)))).toBeUndefined();
    expect(difference([record], codec('record').readRequest([record]))).toBeUndefined();
    expect(difference(record, codec('anything').decodeResponse(codec('anything').encodeResponse(record)))).toBeUndefined();
    const map = new Map(names.map((name, index) => [name, index]));
    expect(difference(map, codec('map').decodeResponse(codec('map').encodeResponse(map)))).toBeUndefined();
  });

  test('__proto__ is refused everywhere', () => {
    const own = JSON.parse('{"__proto__": 1}') as unknown;
    for (const name of ['record', 'anything', 'inherited', 'tree']) {
      expectRefused(() => codec(name).readRequest([own]));
    }
    for (const name of ['record', 'anything']) {
      expectRefused(() => codec(name).encodeRequest([own]));
      expectRefused(() => codec(name).encodeResponse(own));
      expectRefused(() => codec(name).writeResponse(own));
    }
    expectRefused(() => codec('anything').encodeRequest([JSON.parse('[{"a":{"__proto__":{"polluted":1}}}]')]));
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  test('__proto__ in bytes is refused', () => {
    for (const [name, value] of [['record', { xxproto__: 1 }], ['anything', { xxproto__: 1 }], ['anything', [{ xxproto__: { polluted: 1 } }]]] as const) {
      const bytes = codec(name).encodeRequest([value]);
      const at = Buffer.from(bytes).indexOf('xxproto__');
      expect(at).toBeGreaterThan(0);
      bytes.set(Buffer.from('__'), at);
      expectRefused(() => codec(name).decodeRequest(bytes));
    }
    // In a Map it is a key like another one.
    const map = new Map([['__proto__', 1]]);
    try {
      expect(difference(map, codec('map').decodeResponse(codec('map').encodeResponse(map)))).toBeUndefined();
    } catch (error) {
      expect(isCodecError(error)).toBe(true);
    }
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  test('a field called like an inherited property is absent when it is absent', () => {
    const { encodeRequest, decodeRequest, readRequest, writeResponse, encodeResponse, decodeResponse } = codec('inherited');
    expect(Object.keys(decodeRequest(encodeRequest([{}]))[0] as object)).toEqual([]);
    expect(Object.keys(decodeResponse(encodeResponse({})) as object)).toEqual([]);
    expect(Object.keys(readRequest([{}])[0] as object)).toEqual([]);
    expect(JSON.stringify(writeResponse({}))).toBe('{}');
    const full = { constructor: 'c', toString: 1, valueOf: true, hasOwnProperty: null, isPrototypeOf: ['a'], __defineGetter__: 5n };
    expect(difference([full], decodeRequest(encodeRequest([full])))).toBeUndefined();
  });

  test('keys that come twice are refused', () => {
    for (const [name, value] of [['record', { aa: 1, ab: 2 }], ['map', new Map([['aa', 1], ['ab', 2]])], ['set', new Set(['aa', 'ab'])], ['anything', { aa: 1, ab: 2 }]] as const) {
      const bytes = codec(name).encodeRequest([value]);
      bytes.set(Buffer.from('aa'), Buffer.from(bytes).indexOf('ab'));
      expectRefused(() => codec(name).decodeRequest(bytes));
    }
    expectRefused(() => codec('map').readRequest([[['a', 1], ['a', 2]]]));
    expectRefused(() => codec('set').readRequest([['a', 'a']]));
  });
});

describe('fields', () => {
  test('what lacks R stays behind in a response, at any depth, and may be sent in a request', () => {
    const { encodeResponse, decodeResponse, writeResponse, encodeRequest, decodeRequest } = codec('account');
    const row = { id: '1', password: 'hunter2', owner: { name: 'o', token: 'hunter3' } };
    const shown = { id: '1', owner: { name: 'o' } };
    expect(difference(shown, decodeResponse(encodeResponse(row)))).toBeUndefined();
    expect(difference(shown, writeResponse(row))).toBeUndefined();
    expect(Buffer.from(encodeResponse(row)).includes('hunter')).toBe(false);
    expect(difference([row], decodeRequest(encodeRequest([row])))).toBeUndefined();
    // A row that was read has no such column.
    expect(difference(shown, decodeResponse(encodeResponse(shown)))).toBeUndefined();
  });

  test('a response that holds what lacks R is refused or stripped by the client', () => {
    const { encodeRequest, decodeResponse } = codec('account');
    // The table of the request with all fields, under the root of a response.
    const request = rootOf('account', encodeRequest([{ id: '1', password: 'hunter2' }]));
    const { response } = wire.routes.account!;
    const [field] = schema.tables.get(wire.objects[response]!.name)!.map(({ name }) => name);
    const [content] = [...request.fields.values()];
    try {
      const bytes = rebuild(schema, { table: wire.objects[response]!.name, fields: new Map([[field!, content!]]) });
      expect(difference({ id: '1' }, decodeResponse(bytes))).toBeUndefined();
    } catch (error) {
      expect(isCodecError(error), String(error)).toBe(true);
    }
  });

  test('a missing field has its default', () => {
    const { encodeRequest, decodeRequest, readRequest } = codec('settings');
    const full = { theme: 'dark', size: 12, on: false, name: 'n' };
    expect(difference([full], decodeRequest(encodeRequest([full])))).toBeUndefined();
    const filled = { theme: 'light', size: 10, on: true, name: 'n' };
    expect(difference([filled], readRequest([{ name: 'n' }]))).toBeUndefined();
    const root = rootOf('settings', encodeRequest([full]));
    const [argument, table] = [...root.fields][0]! as [string, Table];
    const fields = new Map([...table.fields].filter(([, content]) => content === 'n'));
    const bytes = rebuild(schema, { table: root.table, fields: new Map([[argument, { table: table.table, fields }]]) });
    expect(difference([filled], decodeRequest(bytes))).toBeUndefined();
    expectRefused(() => readRequest([{ theme: 'x' }]), undefined, 'args[0].name');
  });

  test('parameters: optional ones, a rest, null for one that is left out', () => {
    const { encodeRequest, decodeRequest, readRequest } = codec('several');
    for (const args of [['a'], ['a', 1], ['a', undefined, 'c'], ['a', undefined, null], ['a', 1, 'c', true, false], ['a', undefined, undefined, true]]) {
      expect(difference(args, decodeRequest(encodeRequest(args)))).toBeUndefined();
    }
    expect(difference(['a'], decodeRequest(encodeRequest(['a', undefined, undefined])))).toBeUndefined();
    expect(difference(['a', undefined, 'c'], readRequest(['a', null, 'c']))).toBeUndefined();
    expect(difference(['a', 1, null], readRequest(['a', 1, null]))).toBeUndefined();
    expectRefused(() => readRequest([]), undefined, 'args[0]');
    expectRefused(() => readRequest(['a', 'b']), undefined, 'args[1]');
    expectRefused(() => readRequest(['a', 1, 'c', 1]), undefined, 'args[3]');
    expectRefused(() => readRequest({ 0: 'a' }));
    expectRefused(() => readRequest(null));
    expectRefused(() => codec('nothing').readRequest([1]));
    expect(codec('nothing').decodeRequest(codec('nothing').encodeRequest([]))).toEqual([]);
    expect(codec('nothing').decodeResponse(codec('nothing').encodeResponse(undefined))).toBeUndefined();
  });

  test('a request with a field that the schema does not have is refused, a response is read', () => {
    const { encodeRequest, decodeRequest, encodeResponse, decodeResponse } = codec('chain');
    const widen = (bytes: Uint8Array, key: string) => {
      const root = inspect(schema, wire.objects[key]!.name, bytes);
      const [name, table] = [...root.fields][0]! as [string, Table];
      const newer = { ...schema, tables: new Map(schema.tables) };
      const fields = newer.tables.get(table.table)!;
      newer.tables.set(table.table, [...fields, { name: 'added', type: 'double', id: 40, deprecated: false, flexbuffer: false }]);
      return rebuild(newer, { table: root.table, fields: new Map([[name, { ...table, fields: new Map([...table.fields, ['added', 1]]) }]]) });
    };
    const { request, response } = wire.routes.chain!;
    expectRefused(() => decodeRequest(widen(encodeRequest([{ next: {} }]), request)));
    expect(difference({ next: {} }, decodeResponse(widen(encodeResponse({ next: {} }), response)))).toBeUndefined();
  });
});

function rootOf(name: string, bytes: Uint8Array): Table {
  return inspect(schema, wire.objects[wire.routes[name]!.request]!.name, bytes);
}

function expectRefused(attempt: () => unknown, milliseconds = 200, path?: string): void {
  const started = cpuTime();
  let error: unknown;
  try {
    attempt();
  } catch (thrown) {
    error = thrown;
  }
  expect(error, 'nothing was thrown').toBeDefined();
  expect(isCodecError(error), String(error)).toBe(true);
  if (path !== undefined) expect((error as { path: string }).path).toBe(path);
  expect(cpuTime() - started, 'milliseconds').toBeLessThan(milliseconds);
}

/** The most levels that an attempt takes. */
function deepest(attempt: (levels: number) => unknown): number {
  for (let levels = 1; levels < 200; levels++) {
    try {
      attempt(levels);
    } catch {
      return levels - 1;
    }
  }
  return Infinity;
}

/** A FlexBuffer of vectors whose elements are all the same vector. One byte for each number. */
function sharedVectors(fanout: number, levels: number): Uint8Array {
  const bytes: number[] = [0];
  let start = bytes.length;
  const vector = 10 << 2;
  for (let level = 0; level < levels; level++) {
    const target = start;
    bytes.push(level === 0 ? 0 : fanout);
    start = bytes.length;
    if (level === 0) continue;
    for (let index = 0; index < fanout; index++) bytes.push(bytes.length - target);
    for (let index = 0; index < fanout; index++) bytes.push(vector);
  }
  bytes.push(bytes.length - start, vector, 1);
  return Uint8Array.from(bytes);
}

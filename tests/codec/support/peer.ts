// The gateway's codec, in a process of its own: `runtime/examples/codec_peer` says how it talks.
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { types } from 'node:util';

export type Question = keyof typeof letters;

export interface Answer {
  bytes?: Buffer;
  error?: { path: string; message: string };
}

export class Peer {
  readonly #process: ChildProcessByStdio<Writable, Readable, null>;
  readonly #waiting: { resolve(answer: Answer): void; reject(error: Error): void }[] = [];
  #received: Buffer = Buffer.alloc(0);
  #ended: Error | undefined;

  /** With the manifest of the project in a folder. */
  constructor(folder: string) {
    const path = resolve(import.meta.dirname, '..', process.env.KONTRACT_PEER ?? '../../target/debug/examples/codec_peer');
    if (!existsSync(path)) throw new Error(`No peer at ${path}: run \`cargo build -p kontract-runtime --examples\``);
    this.#process = spawn(path, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#process.stdout.on('data', (chunk: Buffer) => this.#take(chunk));
    this.#process.on('exit', (code, signal) => {
      this.#ended = new Error(`the peer ended with ${code ?? signal}`);
      for (const { reject } of this.#waiting.splice(0)) reject(this.#ended);
    });
    // Told of by its end.
    this.#process.stdin.on('error', () => {});
    this.#send(readFileSync(join(folder, 'dist/manifest.json')));
  }

  /** About a route, or a table where it is about rows. */
  ask(question: Question, name: string, message: Uint8Array | string): Promise<Answer> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    return new Promise((answered, reject) => {
      this.#waiting.push({ resolve: answered, reject });
      this.#send(Buffer.concat([Buffer.from(`${letters[question]}${name}\0`), Buffer.from(message)]));
    });
  }

  close(): void {
    this.#process.stdin.end();
  }

  #send(content: Buffer): void {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(content.length);
    this.#process.stdin.write(Buffer.concat([length, content]));
  }

  #take(chunk: Buffer): void {
    let received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    while (received.length >= 4 && received.length >= 4 + received.readUInt32LE()) {
      const end = 4 + received.readUInt32LE();
      this.#waiting.shift()?.resolve(answerOf(received.subarray(4, end)));
      received = received.subarray(end);
    }
    this.#received = received;
  }
}

function answerOf(content: Buffer): Answer {
  if (content[0] === '+'.charCodeAt(0)) return { bytes: Buffer.from(content.subarray(1)) };
  const [path = '', message = ''] = content.toString('utf8', 1).split('\0');
  return { error: { path, message } };
}

const letters = {
  decode: 'd', read: 'r', encode: 'e', write: 'w',
  store: 's', patch: 'p', load: 'o',
  damage: 'm', damageJson: 'j',
} as const;

/**
 * A value in words that both sides understand; undefined where there are none for it, or where it is
 * deeper than the peer reads JSON, three levels for each of its own.
 */
export function described(value: unknown, levels = 38): string | undefined {
  try {
    return JSON.stringify(describe(value, levels));
  } catch (error) {
    if (error instanceof Indescribable) return undefined;
    throw error;
  }
}

class Indescribable extends Error {}

function describe(value: unknown, levels: number): unknown {
  if (levels === 0) throw new Indescribable();
  const inner = (item: unknown) => describe(item, levels - 1);
  switch (typeof value) {
    case 'undefined':
      return ['undefined'];
    case 'boolean':
      return ['boolean', value];
    case 'number':
      return ['number', bits(value)];
    case 'bigint':
      if (BigInt.asIntN(128, value) !== value) throw new Indescribable();
      return ['bigint', String(value)];
    case 'string':
      return ['string', text(value)];
    case 'object':
      if (value === null) return ['null'];
      if (Array.isArray(value)) return ['array', Array.from(value, inner)];
      if (types.isDate(value)) return ['date', bits(value.getTime())];
      if (types.isUint8Array(value)) return ['bytes', Buffer.from(value).toString('base64')];
      if (types.isSet(value)) return ['set', [...value].map(inner)];
      if (types.isMap(value)) return ['map', [...value].map(([key, item]) => [inner(key), inner(item)])];
      if (![Object.prototype, null].includes(Object.getPrototypeOf(value) as object | null)) throw new Indescribable();
      return ['object', Object.entries(value).map(([name, item]) => [text(name), inner(item)])];
  }
  throw new Indescribable();
}

/** The description of what was decoded: properties have no order. */
export function sorted(description: string): string {
  return JSON.stringify(JSON.parse(description), (_, part: unknown) => {
    if (!Array.isArray(part) || part[0] !== 'object') return part;
    const properties = part[1] as [string, unknown][];
    const order = (name: string) => Buffer.from(name);
    return ['object', properties.toSorted(([left], [right]) => Buffer.compare(order(left), order(right)))];
  });
}

function text(value: string): string {
  if (!value.isWellFormed()) throw new Indescribable();
  return value;
}

function bits(value: number): string {
  const view = new DataView(new ArrayBuffer(8));
  // One NaN for all.
  view.setFloat64(0, Number.isNaN(value) ? Number.NaN : value);
  return view.getBigUint64(0).toString(16).padStart(16, '0');
}

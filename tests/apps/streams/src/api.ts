import { NotFoundError } from 'kontract';
import type { Primkey, Table } from 'kontract';

export interface Note extends Table<'notes'> {
  id: Primkey<string>;
  text: string;
}

interface Tick {
  n: number;
  at: Date;
  tag?: string;
}

@backend() export async function* ticks(count: number): AsyncGenerator<Tick> {
  for (let n = 0; n < count; n++) yield n % 2 === 0 ? { n, at: new Date(n) } : { n, at: new Date(n), tag: 'odd' };
}

@backend() export async function numbers(count: number): Promise<AsyncIterable<number>> {
  return (async function* () {
    for (let n = 0; n < count; n++) yield n;
  })();
}

@backend() export async function* failing(after: number): AsyncGenerator<number> {
  for (let n = 0; n < after; n++) yield n;
  throw new NotFoundError('No more');
}

@backend() export async function* misfit(): AsyncGenerator<string> {
  yield 'fits';
  yield 5 as unknown as string;
}

/** Tells `witness` that it was given up, and how much it has made. */
@backend() export async function* endless(witness: string, bytes: number): AsyncGenerator<Uint8Array> {
  let made = 0;
  let aborted = false;
  ctx.signal.addEventListener('abort', () => (aborted = true));
  try {
    for (;;) {
      made += 1;
      yield new Uint8Array(bytes);
    }
  } finally {
    await fetch(`${witness}/${made}/${aborted}`);
  }
}

/** Writes the notes that it streams, and ends as it is told to. */
@backend() export async function* write(ids: string[], fails: boolean): AsyncGenerator<string> {
  for (const id of ids) {
    await env.storage.notes.set(id, { text: id });
    yield id;
  }
  if (fails) throw new NotFoundError('Nothing behind it');
}

@backend() export function notes() {
  return env.storage.notes.query({}, { limit: 1000 });
}

@backend({ egroup: 'loud' }) export async function* loud(words: string[]): AsyncIterable<string> {
  yield* words;
}

export class Feed {
  @backend() static async *words(text: string): AsyncGenerator<string, void> {
    yield* text.split(' ');
  }

  @backend() async length(text: string): Promise<number> {
    return text.length;
  }
}

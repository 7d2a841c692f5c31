// One random session between two sides.
import { strict as assert } from 'node:assert';
import { Random } from './random.ts';
import type { Call, Event, Failure, Response, Side, Told, What } from './side.ts';

/** What a session had, for a look at whether all of it is tried. */
export type Tally = Map<string, number>;

export class Session {
  readonly #random: Random;
  readonly #client: Side;
  readonly #server: Side;
  readonly #tally: Tally;
  #now = 1_000_000;
  /** Frames under way. */
  readonly #up: string[] = [];
  readonly #down: string[] = [];
  readonly #asked: unknown[] = [];
  readonly #heard: unknown[] = [];
  readonly #answered: unknown[] = [];
  readonly #learned: unknown[] = [];
  /** Requests that the server has heard and not answered. */
  #open: number[] = [];
  #opened = 0;
  readonly #ended: string[] = [];

  constructor(seed: number, client: Side, server: Side, tally: Tally) {
    this.#random = new Random(seed);
    this.#client = client;
    this.#server = server;
    this.#tally = tally;
  }

  async run(resume: boolean): Promise<void> {
    const random = this.#random;
    const limits = { max_frame: 4096 << random.below(3), rekey_records: 1 + random.below(6) };
    for (const side of [this.#client, this.#server]) {
      await side.ask({ do: 'seed', seed: random.below(2 ** 40), ...limits, now: this.#now });
    }
    const ciphers = random.pick([[1], [2], [1, 2], [2, 1]]) as number[];
    await this.#tell('server', { do: 'accept' });
    await this.#tell('client', { do: 'connect', ciphers, resume });
    await this.#exchange();
    assert.equal(this.#opened, 2, 'the session is not open');
    for (let left = 4 + random.below(24); left > 0; left--) await this.#step();
    await this.#exchange();
    assert.deepEqual(this.#heard, this.#asked);
    assert.deepEqual(this.#learned, this.#answered);
    const first = random.below(2) === 0 ? 'client' : 'server';
    await this.#tell(first, { do: 'close' });
    await this.#exchange();
    assert.deepEqual(this.#ended, first === 'client' ? ['client Closed', 'server ClosedByPeer'] : ['server Closed', 'client ClosedByPeer']);
  }

  async #step(): Promise<void> {
    const random = this.#random;
    switch (random.below(13)) {
      case 0:
      case 1:
      case 2:
        return this.#call();
      case 3: {
        const topic = random.text(12);
        const told = await this.#tell('client', { do: 'subscribe', topic, credit: random.below(4) });
        if (told.number !== undefined) this.#asked.push({ topic, number: told.number });
        return;
      }
      case 4:
      case 5:
        return this.#answer();
      case 6: {
        const request = random.pick(this.#open);
        if (request === undefined) return;
        const item = { in_reply_to: request, item: random.hex(random.below(6000)) };
        const told = await this.#tell('server', { do: 'send', ...item });
        if (told.error === undefined) this.#answered.push({ type: 'Item', item });
        return;
      }
      case 7:
        await this.#tell('client', { do: 'cancel', target: random.below(12) });
        return;
      case 8:
        await this.#tell('client', { do: 'credit', target: random.below(12), n: 1 + random.below(3) });
        return;
      case 9:
        this.#now += random.below(70_000);
        // What is due comes before what else is done.
        await this.#exchange();
        await this.#tell('client', { do: 'timeout' });
        await this.#tell('server', { do: 'timeout' });
        return this.#exchange();
      case 10:
        return this.#carry('client', this.#down.length > 0 ? 1 + random.below(this.#down.length) : 0);
      default:
        return this.#carry('server', this.#up.length > 0 ? 1 + random.below(this.#up.length) : 0);
    }
  }

  async #call(): Promise<void> {
    const random = this.#random;
    const call = callOf(random);
    const told = await this.#tell('client', { do: 'call', call });
    assert.equal(told.error, undefined);
    this.#asked.push({ call, number: told.number });
  }

  async #answer(): Promise<void> {
    const request = this.#random.pick(this.#open);
    if (request === undefined) return;
    this.#open = this.#open.filter((open) => open !== request);
    const reply = replyOf(this.#random, request);
    const told = await this.#tell('server', 'code' in reply ? { do: 'fail', failure: reply } : { do: 'respond', response: reply });
    assert.equal(told.error, undefined);
    this.#answered.push('code' in reply ? { type: 'Failure', failure: reply } : { type: 'Response', response: reply });
  }

  /** Frames to a side, some of them together. */
  async #carry(to: 'client' | 'server', count: number): Promise<void> {
    const frames = (to === 'client' ? this.#down : this.#up).splice(0, count);
    if (frames.length > 0) await this.#tell(to, { do: 'frames', frames });
  }

  async #exchange(): Promise<void> {
    while (this.#up.length + this.#down.length > 0) {
      await this.#carry('server', this.#up.length);
      await this.#carry('client', this.#down.length);
    }
  }

  async #tell(side: 'client' | 'server', what: What): Promise<Told> {
    const told = await (side === 'client' ? this.#client : this.#server).ask({ ...what, now: this.#now });
    this.#add(`${side} ${what.do}${told.error === undefined ? '' : ' refused'}`);
    (side === 'client' ? this.#up : this.#down).push(...(told.frames ?? []));
    for (const event of told.events ?? []) this.#take(side, event);
    return told;
  }

  #take(side: 'client' | 'server', event: Event): void {
    this.#add(`${side} got ${event.type}`);
    switch (event.type) {
      case 'Opened':
        if (event.resumed === true) this.#add('resumed');
        this.#opened++;
        break;
      case 'Call':
        this.#heard.push({ call: event.call, number: event.sequence });
        this.#open.push(event.sequence);
        break;
      case 'Subscribe':
        this.#heard.push({ topic: event.topic, number: event.sequence });
        this.#open.push(event.sequence);
        break;
      case 'Response':
      case 'Failure':
      case 'Item':
        this.#learned.push(event);
        break;
      case 'Ended':
        this.#ended.push(`${side} ${event.how}`);
        break;
      default:
        break;
    }
  }

  #add(name: string): void {
    this.#tally.set(name, (this.#tally.get(name) ?? 0) + 1);
  }
}

export function callOf(random: Random): Call {
  const metadata = Array.from({ length: random.below(4) }, () => [random.text(8), random.text(30)] as const);
  return { method: random.text(20), args: random.hex(random.below(4) === 0 ? random.below(20_000) : random.below(100)), metadata, id: random.hex(16) };
}

export function replyOf(random: Random, in_reply_to: number): Response | Failure {
  const status = random.below(65_536);
  if (random.below(3) === 0) {
    const optional = (): string | null => (random.below(2) === 0 ? null : random.text(10));
    return { in_reply_to, code: random.text(9), message: random.text(40), status, path: optional(), stack: optional() };
  }
  const headers = Array.from({ length: random.below(3) }, () => [random.text(8), random.text(8)] as const);
  return { in_reply_to, status, headers, result: random.hex(random.below(3) === 0 ? random.below(20_000) : random.below(50)) };
}

// The TypeScript side: a client, a server or a POST, told what to do as `wire_peer` is.
import { AES_256_GCM, Attempt, Client, type ClientEvent, CHACHA20_POLY1305, finishHandshake, handshake, Node, nodeSecret, type Pass, type Pending, Post, PrivateKey, type Primitives, primitives, ProtocolError, request, Server, type ServerEvent } from '../../../npm/kontract/dist/protocol/server.js';
import { Random } from './random.ts';
import type { Ask, Call, Event, Failure, Reply, Response, Side, Told } from './side.ts';

type Machine = { readonly client: Client } | { readonly server: Server };

export class Twin implements Side {
  #primitives!: Primitives;
  #node!: Node;
  #machine: Machine | undefined;
  #pass: Pass | undefined;
  #attempt: Attempt | undefined;
  #pending: Pending | undefined;
  #post: Post | undefined;

  async ask(ask: Ask): Promise<Told> {
    try {
      return { ...(await this.#do(ask)), ...this.#drain() };
    } catch (error) {
      if (error instanceof ProtocolError) return { error: error.message, ...this.#drain() };
      throw error;
    }
  }

  async close(): Promise<void> {}

  async #do(ask: Ask): Promise<Told> {
    const time = { monotonic: ask.now, unix: 1_800_000_000_000 + ask.now };
    const machine = this.#machine;
    const client = (): Client => (machine && 'client' in machine ? machine.client : missing());
    const server = (): Server => (machine && 'server' in machine ? machine.server : missing());
    const either = (): Client | Server => (machine && 'client' in machine ? machine.client : server());
    switch (ask.do) {
      case 'seed': {
        const random = new Random(ask.seed);
        this.#primitives = { ...(await primitives()), random: (bytes) => random.fill(bytes) };
        const key = await PrivateKey.of(this.#primitives, new Uint8Array(32).fill(0x11));
        const secret = await nodeSecret(this.#primitives, new TextEncoder().encode('a secret of thirty-two characters'));
        const options = { maxFrame: ask.max_frame, rekeyRecords: ask.rekey_records };
        this.#node = new Node(this.#primitives, [key], secret, options);
        this.#machine = undefined;
        return {};
      }
      case 'connect': {
        const pass = ask.resume ? this.#pass : undefined;
        const config = { primitives: this.#primitives, pins: this.#pins(), offer: offer(ask.ciphers), pass };
        this.#machine = { client: await Client.connect(config, time) };
        return {};
      }
      case 'accept':
        this.#machine = { server: Server.accept(this.#node, Uint8Array.of(192, 0, 2, 1), time) };
        return {};
      case 'frames':
        // Not one after the other: what is handed in together must keep its order.
        await Promise.all(ask.frames.map((frame) => either().handleFrame(bytes(frame), time)));
        return {};
      case 'timeout':
        await either().handleTimeout(time);
        return {};
      case 'end':
        await either().handleEnd();
        return {};
      case 'close':
        await either().close(time);
        return {};
      case 'call':
        return { number: await client().call(call(ask.call), time) };
      case 'subscribe':
        return { number: await client().subscribe(ask.topic, ask.credit, time) };
      case 'cancel':
        await client().cancel(ask.target, time);
        return {};
      case 'credit':
        await client().credit(ask.target, ask.n, time);
        return {};
      case 'respond':
        await server().respond(response(ask.response), time);
        return {};
      case 'fail':
        await server().fail(failure(ask.failure), time);
        return {};
      case 'send':
        await server().send({ inReplyTo: ask.in_reply_to, item: bytes(ask.item) }, time);
        return {};
      case 'post_connect': {
        const [pin] = this.#pins();
        const { attempt, frame } = await Attempt.start(this.#primitives, pin ?? missing(), offer(ask.ciphers));
        this.#attempt = attempt;
        return { body: hex(frame) };
      }
      case 'post_finish': {
        const finished = await finishHandshake(this.#attempt ?? missing(), bytes(ask.body));
        this.#pass = finished.type === 'Pass' ? finished.pass : missing();
        return {};
      }
      case 'post_request': {
        const calls = ask.calls.map(call);
        const made = await request(this.#primitives, this.#pass ?? missing(), calls, bytes(ask.call_id));
        this.#pending = made.pending;
        return { numbers: made.numbers, body: hex(made.body) };
      }
      case 'post_read': {
        const answer = await (this.#pending ?? missing()).read(bytes(ask.body));
        return answer.type === 'Replies' ? { replies: answer.replies.map(shownReply) } : {};
      }
      case 'post_handshake': {
        const { body, error } = await handshake(this.#node, bytes(ask.body), Uint8Array.of(192, 0, 2, 1), time);
        return { body: hex(body), ...(error && { error: error.message }) };
      }
      case 'post_open':
        this.#post = await Post.open(this.#node, bytes(ask.body), time);
        return { calls: [...this.#post.calls].map(([number, one]) => [number, shownCall(one)]) };
      case 'post_respond':
        await (this.#post ?? missing()).respond(response(ask.response));
        return {};
      case 'post_fail':
        await (this.#post ?? missing()).fail(failure(ask.failure));
        return {};
      case 'post_done':
        return { body: hex((this.#post ?? missing()).finish()) };
    }
  }

  #pins(): readonly Uint8Array[] {
    return this.#node.keys.map((key) => key.public);
  }

  /** What the machine has to say, and when it wants to be called. */
  #drain(): Told {
    const machine = this.#machine && ('client' in this.#machine ? this.#machine.client : this.#machine.server);
    if (!machine) return {};
    const frames = [];
    for (let frame = machine.pollTransmit(); frame; frame = machine.pollTransmit()) frames.push(hex(frame));
    const events = [];
    for (let event = machine.pollEvent(); event; event = machine.pollEvent()) {
      if (event.type === 'Pass') this.#pass = event.pass;
      events.push(shown(event));
    }
    return { frames, events, timeout: machine.pollTimeout() ?? null };
  }
}

function missing(): never {
  throw new Error('there is none');
}

function offer(ciphers: readonly number[]) {
  const known = [CHACHA20_POLY1305, AES_256_GCM] as const;
  return { ciphers: ciphers.flatMap((number) => known.filter((one) => one === number)), schema: new Uint8Array(32).fill(0x5c) };
}

function call({ method, args, metadata, id }: Call) {
  return { method, args: bytes(args), metadata, id: bytes(id) };
}

function response({ in_reply_to: inReplyTo, status, headers, result }: Response) {
  return { inReplyTo, status, headers, result: bytes(result) };
}

function failure({ in_reply_to: inReplyTo, path, stack, ...rest }: Failure) {
  return { ...rest, inReplyTo, path: path ?? undefined, stack: stack ?? undefined };
}

function shownCall({ method, args, metadata, id }: ReturnType<typeof call>): Call {
  return { method, args: hex(args), metadata, id: hex(id) };
}

function shownReply(reply: Extract<ClientEvent, { type: 'Response' | 'Failure' }>): Reply {
  if (reply.type === 'Response') {
    const { inReplyTo, status, headers, result } = reply.response;
    return { type: 'Response', response: { in_reply_to: inReplyTo, status, headers, result: hex(result) } };
  }
  const { inReplyTo, path, stack, ...rest } = reply.failure;
  return { type: 'Failure', failure: { ...rest, in_reply_to: inReplyTo, path: path ?? null, stack: stack ?? null } };
}

function shown(event: ClientEvent | ServerEvent): Event {
  switch (event.type) {
    case 'Response':
    case 'Failure':
      return shownReply(event);
    case 'Item':
      return { type: 'Item', item: { in_reply_to: event.item.inReplyTo, item: hex(event.item.item) } };
    case 'Call':
      return { ...event, call: shownCall(event.call) };
    case 'Opened':
      return 'schema' in event ? { type: 'Opened', schema: hex(event.schema) } : { type: 'Opened', resumed: event.resumed };
    case 'Ended':
      return { type: 'Ended', how: event.how + (event.error ? `: ${event.error.what}` : ''), unanswered: event.unanswered };
    case 'Subscribe':
    case 'Cancel':
    case 'Unsubscribe':
    case 'Credit':
      return event;
    default:
      return { type: event.type };
  }
}

function hex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
}

function bytes(text: string): Uint8Array {
  return Uint8Array.from({ length: text.length / 2 }, (_, i) => Number.parseInt(text.slice(2 * i, 2 * i + 2), 16));
}

import { webSocket } from './raystream.ts';

/** A WebSocket to a host's raystream, whose messages are taken one by one. */
export class Socket {
  readonly #socket: InstanceType<typeof webSocket>;
  readonly #arrived: (Uint8Array | undefined)[] = [];
  #wake = (): void => {};

  private constructor(socket: InstanceType<typeof webSocket>) {
    this.#socket = socket;
    socket.binaryType = 'arraybuffer';
    socket.onmessage = ({ data }) => this.#take(new Uint8Array(data as ArrayBuffer));
    socket.onclose = () => this.#take(undefined);
  }

  static async open(url: string): Promise<Socket> {
    const socket = new webSocket(`${url.replace('http', 'ws')}/raystream`);
    await new Promise<void>((resolve, reject) => {
      socket.onopen = () => resolve();
      socket.onerror = reject as () => void;
    });
    socket.onerror = () => {};
    return new Socket(socket);
  }

  send(message: Uint8Array): void {
    this.#socket.send(message);
  }

  /** The next message; undefined at the end. */
  async next(): Promise<Uint8Array | undefined> {
    while (this.#arrived.length === 0) await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.#arrived[0] === undefined ? undefined : this.#arrived.shift();
  }

  ask(message: Uint8Array): Promise<Uint8Array | undefined> {
    this.send(message);
    return this.next();
  }

  close(): void {
    this.#socket.close();
  }

  #take(message: Uint8Array | undefined): void {
    this.#arrived.push(message);
    this.#wake();
  }
}

import type { HttpError } from "../../errors.js";
import type { Login } from "./login.js";
import type { Open } from "./streams.js";

/** Where the items of one call leave for its client, each when it was asked for. */
export class Outlet implements Open {
  waits: number | undefined;
  readonly #credit: () => number;
  readonly #send: (item: Uint8Array) => Promise<void>;
  #end: HttpError | undefined;
  #wake: (() => void) | undefined;

  /** `credit` tells how many items the client has asked for. */
  constructor(credit: () => number, send: (item: Uint8Array) => Promise<void>) {
    this.#credit = credit;
    this.#send = send;
  }

  /** Sends an item when the client asks for it and is still logged in. */
  async deliver(item: Uint8Array, login: Login, signal: AbortSignal): Promise<void> {
    this.waits = Date.now();
    while (!signal.aborted && this.#end === undefined && this.#credit() === 0) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.waits = undefined;
    await login.session();
    signal.throwIfAborted();
    if (this.#end !== undefined) throw this.#end;
    await this.#send(item);
  }

  end(error: HttpError): void {
    this.#end ??= error;
    this.wake();
  }

  /** There is something new to know. */
  wake(): void {
    this.#wake?.();
  }
}

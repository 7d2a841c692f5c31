// AbortController and AbortSignal.
export default (op, use) => {
  const { Event, EventTarget } = use("events");
  const ILLEGAL = Symbol();
  let abort, onAbort;

  class AbortSignal extends EventTarget {
    #aborted = false;
    #reason;
    #steps = new Set(); // what is done before listeners hear of it
    #handler = null;

    constructor(key) {
      if (key !== ILLEGAL) throw new TypeError("An AbortSignal comes from an AbortController");
      super();
    }

    static {
      abort = (signal, reason) => {
        if (signal.#aborted) return;
        signal.#aborted = true;
        signal.#reason = reason === undefined ? aborted() : reason;
        const steps = [...signal.#steps];
        signal.#steps.clear();
        for (const step of steps) step(signal.#reason);
        signal.dispatchEvent(new Event("abort"));
      };
      onAbort = (signal, step) => {
        if (signal.#aborted) step(signal.#reason);
        else signal.#steps.add(step);
        return () => signal.#steps.delete(step);
      };
    }

    static abort(reason) {
      const signal = new AbortSignal(ILLEGAL);
      abort(signal, reason);
      return signal;
    }

    static timeout(milliseconds) {
      const delay = Number(milliseconds);
      if (!(delay >= 0 && delay <= Number.MAX_SAFE_INTEGER)) {
        throw new TypeError("AbortSignal.timeout takes a number of milliseconds");
      }
      const signal = new AbortSignal(ILLEGAL);
      const [, done] = op.sleep(Math.trunc(delay), false);
      done.then(() => abort(signal, new DOMException("The operation timed out", "TimeoutError")));
      return signal;
    }

    static any(signals) {
      const result = new AbortSignal(ILLEGAL);
      const sources = [...signals];
      for (const source of sources) {
        if (!isSignal(source)) throw new TypeError("AbortSignal.any takes AbortSignals");
      }
      for (const source of sources) onAbort(source, (reason) => abort(result, reason));
      return result;
    }

    get aborted() {
      return this.#aborted;
    }
    get reason() {
      return this.#reason;
    }
    throwIfAborted() {
      if (this.#aborted) throw this.#reason;
    }

    get onabort() {
      return this.#handler;
    }
    set onabort(handler) {
      if (this.#handler !== null) this.removeEventListener("abort", this.#handler);
      this.#handler = typeof handler === "function" ? handler : null;
      this.addEventListener("abort", this.#handler);
    }

    get [Symbol.toStringTag]() {
      return "AbortSignal";
    }

    static isSignal(value) {
      return typeof value === "object" && value !== null && #aborted in value;
    }
  }
  const { isSignal } = AbortSignal;
  delete AbortSignal.isSignal;

  class AbortController {
    #signal = new AbortSignal(ILLEGAL);

    get signal() {
      return this.#signal;
    }
    abort(reason) {
      abort(this.#signal, reason);
    }
    get [Symbol.toStringTag]() {
      return "AbortController";
    }
  }

  return { AbortController, AbortSignal, isSignal, onAbort };
};

function aborted() {
  return new DOMException("The operation was aborted", "AbortError");
}

// ReadableStream, as far as bodies need it: default readers and controllers, tee, iteration. There
// are no byte readers, and nothing to pipe to.
export default () => {
  const KEY = Symbol();
  const AsyncIterator = Object.getPrototypeOf(Object.getPrototypeOf(async function* () {}).prototype);
  let inner; // of a stream

  // What a stream, its controller and its reader share.
  class Inner {
    state = "readable"; // then "closed" or "errored"
    error;
    queue = []; // { chunk, size }
    total = 0;
    reader; // what locked it: { requests, closed }
    closing = false;
    pulling = false;
    again = false;
    started = false;
    disturbed = false; // was read from or cancelled

    constructor(source, strategy) {
      this.source = source;
      this.limit = limitOf(strategy);
      this.size = strategy?.size === undefined ? () => 1 : strategy.size;
      if (typeof this.size !== "function") throw new TypeError("size must be a function");
    }

    start(controller) {
      this.controller = controller;
      const started = this.source.start?.(controller);
      Promise.resolve(started).then(
        () => {
          this.started = true;
          this.pull();
        },
        (error) => this.fail(error),
      );
    }

    get wanted() {
      if (this.state === "errored") return null;
      return this.state === "closed" ? 0 : this.limit - this.total;
    }

    pull() {
      const open = this.started && this.state === "readable" && !this.closing;
      if (!open || this.source.pull === undefined) return;
      if (!(this.reader?.requests.length > 0) && this.wanted <= 0) return;
      if (this.pulling) {
        this.again = true;
        return;
      }
      this.pulling = true;
      let pulled;
      try {
        pulled = Promise.resolve(this.source.pull(this.controller));
      } catch (error) {
        pulled = Promise.reject(error);
      }
      pulled.then(
        () => {
          this.pulling = false;
          if (!this.again) return;
          this.again = false;
          this.pull();
        },
        (error) => this.fail(error),
      );
    }

    enqueue(chunk) {
      if (this.state !== "readable" || this.closing) throw new TypeError("The stream is closed");
      const request = this.reader?.requests.shift();
      if (request !== undefined) request.resolve({ value: chunk, done: false });
      else {
        let size;
        try {
          size = Number((0, this.size)(chunk));
          if (!(size >= 0 && size < Infinity)) throw new RangeError("The size of a chunk must be finite");
        } catch (error) {
          this.fail(error);
          throw error;
        }
        this.queue.push({ chunk, size });
        this.total += size;
      }
      this.pull();
    }

    close() {
      if (this.state !== "readable" || this.closing) throw new TypeError("The stream is closed");
      this.closing = true;
      if (this.queue.length === 0) this.finish();
    }

    finish() {
      this.state = "closed";
      this.source = {};
      if (this.reader === undefined) return;
      for (const request of this.reader.requests.splice(0)) request.resolve({ value: undefined, done: true });
      this.reader.closed.resolve();
    }

    fail(error) {
      if (this.state !== "readable") return;
      this.state = "errored";
      this.error = error;
      this.queue = [];
      this.total = 0;
      this.source = {};
      if (this.reader === undefined) return;
      for (const request of this.reader.requests.splice(0)) request.reject(error);
      this.reader.closed.reject(error);
    }

    read() {
      this.disturbed = true;
      if (this.state === "closed") return Promise.resolve({ value: undefined, done: true });
      if (this.state === "errored") return Promise.reject(this.error);
      const next = this.queue.shift();
      if (next === undefined) {
        const request = Promise.withResolvers();
        this.reader.requests.push(request);
        this.pull();
        return request.promise;
      }
      this.total -= next.size;
      if (this.closing && this.queue.length === 0) this.finish();
      else this.pull();
      return Promise.resolve({ value: next.chunk, done: false });
    }

    async cancel(reason) {
      this.disturbed = true;
      if (this.state === "closed") return;
      if (this.state === "errored") throw this.error;
      const { source } = this;
      this.queue = [];
      this.total = 0;
      this.finish();
      await source.cancel?.(reason);
    }
  }

  class ReadableStreamDefaultController {
    #inner;

    constructor(key, own) {
      if (key !== KEY) throw new TypeError("Illegal constructor");
      this.#inner = own;
    }
    get desiredSize() {
      return this.#inner.wanted;
    }
    enqueue(chunk) {
      this.#inner.enqueue(chunk);
    }
    close() {
      this.#inner.close();
    }
    error(reason) {
      this.#inner.fail(reason);
    }
    get [Symbol.toStringTag]() {
      return "ReadableStreamDefaultController";
    }
  }

  class ReadableStreamDefaultReader {
    #inner; // undefined once released
    #lock;

    constructor(stream) {
      const own = inner(stream);
      if (own.reader !== undefined) throw new TypeError("The stream is locked to a reader");
      this.#inner = own;
      this.#lock = { requests: [], closed: Promise.withResolvers() };
      this.#lock.closed.promise.catch(() => {});
      own.reader = this.#lock;
      if (own.state === "closed") this.#lock.closed.resolve();
      if (own.state === "errored") this.#lock.closed.reject(own.error);
    }

    get closed() {
      return this.#lock.closed.promise;
    }
    async read() {
      if (this.#inner === undefined) throw released();
      return this.#inner.read();
    }
    async cancel(reason) {
      if (this.#inner === undefined) throw released();
      return this.#inner.cancel(reason);
    }
    releaseLock() {
      if (this.#inner === undefined) return;
      for (const request of this.#lock.requests.splice(0)) request.reject(released());
      if (this.#inner.state === "readable") this.#lock.closed.reject(released());
      else {
        this.#lock.closed = Promise.withResolvers();
        this.#lock.closed.promise.catch(() => {});
        this.#lock.closed.reject(released());
      }
      this.#inner.reader = undefined;
      this.#inner = undefined;
    }
    get [Symbol.toStringTag]() {
      return "ReadableStreamDefaultReader";
    }
  }

  class ReadableStream {
    #inner;

    constructor(source = {}, strategy = {}) {
      if (typeof source !== "object" || source === null) throw new TypeError("A source is an object");
      const { start, pull, cancel, type } = source;
      if (type !== undefined && String(type) !== "bytes") throw new TypeError(`Unknown type of source '${type}'`);
      const bound = {};
      for (const [name, method] of Object.entries({ start, pull, cancel })) {
        if (method === undefined) continue;
        if (typeof method !== "function") throw new TypeError(`${name} must be a function`);
        bound[name] = (argument) => method.call(source, argument);
      }
      const own = new Inner(bound, type === undefined ? strategy : { highWaterMark: 0, ...strategy });
      this.#inner = own;
      own.start(new ReadableStreamDefaultController(KEY, own));
    }

    static {
      inner = (stream) => stream.#inner;
    }

    static from(iterable) {
      const method = iterable[Symbol.asyncIterator] ?? iterable[Symbol.iterator];
      if (typeof method !== "function") throw new TypeError("Not iterable");
      const iterator = method.call(iterable);
      return new ReadableStream(
        {
          async pull(controller) {
            const { value, done } = await iterator.next();
            if (done) controller.close();
            else controller.enqueue(await value);
          },
          async cancel(reason) {
            await iterator.return?.(reason);
          },
        },
        { highWaterMark: 0 },
      );
    }

    get locked() {
      return this.#inner.reader !== undefined;
    }

    async cancel(reason) {
      if (this.locked) throw new TypeError("The stream is locked to a reader");
      return this.#inner.cancel(reason);
    }

    getReader(options) {
      if (options?.mode !== undefined) throw new TypeError("Readers with a mode are not supported");
      this.#inner;
      return new ReadableStreamDefaultReader(this);
    }

    tee() {
      const reader = this.getReader();
      const branches = [];
      const gone = [false, false];
      const cancelled = Promise.withResolvers();
      let reading = false;
      const pull = async () => {
        if (reading) return;
        reading = true;
        try {
          const { value, done } = await reader.read();
          reading = false;
          branches.forEach((branch, index) => {
            if (gone[index]) return;
            if (done) branch.close();
            else branch.enqueue(value);
          });
          if (done) cancelled.resolve();
        } catch (error) {
          branches.forEach((branch) => branch.error(error));
          cancelled.resolve();
        }
      };
      return [0, 1].map(
        (index) =>
          new ReadableStream(
            {
              start: (controller) => void (branches[index] = controller),
              pull,
              cancel: (reason) => {
                gone[index] = true;
                if (gone[0] && gone[1]) cancelled.resolve(reader.cancel(reason));
                return cancelled.promise;
              },
            },
            { highWaterMark: 0 },
          ),
      );
    }

    values(options) {
      const keep = Boolean(options?.preventCancel);
      const reader = this.getReader();
      let over = false;
      const iterator = {
        async next() {
          if (over) return { value: undefined, done: true };
          try {
            const result = await reader.read();
            if (!result.done) return result;
          } catch (error) {
            finish();
            throw error;
          }
          finish();
          return { value: undefined, done: true };
        },
        async return(value) {
          if (!over) {
            const cancelled = keep ? undefined : reader.cancel(value);
            finish();
            await cancelled;
          }
          return { value, done: true };
        },
      };
      const finish = () => {
        over = true;
        reader.releaseLock();
      };
      return Object.setPrototypeOf(iterator, AsyncIterator);
    }

    get [Symbol.toStringTag]() {
      return "ReadableStream";
    }

    static {
      const value = this.prototype.values;
      Object.defineProperty(this.prototype, Symbol.asyncIterator, { value, writable: true, configurable: true });
    }
  }

  return {
    ReadableStream,
    ReadableStreamDefaultReader,
    ReadableStreamDefaultController,
    isStream: (value) => value instanceof ReadableStream,
    isDisturbed: (stream) => inner(stream).disturbed,
    disturb: (stream) => void (inner(stream).disturbed = true),
  };
};

function limitOf(strategy) {
  const limit = Number(strategy?.highWaterMark ?? 1);
  if (!(limit >= 0)) throw new RangeError("highWaterMark must not be negative");
  return limit;
}

function released() {
  return new TypeError("The reader has been released");
}

// fetch. The host decides where it may go and follows redirects.
export default (op, use) => {
  async function fetch(input, init) {
    const { Request } = use("request");
    const { contentOf, consume } = use("body");
    const request = new Request(input, init);
    const signal = init?.signal === undefined && !(input instanceof Request) ? undefined : request.signal;
    signal?.throwIfAborted();
    const content = contentOf(request);
    const body = content === null ? undefined : await consume(content);
    const { method, url, redirect } = request;

    const [exchange, answer] = op.send(method, url, [...request.headers], body, redirect);
    const reading = { done: () => {} };
    const gone = Promise.withResolvers();
    gone.promise.catch(() => {});
    if (signal !== undefined) {
      reading.done = use("abort").onAbort(signal, (reason) => {
        op.cancel(exchange);
        gone.reject(reason);
      });
    }
    try {
      const head = await Promise.race([answer, gone.promise]);
      return respond(method, head, gone.promise, reading);
    } catch (error) {
      reading.done();
      throw error;
    }
  }

  function respond(method, [status, statusText, pairs, url, redirected, body], gone, reading) {
    const { Headers, lock } = use("headers");
    const headers = lock(new Headers(pairs));
    const empty = method === "HEAD" || EMPTY.has(status);
    const content = empty ? null : { stream: stream(body, gone, reading), used: false };
    if (empty) {
      op.close(body);
      reading.done();
    }
    return use("response").make({ content, status, statusText, headers, url, redirected, type: "basic" });
  }

  function stream(body, gone, reading) {
    const { ReadableStream } = use("streams");
    let pending; // the read that is going on
    const close = () => {
      if (pending !== undefined) op.cancel(pending);
      op.close(body);
    };
    return new ReadableStream(
      {
        start(controller) {
          gone.catch((reason) => {
            close();
            controller.error(reason);
          });
        },
        async pull(controller) {
          const [id, next] = op.read(body);
          pending = id;
          const chunk = await next;
          pending = undefined;
          if (chunk !== undefined) {
            controller.enqueue(chunk);
            return;
          }
          reading.done();
          controller.close();
        },
        cancel() {
          reading.done();
          close();
        },
      },
      { highWaterMark: 0 },
    );
  }

  return { fetch };
};

const EMPTY = new Set([101, 103, 204, 205, 304]);

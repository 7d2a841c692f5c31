import { invalid } from "../../errors.js";
import { settings } from "../configure.js";
import { type Limit, pause, within } from "../limit.js";
import { decodeResult } from "../stub-codec.js";
import type { CallMeta, CallOptions, Codec, TransportRequest, Wire } from "../types.js";
import { Items } from "./items.js";
import { Attempts, Lost } from "./outcome.js";

/**
 * Calls a route whose result is a stream. The call is made when the first item is asked for, and
 * given up when no more are. `timeout` is the time between two items.
 */
export async function* __kontract_stream<Item = unknown>(
  route: string,
  args: readonly unknown[],
  meta: CallMeta,
  options: CallOptions = {},
): AsyncGenerator<Item, void, undefined> {
  const { transport } = settings();
  if (meta.wire === undefined || (transport !== undefined && transport !== "stream")) {
    throw invalid(
      `${route} streams its result, which needs raystream over a WebSocket: run \`kontract keys generate\` ` +
        "and `kontract build`, and leave out `transport` or set it to 'stream'",
    );
  }
  const request = { route, args, meta, options };
  yield* streamItems(meta.wire.stream(request), request) as AsyncGenerator<Item, void, undefined>;
}

/**
 * The items of a streaming result. A stream that was lost begins anew only before its first item,
 * and only where the server has not begun it or the route reads.
 */
async function* streamItems(
  begin: ReturnType<Wire["stream"]>,
  { route, meta, options }: TransportRequest,
): AsyncGenerator<unknown, void, undefined> {
  const { reads = false } = meta;
  const attempts = new Attempts(reads);
  let begun = false;
  for (;;) {
    let items: Items | undefined;
    try {
      items = await inTime(options, ({ signal }) => begin(signal, (...given) => new Items(...given)));
      for (;;) {
        const item = await inTime(options, ({ signal }) => (items as Items).next(signal));
        if (item === undefined) return;
        begun = true;
        yield decodeResult(route, meta as Codec, item);
      }
    } catch (error) {
      const final = begun || (error instanceof Lost && error.sent && !reads);
      const wait = final || options.signal?.aborted ? undefined : attempts.again(error);
      if (wait === undefined) throw error instanceof Lost ? error.told() : error;
      await inTime({ signal: options.signal }, ({ signal }) => pause(wait, signal));
    } finally {
      items?.cancel();
    }
  }
}

/** `timeout` is the time between two items. */
function inTime<T>({ signal, timeout }: TransportRequest["options"], work: (limit: Limit) => Promise<T>): Promise<T> {
  return within(signal, timeout ?? Number.MAX_SAFE_INTEGER, work);
}

/** Sends an item of a stream; resolves when it is on its way. */
export type Deliver = (item: Uint8Array) => Promise<void>;

/** How long a stream waits until its reader takes the next item, in milliseconds. */
export const PATIENCE_MS = 300_000;

/**
 * Passes on the items of what a function returned, each when the one before has been taken. Where
 * `pass` rejects, what gives the items is told to end.
 */
export async function passItems(returned: unknown, pass: (item: unknown) => Promise<void>): Promise<void> {
  if (!isStream(returned)) throw new TypeError("the result does not match its declared type: expected a stream of items");
  const items = returned[Symbol.asyncIterator]();
  for (let next = await items.next(); next.done !== true; next = await items.next()) {
    try {
      await pass(next.value);
    } catch (error) {
      // Not `for await`: where its body throws, QuickJS does not wait for what `return()` does.
      await end(items);
      throw error;
    }
  }
}

async function end(items: AsyncIterator<unknown>): Promise<void> {
  try {
    await items.return?.();
  } catch {
    // What it was ended for is told.
  }
}

function isStream(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value;
}

import { ctx, env } from "kontract/runtime";
import { HttpResp, NotFoundError } from "kontract";

// Every function takes a text and returns one.
export const echo = async (text) => text;
export const about = async () =>
  JSON.stringify({ owner: ctx.owner, anonymous: ctx.isAnonymous, callId: ctx.callId, method: ctx.method, path: ctx.path, trace: ctx.headers.get("x-trace-id"), authorization: ctx.headers.get("authorization") });
export const missing = async (text) => {
  throw new NotFoundError(`No ${text}`);
};
export const broken = async () => {
  throw new RangeError("a secret detail");
};
export const created = async (text) => HttpResp.created(text, { location: `/notes/${text}` });
export const nothing = async () => HttpResp.noContent();
export const increment = async (id) => {
  const row = await env.storage.counters.get(id);
  const n = (row?.n ?? 0) + 1;
  await env.storage.counters.set(id, { n });
  return String(n);
};
export const counted = async (id) => String((await env.storage.counters.get(id))?.n ?? 0);
export const large = async (text) => "x".repeat(Number(text));

let aborted = 0;
/** Ends when its caller has gone, and not before. `begun` is told that it runs. */
export const wait = async (begun) => {
  const gone = new Promise((_, reject) => {
    ctx.signal.addEventListener("abort", () => {
      aborted += 1;
      reject(ctx.signal.reason);
    });
  });
  await fetch(begun);
  await gone;
};
export const abortions = async () => String(aborted);
export const pause = (text) => new Promise((resolve) => setTimeout(() => resolve(text), Number(text)));
export const fetched = async (url) => (await fetch(url)).text();

// These stream texts.
export async function* streamNumbers(count) {
  for (let i = 0; i < Number(count); i++) yield String(i);
}
export async function* streamFailing(count) {
  yield* streamNumbers(count);
  throw new NotFoundError("No more");
}
export async function* streamMisfit() {
  yield "text";
  yield 5;
}

const left = [];
/** Goes on until it is given up. */
export async function* streamEndless(name) {
  ctx.signal.addEventListener("abort", () => left.push("aborted"));
  let made = 0;
  try {
    await env.storage.counters.set(name, { n: 1 });
    for (;;) yield `${made++} ${"x".repeat(10_000)}`;
  } finally {
    left.push(`${name} ended after ${made}`);
  }
}
/** What those that ran in this isolate have left. */
export async function* streamEnded() {
  yield JSON.stringify(left.splice(0));
}
/** Writes a number, streams it, writes the next. */
export async function* streamWriting(id) {
  for (let n = 1; n <= 2; n++) {
    await env.storage.counters.set(id, { n });
    yield String(n);
  }
}

import { expect, test } from "vitest";
import { KeptAnswers } from "./answers.js";
import type { Call } from "./invoke.js";
import type { Session } from "./session.js";
import type { Reply } from "./wire.js";

const session = (id: string): Session => ({ id }) as Session;
const call = (callId: string, text = "[]"): Call =>
  ({ callId, route: "pay", payload: { form: "json", bytes: new TextEncoder().encode(text) } }) as Call;

function counting(): { run: () => Promise<Reply>; runs: () => number } {
  let runs = 0;
  const run = async (): Promise<Reply> => {
    runs += 1;
    if (runs === 1) throw new Error("fails");
    return { form: "json", status: 200, headers: {}, body: new Uint8Array([runs]) };
  };
  return { run, runs: () => runs };
}

test("a call that comes again gets the first answer, unless that was a failure", async () => {
  let now = 0;
  const answers = new KeptAnswers(() => now);
  const { run, runs } = counting();
  await expect(answers.serve(session("ada"), call("a"), run)).rejects.toThrow("fails");
  const first = answers.serve(session("ada"), call("a"), run);
  const meanwhile = answers.serve(session("ada"), call("a"), run);
  expect(await meanwhile).toBe(await first);
  expect(await answers.serve(session("ada"), call("a"), run)).toBe(await first);
  expect(runs()).toBe(2);
  // Another session, another key, other arguments, another time.
  await answers.serve(session("bob"), call("a"), run);
  await answers.serve(session("ada"), call("b"), run);
  await answers.serve(session("ada"), call("a", "[1]"), run);
  expect(runs()).toBe(5);
  now = 3_600_000;
  expect(await answers.serve(session("ada"), call("a"), run)).not.toBe(await first);
});

test("the oldest make room", async () => {
  const answers = new KeptAnswers();
  const { run, runs } = counting();
  await answers.serve(session("ada"), call("none"), run).catch(() => {});
  for (let n = 0; n <= 10_000; n += 1) await answers.serve(session("ada"), call(String(n)), run);
  expect(runs()).toBe(10_002);
  await answers.serve(session("ada"), call("1"), run);
  expect(runs()).toBe(10_002);
  await answers.serve(session("ada"), call("0"), run);
  expect(runs()).toBe(10_003);
});

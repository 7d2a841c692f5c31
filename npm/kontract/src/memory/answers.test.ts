import { expect, test } from "vitest";
import type { Transacting } from "../runtime/backing.js";
import { KeptAnswers } from "./answers.js";

const call = (claim: string, owner = "ada"): Transacting =>
  ({ tenant: "main", owner, keyed: { claim, write: () => new Uint8Array(1), read: () => undefined } }) as unknown as Transacting;

function counting(): { run: () => Promise<number>; runs: () => number } {
  let runs = 0;
  const run = async (): Promise<number> => {
    runs += 1;
    if (runs === 1) throw new Error("fails");
    return runs;
  };
  return { run, runs: () => runs };
}

test("a call that comes again gets the first answer, unless that was a failure", async () => {
  let now = 0;
  const answers = new KeptAnswers(() => now);
  const { run } = counting();
  await expect(answers.serve(call("a"), run)).rejects.toThrow("fails");
  const both = [answers.serve(call("a"), run), answers.serve(call("a"), run)];
  expect(await Promise.all(both)).toEqual([2, 2]);
  expect(await answers.serve(call("a"), run)).toBe(2);
  expect(await answers.serve(call("a", "bob"), run)).toBe(3);
  expect(await answers.serve(call("b"), run)).toBe(4);
  now = 3_600_000;
  expect(await answers.serve(call("a"), run)).toBe(5);
});

test("the oldest make room", async () => {
  const answers = new KeptAnswers(() => 0);
  const { run, runs } = counting();
  await answers.serve(call("fails"), run).catch(() => {});
  for (let n = 0; n <= 10_000; n += 1) await answers.serve(call(String(n)), run);
  await answers.serve(call("1"), run);
  expect(runs()).toBe(10_002);
  await answers.serve(call("0"), run);
  expect(runs()).toBe(10_003);
});

import { expect, test } from "vitest";
import type { Keyed, Transacting } from "../runtime/backing.js";
import { KeptAnswers } from "./answers.js";

const call = (claim: string, owner = "ada", about: Partial<Keyed> = {}): Transacting => {
  const keyed = {
    claim,
    mark: Uint8Array.of(),
    record: (result: number) => Uint8Array.of(result),
    failure: () => Uint8Array.of(99),
    isOpen: ({ length }: Uint8Array) => length === 0,
    answer: ([result]: Uint8Array) => result ?? "nobody knows",
    ...about,
  };
  return { tenant: "main", owner, deadline: Date.now() + 60_000, keyed } as unknown as Transacting;
};

function counting(): { run: () => Promise<unknown>; runs: () => number } {
  let runs = 0;
  const run = async (): Promise<unknown> => {
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

test("a call that was claimed keeps its failure, and is waited for, but not for ever", async () => {
  const answers = new KeptAnswers(() => 0);
  const { run, runs } = counting();
  const claims = { claimsFirst: true };
  const [first, other] = [answers.serve(call("a", "ada", claims), run), answers.serve(call("a", "ada", claims), run)];
  await expect(first).rejects.toThrow("fails");
  expect(await other).toBe(99);
  void answers.serve(call("b", "ada", claims), () => new Promise(() => {}));
  const hurried = { ...call("b", "ada", claims), deadline: Date.now() + 20 };
  expect(await answers.serve(hurried, run)).toBe("nobody knows");
  const stream = call("c", "ada", { claimsFirst: true, streams: true });
  void answers.serve(stream, () => new Promise(() => {}));
  expect(await answers.serve(stream, run)).toBe("nobody knows");
  expect(runs()).toBe(1);
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

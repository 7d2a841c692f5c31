import { expect, test } from "vitest";
import { HttpError } from "../../errors.js";
import { type Open, Streams } from "./streams.js";

class Stream implements Open {
  waits: number | undefined;
  ended: HttpError | undefined;

  constructor(waits?: number) {
    this.waits = waits;
  }

  end(error: HttpError): void {
    this.ended = error;
  }
}

const TOO_MANY = { status: 503, code: "SERVICE_UNAVAILABLE" };

test("whose reader takes nothing makes way, the longest first", () => {
  let now = 0;
  const streams = new Streams(3, () => now);
  const [reading, late, idle] = [new Stream(), new Stream(3_000), new Stream(2_000)];
  for (const stream of [reading, late, idle]) streams.enter("ada", stream);
  now = 6_999;
  expect(() => streams.enter("ada", new Stream())).toThrow(expect.objectContaining(TOO_MANY));
  now = 8_000;
  streams.enter("ada", new Stream());
  expect([reading, late, idle].map(({ ended }) => ended?.code)).toEqual([undefined, undefined, "RATE_LIMITED"]);
  streams.enter("ada", new Stream());
  expect(late.ended).toMatchObject({ status: 429 });
  expect(() => streams.enter("ada", new Stream())).toThrow("Too many streams");
});

test("whoever has most of them shares with the others", () => {
  const streams = new Streams(4);
  const all = Array.from({ length: 4 }, () => new Stream());
  const [leave] = all.map((stream) => streams.enter("ada", stream));
  streams.enter("grace", new Stream());
  expect(all.map(({ ended }) => ended !== undefined)).toEqual([true, false, false, false]);
  streams.enter("grace", new Stream());
  expect(all.map(({ ended }) => ended !== undefined)).toEqual([true, true, false, false]);
  expect(() => streams.enter("grace", new Stream())).toThrow("Too many streams");
  // It has made way already.
  leave?.();
  expect(() => streams.enter("grace", new Stream())).toThrow("Too many streams");
});

test("those that do not go, although they were told to, are not many", () => {
  const streams = new Streams(2, () => 10_000);
  for (let count = 0; count < 4; count += 1) streams.enter("ada", new Stream(0));
  expect(() => streams.enter("ada", new Stream(0))).toThrow("Too many streams");
});

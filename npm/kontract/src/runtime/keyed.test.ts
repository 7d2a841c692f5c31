import { expect, test } from "vitest";
import { HttpError } from "../errors.js";
import { failureBody } from "./failure.js";
import { keyedCall } from "./keyed.js";
import type { LogEntry } from "./log.js";

const about = { claimsFirst: true, streams: false };

test("a failure that is answered again is neither logged again nor given a stack", async () => {
  const call = { callId: "1", route: "pay" };
  const log: LogEntry[] = [];
  const failed = new HttpError("The bank is closed", 503, "CLOSED");
  const told = failureBody(failed, call, (entry) => log.push(entry), true);
  expect(log).toMatchObject([{ level: "error", message: "The bank is closed" }]);
  expect(told.stack).toContain("keyed.test");

  const payload = { form: "json", bytes: new Uint8Array(), abi: undefined } as const;
  const keyed = await keyedCall("key", true, "pay", payload, about);
  const again = await keyedCall("key", true, "pay", payload, about);
  let thrown: unknown;
  try {
    again.answer(keyed.failure(failed));
  } catch (error) {
    thrown = error;
  }
  expect(failureBody(thrown, call, (entry) => log.push(entry), true)).toEqual({
    code: "CLOSED",
    message: "The bank is closed",
    status: 503,
  });
  expect(log).toHaveLength(1);
});

import type { IncomingMessage } from "node:http";
import { expect, test } from "vitest";
import { callerAddress } from "./address.js";

const of = (remoteAddress: string, forwarded?: string): string => {
  const headersDistinct = forwarded === undefined ? {} : { "x-forwarded-for": ["8.8.8.8", forwarded] };
  return callerAddress({ socket: { remoteAddress }, headersDistinct } as unknown as IncomingMessage);
};

test.each([
  ["127.0.0.1", "6.6.6.6, 9.9.9.9", "9.9.9.9"],
  ["::ffff:10.0.0.1", "9.9.9.9:4711", "9.9.9.9"],
  ["192.168.0.1", "[2001:db8:1:2:3::4]:80", "2001:db8:1:2::"],
  ["::1", "::ffff:9.9.9.9", "9.9.9.9"],
  ["10.0.0.1", "unknown", "10.0.0.1"],
  ["1.1.1.1", "9.9.9.9", "1.1.1.1"],
  ["2001:db8::5", "9.9.9.9", "2001:db8::"],
  ["2001:db8:1:2:3:4:5:6", undefined, "2001:db8:1:2::"],
  ["::1", undefined, "::1"],
])("a connection from %s that speaks for %s is one from %s", (remote, forwarded, expected) => {
  expect(of(remote, forwarded)).toBe(expected);
});

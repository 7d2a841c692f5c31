import { expect, test } from "vitest";
import { ADDRESS, hex } from "../testing/wire.js";
import { addressOf } from "./address.js";
import { Admission } from "./admission.js";

function knocks(admission: Admission, address: Uint8Array, now: number, times: number): number {
  let taken = 0;
  for (let i = 0; i < times; i++) if (admission.knock(address, now) !== "Refuse") taken++;
  return taken;
}

const address = (text: string): Uint8Array => addressOf(text) as Uint8Array;

test("an address makes forty handshakes at once and twenty a second", () => {
  const admission = new Admission();
  expect(knocks(admission, ADDRESS, 0, 100)).toBe(40);
  expect(knocks(admission, ADDRESS, 49, 100)).toBe(0);
  expect(knocks(admission, ADDRESS, 50, 100)).toBe(1);
  expect(knocks(admission, ADDRESS, 1050, 100)).toBe(20);
  expect(knocks(admission, address("192.0.2.9"), 1050, 100)).toBe(40);
  admission.enter(address("192.0.2.9"));
  expect(knocks(admission, ADDRESS, 600_000, 100)).toBe(40);
});

test("a network of version six is one address", () => {
  const admission = new Admission();
  expect(knocks(admission, address("2001:db8::1"), 0, 30)).toBe(30);
  expect(knocks(admission, address("2001:db8::ffff:2"), 0, 30)).toBe(10);
  expect(knocks(admission, address("2001:db8:0:1::1"), 0, 30)).toBe(30);
  expect(knocks(admission, address("::ffff:192.0.2.1"), 0, 30)).toBe(30);
  expect(knocks(admission, ADDRESS, 0, 30)).toBe(10);
});

test("a node has a hundred thousand sessions and then room for who follows", () => {
  const admission = new Admission();
  for (let i = 0; i < 100_000; i++) {
    const { slot } = admission.enter(ADDRESS);
    if (!admission.confirm(slot, Infinity) || admission.confirm(slot, Infinity)) throw new Error(`slot ${slot}`);
  }
  expect(admission.knock(ADDRESS, 0)).toBe("Refuse");
  admission.leave(ADDRESS);
  expect(admission.knock(ADDRESS, 0)).toBe("Proceed");
});

test("an address has so many sessions, and this machine any number", () => {
  const admission = new Admission();
  const opened = (text: string, times: number): number => {
    let count = 0;
    for (let i = 0; i < times; i++) if (admission.confirm(admission.enter(address(text)).slot, 3)) count++;
    return count;
  };
  expect(opened("2001:db8::1", 2)).toBe(2);
  expect(admission.hasRoom(address("2001:db8::2"), 3)).toBe(true);
  expect(opened("2001:db8::3", 5)).toBe(1);
  expect(admission.hasRoom(address("2001:db8::2"), 3)).toBe(false);
  expect(opened("2001:db8:0:1::1", 5)).toBe(3);
  // The minutes in which nothing is heard of an address do not end its sessions.
  admission.knock(ADDRESS, 600_000);
  expect(opened("2001:db8::1", 1)).toBe(0);
  admission.leave(address("2001:db8::4"));
  expect(opened("2001:db8::1", 2)).toBe(1);
  for (const own of ["127.0.0.1", "::1", "::ffff:127.0.0.2", "0.0.0.0"]) {
    expect(opened(own, 5)).toBe(5);
    expect(admission.hasRoom(address(own), 3)).toBe(true);
  }
});

test("cookies are asked for above five hundred", () => {
  const admission = new Admission();
  const slots: number[] = [];
  for (let i = 0; i < 501; i++) {
    expect(admission.knock(ADDRESS, i * 50)).toBe("Proceed");
    slots.push(admission.enter(Uint8Array.of(0, 0, i >> 8, i & 255)).slot);
  }
  expect(admission.knock(ADDRESS, 60_000)).toBe("Cookie");
  admission.abandon(slots[0] as number);
  expect(admission.knock(ADDRESS, 60_000)).toBe("Proceed");
});

test.each([
  ["192.0.2.1", "c0000201"],
  ["2001:db8::1", "20010db8000000000000000000000001"],
  ["::", "0".repeat(32)],
  ["fe80::1%eth0", "fe800000000000000000000000000001"],
  ["::ffff:192.0.2.1", "00000000000000000000ffffc0000201"],
  ["1:2:3:4:5:6:7:8", "00010002000300040005000600070008"],
  ["192.0.2", undefined],
  ["192.0.2.256", undefined],
  ["192.0.02.1", undefined],
  ["1::2::3", undefined],
  ["localhost", undefined],
  ["", undefined],
])("the address %s", (text, expected) => {
  const bytes = addressOf(text);
  expect(bytes && hex(bytes)).toBe(expected);
});

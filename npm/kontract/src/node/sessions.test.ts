import { expect, test } from "vitest";
import { SessionStore } from "./sessions.js";

const session = (owner: string, expiresAt: number) => ({
  tenant: "main",
  owner,
  perm: 7,
  ugroups: [],
  isAnonymous: false,
  expiresAt: new Date(expiresAt),
});

test("a session is found by its token until it expires", () => {
  const store = new SessionStore(10);
  const token = store.open(session("ada", 100), 0);
  expect(store.find(token, 99)?.owner).toBe("ada");
  expect(store.find(token, 100)).toBeUndefined();
  expect(store.find(token, 0)).toBeUndefined();
});

test("all sessions of a user end together, and no others", () => {
  const store = new SessionStore(10);
  const [first, second, other] = ["ada", "ada", "grace"].map((owner) => store.open(session(owner, 100), 0)) as [string, string, string];
  store.closeAll("ada");
  expect([first, second, other].map((token) => store.find(token, 0)?.owner)).toEqual([undefined, undefined, "grace"]);
});

test("a full store makes room for new sessions by those that have expired, else it refuses", () => {
  const store = new SessionStore(2);
  store.open(session("a", 10), 0);
  store.open(session("b", 100), 0);
  expect(() => store.open(session("c", 100), 5)).toThrow("Too many open sessions");
  const token = store.open(session("c", 100), 10);
  expect(store.find(token, 10)?.owner).toBe("c");
});

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { UnauthorizedError } from "../../errors.js";
import type { Session } from "../../runtime/session.js";
import { Login } from "./login.js";

beforeEach(() => void vi.useFakeTimers({ now: 0 }));
afterEach(() => void vi.useRealTimers());

test("is looked up again every half minute, when any has ended here, and when its time is over", async () => {
  const session: Session = { id: "s", tenant: "main", owner: "ada", perm: 7, ugroups: [], isAnonymous: false, expiresAt: new Date(100_000) };
  const asked: unknown[] = [];
  const sessions = {
    endings: 0,
    resolve(...given: unknown[]) {
      asked.push(given);
      if (Date.now() >= 100_000) throw new UnauthorizedError();
      return session;
    },
  };
  const login = new Login(sessions, "token", "host");
  expect(await login.session()).toBe(session);
  vi.setSystemTime(29_999);
  await login.session();
  expect(asked).toEqual([["token", "host"]]);
  vi.setSystemTime(30_000);
  await login.session();
  expect(asked).toHaveLength(2);
  sessions.endings += 1;
  await login.session();
  expect(asked).toHaveLength(3);
  vi.setSystemTime(59_999);
  await login.session();
  expect(asked).toHaveLength(3);
  vi.setSystemTime(99_999);
  await login.session();
  vi.setSystemTime(100_000);
  await expect(login.session()).rejects.toBeInstanceOf(UnauthorizedError);
});

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startServer, type TestAnswer, type TestServer } from "../testing/host.js";
import { MemoryAuth } from "./auth.js";

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(async () => {
  expect(server.entries).toEqual([]);
  await server.close();
});

const auth = (action: string, body?: unknown, headers: Record<string, string> = {}): Promise<TestAnswer> =>
  server.send(`/auth/${action}`, {
    method: "POST",
    headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });

describe("accounts", () => {
  test("are made, logged in and told of themselves", async () => {
    const made = await auth("register", { email: "Ada@Example.com", password: "correct horse" });
    expect(made.status).toBe(201);
    expect(Object.keys(made.json).sort()).toEqual(["owner", "token"]);
    expect(made.json.token).toMatch(/^[A-Za-z0-9_-]{43}$/);

    const login = await auth("login", { email: "ADA@example.com", password: "correct horse" });
    expect(login.status).toBe(200);
    expect(login.json.owner).toBe(made.json.owner);
    expect(login.json.token).not.toBe(made.json.token);

    const me = await server.send("/auth/me", { headers: { authorization: `bearer ${String(login.json.token)}` } });
    expect(me.json).toEqual({ owner: made.json.owner, email: "ada@example.com", isAnonymous: false, perm: 7, ugroups: [] });
  });

  test("have an e-mail address of their own, in any case and at the same time", async () => {
    const credentials = { email: "taken@example.com", password: "correct horse" };
    const answers = await Promise.all([auth("register", credentials), auth("register", { ...credentials, email: "TAKEN@example.com" })]);
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409]);
    const again = await auth("register", credentials);
    expect(again.json.error).toMatchObject({ code: "CONFLICT", status: 409 });
  });

  test("are closed to wrong passwords and unknown users alike", async () => {
    await server.register("grace@example.com");
    const wrong = await auth("login", { email: "grace@example.com", password: "wrong horse" });
    const unknown = await auth("login", { email: "nobody@example.com", password: "wrong horse" });
    expect(wrong.json).toEqual({ error: { code: "UNAUTHORIZED", message: "Unauthorized", status: 401 } });
    expect(unknown.json).toEqual(wrong.json);
    const endless = await auth("login", { email: `${"x".repeat(300)}@example.com`, password: "wrong horse" });
    expect(endless.json).toEqual(wrong.json);
  });

  test.each([
    ["no body", undefined],
    ["a list", []],
    ["no password", { email: "a@b.example" }],
    ["a password that is no text", { email: "a@b.example", password: 12345678 }],
    ["an object as e-mail address", { email: { $ne: null }, password: "correct horse" }],
    ["a field too much", { email: "a@b.example", password: "correct horse", perm: 7 }],
    ["a short password", { email: "a@b.example", password: "1234567" }],
    ["a password without end", { email: "a@b.example", password: "x".repeat(1025) }],
    ["an address without a domain", { email: "ada", password: "correct horse" }],
    ["an address without a name", { email: "@b.example", password: "correct horse" }],
    ["an address with a space", { email: "a b@c.example", password: "correct horse" }],
    ["an address with two", { email: "a@b@c.example", password: "correct horse" }],
    ["an address with a line end", { email: "a@b.example\n", password: "correct horse" }],
    ["an address with a hidden character", { email: "a\u200b@b.example", password: "correct horse" }],
    ["an address with an empty label", { email: "a@b..example", password: "correct horse" }],
    ["an address without end", { email: `a@${"b.".repeat(200)}example`, password: "correct horse" }],
  ])("are not made with %s", async (_, body) => {
    const answer = await auth("register", body);
    expect(answer.status).toBe(400);
    expect(answer.text).not.toContain("correct horse");
  });

  test("a body above a few kilobytes: 413", async () => {
    expect((await auth("login", { email: "a@b.example", password: "x".repeat(10_000) })).status).toBe(413);
  });
});

describe("sessions", () => {
  test("end at logout, for all that they were", async () => {
    const { bearer } = await server.register("out@example.com");
    expect((await server.call("whoami", [], bearer)).status).toBe(200);
    expect((await auth("logout", undefined, bearer)).status).toBe(204);
    expect((await server.call("whoami", [], bearer)).json.error).toMatchObject({ code: "UNAUTHORIZED", status: 401 });
    expect((await auth("logout", undefined, bearer)).status).toBe(401);
    expect((await auth("logout")).status).toBe(401);
    expect((await server.send("/auth/me")).status).toBe(401);
  });

  test("are not needed for what anyone may do, nor enough for more", async () => {
    expect((await server.call("listNotes")).status).toBe(200);
    expect((await server.call("addNote", ["1", {}])).json.error).toEqual({
      code: "PERMISSION_DENIED",
      message: "Insufficient permissions",
      status: 403,
    });
  });

  test("without an account have a user of their own who may read", async () => {
    const [first, second] = await Promise.all([auth("anonymous"), auth("anonymous", {})]);
    expect([first?.status, second?.status]).toEqual([201, 201]);
    expect(first?.json.owner).not.toBe(second?.json.owner);
    const bearer = { authorization: `Bearer ${String(first?.json.token)}` };
    expect((await server.call("whoami", [], bearer)).json.result).toMatchObject({
      owner: first?.json.owner,
      isAnonymous: true,
      session: { perm: 4 },
    });
    expect((await server.send("/auth/me", { headers: bearer })).json.email).toBeNull();
    expect((await auth("logout", undefined, bearer)).status).toBe(204);
  });

  test("show an id that is no credential", async () => {
    const { token, owner, bearer } = await server.register("sid@example.com");
    const seen = (await server.call("whoami", [], bearer)).json.result as { sid: string; owner: string };
    expect(seen.owner).toBe(owner);
    expect(seen.sid).not.toBe(token);
    expect((await server.call("whoami", [], { authorization: `Bearer ${seen.sid}` })).status).toBe(401);
  });

  test("may come in a cookie", async () => {
    const { token, owner } = await server.register("cookie@example.com");
    const cookie = `theme=dark; __Host-kontract=${token}; x=1`;
    expect((await server.call("whoami", [], { cookie })).json.result).toMatchObject({ owner });
    const bearer = { cookie: "__Host-kontract=wrong", authorization: `Bearer ${token}` };
    expect((await server.call("whoami", [], bearer)).status).toBe(200);
  });

  test.each<Record<string, string>>([
    { authorization: "Basic YTpi" },
    { authorization: "Bearer" },
    { authorization: "Bearer a b" },
    { authorization: "Bearer wrong" },
    { cookie: "__Host-kontract=wrong" },
    { cookie: "__Host-kontract=" },
    { cookie: "__Host-kontract=a; __Host-kontract=b" },
  ])("are not found by %o", async (headers) => {
    expect((await server.call("greet", ["Ada"], headers)).status).toBe(401);
  });
});

describe("groups", () => {
  test("are granted and revoked, which ends the sessions that do not know it", async () => {
    const { owner, bearer } = await server.register("admin@example.com");
    expect((await server.call("setGroups", [owner, ["x"]], bearer)).json.error).toMatchObject({ code: "FORBIDDEN" });
    await server.auth.grant("Admin@example.com", "admin");
    await server.auth.grant("admin@example.com", "admin");
    expect((await server.call("whoami", [], bearer)).status).toBe(401);

    const login = await auth("login", { email: "admin@example.com", password: "correct horse" });
    const admin = { authorization: `Bearer ${String(login.json.token)}` };
    expect((await server.call("whoami", [], admin)).json.result).toMatchObject({ ugroups: ["admin"] });

    const other = await server.register("member@example.com");
    expect((await server.call("setGroups", [other.owner, ["a", "b", "a"]], admin)).json).toEqual({});
    expect((await server.call("whoami", [], other.bearer)).status).toBe(401);
    const back = await auth("login", { email: "member@example.com", password: "correct horse" });
    expect((await server.send("/auth/me", { headers: { authorization: `Bearer ${String(back.json.token)}` } })).json.ugroups).toEqual(["a", "b"]);
    expect((await server.call("setGroups", ["nobody", []], admin)).status).toBe(404);

    await server.auth.revoke("admin@example.com", "admin");
    expect((await server.call("whoami", [], admin)).status).toBe(401);
    await expect(server.auth.grant("nobody@example.com", "admin")).rejects.toThrow("User not found");
    await expect(server.auth.setGroups(owner, [""])).rejects.toThrow(/names of groups/);
  });
});

describe("the application's settings", () => {
  test("decide how long sessions live", async () => {
    let now = 1_000_000;
    const settings = { ttlMs: 60_000, allowAnonymous: true, anonymousPerm: 4, userPerm: 7 };
    const accounts = new MemoryAuth(settings, () => now);
    const { token } = await accounts.register("ada@example.com", "correct horse");
    expect(accounts.resolve(token).expiresAt).toEqual(new Date(1_060_000));
    now += 59_999;
    expect(accounts.resolve(token).owner).toBeDefined();
    now += 1;
    expect(() => accounts.resolve(token)).toThrow("Unauthorized");
  });

  test("come from src/auth.ts, where the server's option does not say otherwise", async () => {
    const { bearer } = await server.register("ttl@example.com");
    const session = ((await server.call("whoami", [], bearer)).json.result as { session: { expiresAt: string } }).session;
    const seconds = (Date.parse(session.expiresAt) - Date.now()) / 1000;
    expect(seconds).toBeGreaterThan(30);
    expect(seconds).toBeLessThanOrEqual(60);
  });

  test("may ask everyone to log in", async () => {
    const closed = await startServer({ auth: { allowAnonymous: false, perm: { user: "R__" } } });
    try {
      expect((await closed.call("greet", ["Ada"])).status).toBe(401);
      expect((await closed.send("/auth/anonymous", { method: "POST" })).status).toBe(401);
      const { bearer } = await closed.register();
      expect((await closed.call("greet", ["Ada"], bearer)).status).toBe(500);
      expect((await closed.call("listNotes", [], bearer)).status).toBe(200);
      expect((await closed.call("addNote", ["1", {}], bearer)).status).toBe(403);
    } finally {
      await closed.close();
    }
  });
});

test("guessing a password is slowed down, for the one who guesses", async () => {
  const settings = { ttlMs: 60_000, allowAnonymous: true, anonymousPerm: 4, userPerm: 7 };
  let now = 0;
  const accounts = new MemoryAuth(settings, () => now);
  await accounts.register("ada@example.com", "correct horse");
  for (let guess = 0; guess < 10; guess += 1) {
    await expect(accounts.login("ada@example.com", `guess ${guess}`, "10.0.0.1")).rejects.toThrow("Unauthorized");
  }
  await expect(accounts.login("ada@example.com", "correct horse", "10.0.0.1")).rejects.toMatchObject({ status: 429 });
  await expect(accounts.login("ada@example.com", "correct horse", "10.0.0.2")).resolves.toBeDefined();
  now += 60_001;
  await expect(accounts.login("ada@example.com", "correct horse", "10.0.0.1")).resolves.toBeDefined();
});

test("an address opens a hundred accounts and sessions a minute", async () => {
  const settings = { ttlMs: 60_000, allowAnonymous: true, anonymousPerm: 4, userPerm: 7 };
  let now = 0;
  const accounts = new MemoryAuth(settings, () => now);
  for (let times = 0; times < 100; times += 1) accounts.anonymous("10.0.0.1");
  expect(() => accounts.anonymous("10.0.0.1")).toThrow("Rate limit exceeded");
  await expect(accounts.register("ada@example.com", "correct horse", "10.0.0.1")).rejects.toMatchObject({ status: 429 });
  expect(accounts.anonymous("10.0.0.2").token).toBeDefined();
  now += 60_001;
  expect(accounts.anonymous("10.0.0.1").token).toBeDefined();
});

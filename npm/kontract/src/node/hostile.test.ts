import { afterAll, beforeAll, expect, test } from "vitest";
import { encodeFlex } from "../codec/flexbuffers.js";
import { startServer, type TestServer } from "../testing/host.js";
import { randomNumbers } from "../testing/random.js";

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());

const PARTS = [
  "[", "]", "{", "}", ",", ":", '"', "\\", "\\u0000", "\\ud800", "null", "true", "1", "-0", "1e999", "1e-999", "0x1", " ", "\n", "\u0000", "\u2028", "é", "🎉",
  '"__proto__"', '"constructor"', '"prototype"', '"toJSON"', '"then"', '"$gt"', "[[[[[[[[", "]]]]]]]]", "9".repeat(400),
];

test("no body makes the server fail, whatever it is put together from", async () => {
  const next = randomNumbers(20_26);
  const pick = (): string => PARTS[Math.floor(next() * PARTS.length)] as string;
  const seen = new Set<number>();
  for (let round = 0; round < 400; round += 1) {
    const inner = Array.from({ length: 1 + Math.floor(next() * 12) }, pick).join("");
    const body = next() < 0.5 ? inner : `[${inner}]`;
    const answer = await server.send("/rpc/echo", { method: "POST", headers: { "content-type": "application/json" }, body });
    expect([200, 400], body).toContain(answer.status);
    seen.add(answer.status);
  }
  expect([...seen].sort()).toEqual([200, 400]);
  expect(server.entries).toEqual([]);
});

test("no bytes make the server fail, whatever they were", async () => {
  const next = randomNumbers(31);
  const whole = encodeFlex(["text", 1, [1.5, null, { a: { b: [true, "x".repeat(60)] } }]], "args");
  const headers = { "content-type": "application/x-kontract", "x-kontract-abi": "sha256:echo" };
  const seen = new Set<number>();
  for (let round = 0; round < 400; round += 1) {
    const body = Uint8Array.from(whole);
    for (let times = Math.floor(next() * 4); times > 0; times -= 1) body[Math.floor(next() * body.length)] = Math.floor(next() * 256);
    const answer = await fetch(`${server.url}/rpc/echo`, { method: "POST", headers, body });
    expect([200, 400], Buffer.from(body).toString("hex")).toContain(answer.status);
    await answer.arrayBuffer();
    seen.add(answer.status);
  }
  expect([...seen].sort()).toEqual([200, 400]);
  expect(server.entries).toEqual([]);
});

test("what is secret is in no answer and no log entry", async () => {
  const dev = await startServer({ dev: true });
  const secret = "hunter2hunter2";
  try {
    const answers: string[] = [];
    const post = async (path: string, body: string, headers: Record<string, string> = {}): Promise<void> => {
      const sent = await dev.send(path, { method: "POST", headers: { "content-type": "application/json", ...headers }, body });
      answers.push(sent.text);
    };
    await dev.register("ada@example.com");
    await post("/auth/login", `{"email":"ada@example.com","password":"${secret}"}`);
    await post("/auth/login", `{"email":"ada@example.com","password":"${secret}`);
    await post("/auth/register", `{"email":"ada@example.com","password":"${secret}"}`);
    await post("/auth/register", `{"email":"${secret}","password":"${secret}"}`);
    await post("/auth/register", `{"password":"${secret}","${secret}":1}`);
    await post("/rpc/fail", "[]", { authorization: `Bearer ${secret}` });
    await post("/rpc/fail", "[]", { authorization: `Basic ${secret}` });
    await post("/rpc/fail", "[]", { cookie: `__Host-kontract=${secret}` });
    await post("/rpc/fail", `["${secret}"]`);
    await post("/rpc/missing", "[]", { "x-api-key": secret });
    expect(answers).toHaveLength(10);
    expect(answers.join()).not.toContain(secret);
    expect(JSON.stringify(dev.entries) + dev.entries.map(({ error }) => String((error as Error)?.stack)).join()).not.toContain(secret);
  } finally {
    await dev.close();
  }
});

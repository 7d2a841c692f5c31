import { env, ctx } from "kontract/runtime";
import { ConflictError, NotFoundError, PermissionError } from "kontract";


export async function write(row) { await env.storage.users.set("1", row); return env.storage.users.get("1"); }
export async function read(id) { return env.storage.users.get(id); }
export async function kinds() {
  const row = { date: new Date(0), big: 2n ** 63n - 1n, bytes: new Uint8Array([1, 2]), tags: new Set(["a"]) };
  await env.storage.values.set("1", row);
  const own = await env.storage.values.get("1");
  return [own.date.getTime(), String(own.big), [...own.bytes], [...own.tags], own.id];
}
export async function kindsAgain() {
  const row = await env.storage.values.get("1");
  return [row.date instanceof Date, typeof row.big, row.bytes instanceof Uint8Array, row.tags instanceof Set];
}
export async function failures() {
  const { users } = env.storage;
  const seen = [];
  const attempt = async (work) => {
    try { await work(); seen.push("none"); } catch (error) { seen.push([error.constructor.name, error.status ?? null, error.message, error.path ?? null]); }
  };
  await attempt(() => users.get(1));
  await attempt(() => users.get("a\0"));
  await attempt(() => users.set("ä".repeat(512) + "a", { name: "Ada" }));
  await attempt(() => users.set("1", { id: "2" }));
  await attempt(() => users.set("1", { age: "x" }));
  await attempt(() => users.set("1", { unknown: 1 }));
  await attempt(() => users.update("missing", { age: 1 }));
  await attempt(() => users.set("1", { get age() { throw new RangeError("of its own"); } }));
  await attempt(() => users.push({ id: "twice" }));
  await attempt(() => users.push({ id: "twice" }));
  await attempt(async () => env.storage.nothing);
  await attempt(async () => env.storage["a-b"]);
  await attempt(async () => { env.storage.users = 1; });
  await attempt(() => users.query({ age: { gt: true } }).next());
  await attempt(() => users.query([]).next());
  await attempt(() => users.query({}, { limit: -1 }).next());
  await attempt(() => users.query({}, { orderBy: "none" }).next());
  await attempt(() => users.query({}, { cursor: "none" }).next());
  await attempt(() => users.query({ name: () => 1 }).next());
  await attempt(() => users.exec("SELECT 1"));
  return seen;
}
export async function classes() {
  const { users } = env.storage;
  const of = async (work) => work().then(() => [], (error) => [error instanceof NotFoundError, error instanceof ConflictError, error instanceof PermissionError]);
  await users.push({ id: "class" });
  return [await of(() => users.update("missing", {})), await of(() => users.push({ id: "class" }))];
}
export async function increment() {
  const row = await env.storage.counters.get("hot");
  await env.storage.counters.set("hot", { n: (row?.n ?? 0) + 1 });
  return Number(ctx.currentTxid) > 0;
}
export async function counted() { return (await env.storage.counters.get("hot")).n; }
export async function fill(count) {
  for (let n = 0; n < count; n++) await env.storage.users.push({ name: `user ${n}`, age: n });
  return count;
}
export async function pages() {
  const { users } = env.storage;
  const seen = [];
  for await (const { age } of users) {
    if (age >= 700) break;
    seen.push(age);
  }
  const first = users.query({ age: { gte: 1195 } }, { limit: 2, orderBy: { age: "desc" } });
  const ages = [];
  for await (const row of first) ages.push(row.age);
  for await (const row of users.query({ age: { gte: 1195 } }, { cursor: first.cursor, orderBy: { age: "desc" } })) ages.push(row.age);
  const many = await users.getMany(["none", (await users.query({ age: 3 }).next()).value.id]);
  return [seen.length, seen.at(-1), ages, await users.count(), await users.count({ age: { lt: 10 } }), many.map((row) => row?.age ?? null)];
}
export async function parallel() {
  const rows = env.storage.users.query({}, { limit: 3, orderBy: "age" });
  const found = await Promise.all([rows.next(), rows.next(), rows.next(), rows.next()]);
  return found.map(({ value, done }) => (done ? "done" : value.age));
}
export async function throws() { await env.storage.users.set("thrown", { age: 1 }); throw new Error("no"); }
let kept;
export async function keep() { kept = env.storage.users; await kept.get("1"); return true; }
export async function useKept() { return kept.get("1"); }
export async function frozen() {
  const { users } = env.storage;
  const rows = users.query();
  return [users, rows].map((object) => Object.isFrozen(Object.getPrototypeOf(object)));
}
export async function shared() {
  await env.shared.set("a", { list: [1n, new Date(5)] });
  const { list } = await env.shared.get("a");
  const hits = [await env.shared.increment("n"), await env.shared.increment("n", 5, { ttl: 10 })];
  const wrong = await env.shared.increment("a").catch((error) => error.constructor.name);
  return [typeof list[0], list[1].getTime(), hits, await env.shared.delete("a"), await env.shared.get("a"), wrong];
}
export async function countedOnce() {
  const hits = await env.shared.increment("attempts");
  const row = await env.storage.counters.get("hot");
  await env.storage.counters.set("hot", { n: (row?.n ?? 0) + 1 });
  return hits;
}
const parse = (text) => JSON.parse(text, (_, value) => {
  if (typeof value?.$date === "number") return new Date(value.$date);
  return typeof value?.$bigint === "string" ? BigInt(value.$bigint) : value;
});
/** What is not as the vectors say, in the rows that this call sees. */
export async function differences({ text, write }) {
  const vectors = parse(text);
  const { people } = env.storage;
  if (write) for (const row of vectors.rows) await people.set(row.id, row);
  const found = [];
  const ids = async (filter, options) => {
    const ids = [];
    for await (const { id } of people.query(filter, options)) ids.push(id);
    return ids;
  };
  const compare = (what, actual, expected) => {
    if (JSON.stringify(actual) !== JSON.stringify(expected)) found.push([String(what), actual, expected]);
  };
  for (const [index, [filter, expected]] of vectors.finds.entries()) {
    compare(`finds ${index}`, await ids(filter), expected);
    compare(`counts ${index}`, await people.count(filter), expected.length);
  }
  for (const [index, [filter, message]] of vectors.refused.entries()) {
    compare(`refused ${index}`, await ids(filter).catch((error) => [error.status, error.message]), [400, message]);
  }
  for (const [index, [orderBy, expected]] of vectors.orders.entries()) {
    compare(`orders ${index}`, await ids({}, { orderBy }), expected);
    const { cursor } = await (async () => {
      const rows = people.query({}, { orderBy, limit: 3 });
      for await (const _ of rows);
      return rows;
    })();
    compare(`continues ${index}`, await ids({}, { orderBy, cursor }), expected.slice(3));
  }
  return found;
}
export async function attempts() { return env.shared.get("attempts"); }
export async function fund() {
  await env.storage.counters.set("a", { n: 50 });
  await env.storage.counters.set("b", { n: 50 });
  return true;
}
export async function transfer() {
  const { counters } = env.storage;
  const [a, b] = await counters.getMany(["a", "b"]);
  await counters.set("a", { n: a.n - 1 });
  await counters.set("b", { n: b.n + 1 });
  return true;
}
export async function audit() {
  const { counters } = env.storage;
  const { n } = await counters.get("a");
  await new Promise((done) => setTimeout(done, 1));
  const sum = n + (await counters.get("b")).n;
  if (sum !== 100) throw new Error(`${sum} in all`);
  return sum;
}

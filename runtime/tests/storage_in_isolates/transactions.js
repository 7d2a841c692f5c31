
const wait = (ms) => new Promise((done) => setTimeout(done, ms));
const n = async (id) => (await env.storage.counters.get(id))?.n ?? null;
const raise = async (id) => env.storage.counters.set(id, { n: ((await n(id)) ?? 0) + 1 });
const told = (work) => work.then(() => "done", (error) => error.message);

/** Two transactions and a failure: what was committed stays. */
export async function severalTransactions() {
  await env.storage.transaction(() => raise("first"));
  const returned = await env.storage.transaction(async () => { await raise("first"); return n("first"); });
  const failed = await told(env.storage.transaction(async () => { await raise("second"); throw new Error("no"); }));
  const seen = [returned, failed, await n("first"), await n("second")];
  throw new Error(JSON.stringify(seen));
}
export async function overlapping() {
  const nested = await told(env.storage.transaction(() => env.storage.transaction(() => 1)));
  const side = await Promise.all([1, 2].map(() => told(env.storage.transaction(() => wait(1)))));
  await env.storage.counters.set("outside", { n: 1 });
  return [nested, side, await told(env.storage.transaction(() => 1)), await told(env.storage.transaction(1))];
}
/** Raises a counter in a transaction of its own, in a call that has read before. */
export async function raiseInTransaction() {
  await Promise.all([n("hot"), n("cold")]);
  let times = 0;
  const value = await env.storage.transaction(async () => { times += 1; await raise("hot"); await wait(2); return n("hot"); });
  return [value, times];
}
export async function values(ids) { return Promise.all(ids.map(n)); }
let hooks = [];
export async function afterCommit(fails) {
  hooks = [];
  const { counters } = env.storage;
  await counters.set("committed", { n: 1 });
  const before = ctx.currentTxid;
  env.afterCommit(async () => {
    const row = await counters.get("committed");
    hooks.push([row?.n ?? null, ctx.currentTxid > before]);
    await counters.update("committed", { n: 2 });
  });
  env.afterCommit(() => { throw new Error("its failure is logged"); });
  env.afterCommit(async () => { hooks.push([await n("committed")]); });
  await env.storage.counters.get("other");
  if (fails) throw new Error("no");
  return typeof env.afterCommit;
}
export async function hooked() { return hooks; }
export async function atOnce() {
  const { counters } = env.storage;
  const ids = [await counters.push({ n: 1 }), await counters.push({ n: 2 }), await counters.push({ n: 3 })];
  await counters.update(ids[0], { n: 10 });
  const seen = [
    (await counters.getMany([...ids, "none"])).map((row) => row?.n ?? null),
    await told(counters.update("none", { n: 1 })),
    await counters.delete("none"),
    await told(counters.push({ id: ids[0], n: 1 })),
    await counters.count(),
    (await counters.pop()).n,
    (await counters.shift()).n,
    await counters.delete(ids[1]),
    await counters.pop(),
  ];
  await counters.set("kept", { n: 5 });
  const rows = [];
  for await (const { id } of counters.query({ n: 5 })) rows.push(id);
  throw new Error(JSON.stringify([...seen, rows, ctx.currentTxid > 0n]));
}
export async function waitFor(key) {
  while ((await env.shared.get(key)) === null) await wait(5);
}
export async function produce(count) {
  for (let i = 0; i < count; i++) await env.storage.counters.push({ n: i });
  return count;
}
export async function consume() {
  const taken = [];
  for (;;) {
    const row = await (taken.length % 2 ? env.storage.counters.pop() : env.storage.counters.shift());
    if (row === null) return taken;
    taken.push(row.id);
  }
}
export async function later(id) {
  const { counters } = env.storage;
  ctx.waitUntil((async () => {
    await counters.push({ id, n: 1 });
    await wait(30);
    await counters.update(id, { n: 2 });
    await env.storage.transaction(() => raise(id));
  })());
  return n("nothing");
}
/** Has an effect, then meets another call. */
export async function book(id) {
  await env.storage.transaction(() => raise("elsewhere"));
  const before = await n(id);
  await wait(150);
  await env.storage.counters.set(id, { n: (before ?? 0) + 1 });
  return true;
}
let served = 0;
export async function countServed(text) {
  served += 1;
  await raise("served");
  return [served, text];
}
export async function raiseNow(id) { await raise(id); return true; }
export async function setShared([key, value, ttl]) { await env.shared.set(key, value, { ttl }); return true; }
export async function getShared(key) { return env.shared.get(key); }
export async function hit(key) { return env.shared.increment(key, 1, { ttl: 60 }); }
/** Counts in a transaction that may run again. */
export async function hitInTransaction() {
  return env.storage.transaction(async () => {
    await env.shared.increment("transactions");
    await raise("hits");
    await wait(2);
  });
}

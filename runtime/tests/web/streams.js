const collect = async (stream) => {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
};

test("what is pulled can be read", async () => {
  let next = 0;
  const stream = new ReadableStream({
    pull(controller) {
      controller.enqueue(next++);
      if (next === 3) controller.close();
    },
  });
  equal(stream.locked, false);
  equal(await collect(stream), [0, 1, 2]);
  equal(await collect(new ReadableStream({ start: (controller) => controller.close() })), []);
});

test("a source is pulled as far as is wanted", async () => {
  let pulled = 0;
  const stream = new ReadableStream({ pull: (controller) => controller.enqueue(pulled++) }, { highWaterMark: 3 });
  await sleep(2);
  equal(pulled, 3);
  const reader = stream.getReader();
  equal(await reader.read(), { value: 0, done: false });
  await sleep(2);
  equal(pulled, 4);
  await reader.cancel();
  equal(await reader.read(), { done: true });
});

test("a reader locks its stream", async () => {
  const stream = new ReadableStream();
  const reader = stream.getReader();
  equal(stream.locked, true);
  throws(() => stream.getReader(), "TypeError");
  await rejects(stream.cancel(), "TypeError");
  const waiting = reader.read();
  reader.releaseLock();
  await rejects(waiting, "TypeError");
  await rejects(reader.read(), "TypeError");
  await rejects(reader.closed, "TypeError");
  equal(stream.locked, false);
});

test("an error reaches whoever reads", async () => {
  const stream = new ReadableStream({
    start(controller) {
      controller.enqueue("a");
    },
    pull() {
      throw new RangeError("broken");
    },
  }, { highWaterMark: 2 });
  const reader = stream.getReader();
  await rejects(reader.closed, "broken");
  await rejects(reader.read(), "broken");
  await rejects(reader.cancel(), "broken");
});

test("leaving a loop cancels", async () => {
  let reason = "none";
  const stream = new ReadableStream({
    pull: (controller) => controller.enqueue(1),
    cancel: (why) => void (reason = why),
  });
  for await (const chunk of stream) if (chunk === 1) break;
  equal(reason, undefined);
  equal(stream.locked, false);
});

test("two branches see the same", async () => {
  const [left, right] = ReadableStream.from(["a", "b"]).tee();
  equal(await Promise.all([collect(left), collect(right)]), [["a", "b"], ["a", "b"]]);
});

test("both branches cancel the source", async () => {
  let cancelled = 0;
  const stream = new ReadableStream({ cancel: () => void cancelled++ });
  const [left, right] = stream.tee();
  const first = left.cancel();
  equal(cancelled, 0);
  await Promise.all([first, right.cancel()]);
  equal(cancelled, 1);
});

test("an iterable becomes a stream", async () => {
  async function* numbers() {
    yield 1;
    yield 2;
  }
  equal(await collect(ReadableStream.from(numbers())), [1, 2]);
  throws(() => ReadableStream.from({}), "TypeError");
});

test("a closed stream takes nothing more", () => {
  let controller;
  new ReadableStream({ start: (given) => void (controller = given) });
  equal(controller.desiredSize, 1);
  controller.enqueue(1);
  equal(controller.desiredSize, 0);
  controller.close();
  throws(() => controller.enqueue(1), "TypeError");
  throws(() => controller.close(), "TypeError");
  throws(() => new ReadableStreamDefaultController(), "TypeError");
  equal(new CountQueuingStrategy({ highWaterMark: 4 }).highWaterMark, 4);
  equal(new ByteLengthQueuingStrategy({ highWaterMark: 4 }).size(Uint8Array.of(1, 2)), 2);
});

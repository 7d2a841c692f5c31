test("built-ins are copied with what is in them", () => {
  const value = {
    date: new Date(5),
    regex: /a+/gi,
    map: new Map([[{ k: 1 }, [1, , 3]]]),
    set: new Set(["x"]),
    nested: { undefined: undefined, big: 5n, nan: NaN, minus: -0 },
    bytes: Uint8Array.of(1, 2),
    view: new DataView(new ArrayBuffer(3), 1),
    boxed: [Object(1), Object("s"), Object(true), Object(2n)],
  };
  const copy = structuredClone(value);
  truthy(copy.date instanceof Date && copy.date !== value.date && copy.date.getTime() === 5);
  equal([copy.regex.source, copy.regex.flags], ["a+", "gi"]);
  const [[key, list]] = copy.map;
  equal([key.k, list.length, 1 in list], [1, 3, false]);
  truthy(copy.set.has("x") && "undefined" in copy.nested && Object.is(copy.nested.minus, -0));
  equal(copy.nested.big, 5n);
  equal(copy.bytes, Uint8Array.of(1, 2));
  equal([copy.view.byteLength, copy.view.byteOffset, copy.view instanceof DataView], [2, 1, true]);
  equal(copy.boxed.map((one) => typeof one.valueOf()), ["number", "string", "boolean", "bigint"]);
});

test("cycles and shared values stay what they are", () => {
  const shared = { a: 1 };
  const value = { one: shared, two: shared, map: new Map() };
  value.self = value;
  value.map.set("self", value);
  const copy = structuredClone(value);
  truthy(copy.self === copy && copy.map.get("self") === copy && copy.one === copy.two && copy.one !== shared);
  const buffer = new ArrayBuffer(4);
  const [left, right] = structuredClone([new Uint8Array(buffer, 1), new Uint16Array(buffer)]);
  truthy(left.buffer === right.buffer && left.buffer !== buffer && left.byteOffset === 1);
});

test("errors keep their kind, message and cause", () => {
  const copy = structuredClone(new RangeError("far", { cause: new Error("deep") }));
  truthy(copy instanceof RangeError && copy.message === "far" && copy.cause.message === "deep");
  class Own extends Error {
    name = "Own";
  }
  const own = structuredClone(new Own("mine"));
  equal([Object.getPrototypeOf(own) === Error.prototype, own.message], [true, "mine"]);
});

test("instances of classes become objects, getters values", () => {
  class Point {
    x = 1;
    get y() {
      return 2;
    }
  }
  const copy = structuredClone(new Point());
  equal([Object.getPrototypeOf(copy) === Object.prototype, copy], [true, { x: 1 }]);
  equal(structuredClone({ get a() { return 7; } }), { a: 7 });
  equal(Object.hasOwn(structuredClone(JSON.parse('{"__proto__":{"a":1}}')), "__proto__"), true);
});

test("what cannot be copied is refused", () => {
  for (const value of [() => {}, Symbol(), { f() {} }, new WeakMap(), Promise.resolve()]) {
    const error = throws(() => structuredClone(value), "DataCloneError");
    truthy(error instanceof DOMException);
  }
  throws(() => structuredClone(), "TypeError");
  throws(() => structuredClone({ get a() { throw new Error("mine"); } }), "mine");
});

test("a transferred buffer is gone", () => {
  const buffer = Uint8Array.of(1, 2, 3).buffer;
  const copy = structuredClone({ buffer, view: new Uint8Array(buffer) }, { transfer: [buffer] });
  equal([buffer.byteLength, copy.buffer.byteLength], [0, 3]);
  truthy(copy.view.buffer === copy.buffer);
  throws(() => structuredClone(1, { transfer: [{}] }));
});

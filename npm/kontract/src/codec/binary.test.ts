// The parts that generated codecs are made of. Whole codecs are tested in tests/codec.
import { describe, expect, test } from "vitest";
import { CodecError } from "./errors.js";
import * as codec from "./index.js";
import type { Segment } from "./path.js";
import type { Reader } from "./reader.js";
import type { Writer } from "./writer.js";

type Put = (w: Writer, x: unknown, at: number, d: number, key: Segment) => void;
type Get<T = unknown> = (r: Reader, at: number, d: number, key: Segment) => T;

/** A table with the field `a`, as generated code writes and reads it. */
const written = (put: Put, value: unknown): Uint8Array =>
  codec.encode("args", value, (w, x, at, d, key) => {
    codec.enter(w, d, key);
    const t = codec.wideTable(w, at, 12);
    put(w, x, t + 4, d + 1, "a");
    const v = codec.vtable(w, t, 1, 12);
    w.shorts[(v >> 1) + 2] = 4;
  });
const absent = (): Uint8Array =>
  codec.encode("args", undefined, (w, _, at) => void codec.vtable(w, codec.table(w, at, 4), 0, 4));
const read = <T>(get: Get<T>, bytes: Uint8Array, root: "args" | "result" = "args"): T =>
  codec.decode(root, bytes, (r, at, d, key) => {
    const t = codec.openTable(r, at, d, key);
    const { vtable, entries, end } = r;
    codec.closed(r, vtable, entries, 6, d + 1);
    return get(r, codec.cell(r, t, vtable, entries, end, 4), d + 1, "a");
  });
const errorOf = (run: () => unknown): CodecError => {
  try {
    run();
  } catch (error) {
    if (error instanceof CodecError) return error;
    throw error;
  }
  throw new Error("expected an error");
};

const { MAX_SAFE_INTEGER, MIN_SAFE_INTEGER } = Number;
const KINDS: [name: string, put: Put, get: Get, values: unknown[], wrong: unknown[]][] = [
  ["boolean", codec.putBoolean, codec.getBoolean, [true, false], [0, 1, "true", null, undefined]],
  ["float64", codec.putFloat64, codec.getFloat64, [0, -0, 1.5, 5e-324, Number.MAX_VALUE, Number.NaN, Infinity, -Infinity], ["1", 1n, null]],
  ["float32", codec.putFloat32, codec.getFloat32, [0, -0, 1.5, Number.NaN, Infinity, -Infinity, Math.fround(0.1)], [1e39, -1e39, "1"]],
  ["int8", codec.putInt8, codec.getInt8, [0, 127, -128], [128, -129, 0.5, Number.NaN, "1"]],
  ["int16", codec.putInt16, codec.getInt16, [0, 32767, -32768], [32768, -32769, 0.5, "1"]],
  ["int32", codec.putInt32, codec.getInt32, [0, 2 ** 31 - 1, -(2 ** 31)], [2 ** 31, -(2 ** 31) - 1, 0.5, "1"]],
  ["int64", codec.putInt64, codec.getInt64, [0, 1, -1, 2 ** 32, -(2 ** 32), MAX_SAFE_INTEGER, MIN_SAFE_INTEGER], [2 ** 53, -(2 ** 53), 0.5, 1n]],
  ["uint8", codec.putUint8, codec.getUint8, [0, 255], [256, -1, 0.5, "1"]],
  ["uint16", codec.putUint16, codec.getUint16, [0, 65535], [65536, -1, 0.5, "1"]],
  ["uint32", codec.putUint32, codec.getUint32, [0, 2 ** 32 - 1], [2 ** 32, -1, 0.5, "1"]],
  ["uint64", codec.putUint64, codec.getUint64, [0, 2 ** 32, MAX_SAFE_INTEGER], [2 ** 53, -1, 0.5, 1n]],
  ["bigint", codec.putBigInt64, codec.getBigInt64, [0n, -1n, 2n ** 63n - 1n, -(2n ** 63n)], [2n ** 63n, -(2n ** 63n) - 1n, 1]],
  ["unsigned bigint", codec.putBigUint64, codec.getBigUint64, [0n, 2n ** 64n - 1n], [2n ** 64n, -1n, 1]],
  ["Date", codec.putDate, codec.getDate, [new Date(0), new Date(-8.64e15), new Date(8.64e15), new Date(123)], [new Date(Number.NaN), 0, "1970-01-01", Object.create(Date.prototype)]],
  ["Uint8Array", codec.putBytes, codec.getBytes, [new Uint8Array(), new Uint8Array([0, 255])], [[1], new Uint16Array(1), "AA==", Object.create(Uint8Array.prototype)]],
  ["string", codec.putString, codec.getString, ["", "a", "12345678", "123456789", "x".repeat(25), "x".repeat(300), "ä€😀", "ä".repeat(20), `${"x".repeat(30)}ä`, "\ufeffmark"], [1, null, "\0", `${"x".repeat(40)}\0`, "\ud800", `${"x".repeat(40)}\udc00`]],
  ["unknown", codec.putUnknown, codec.getUnknown, [null, [1, { a: "x" }]], [new Date(), 1n]],
];

describe.each(KINDS)("%s", (_, put, get, values, wrong) => {
  test("comes back as it was", () => {
    for (const value of values) expect(read(get, written(put, value))).toStrictEqual(value);
  });

  test("is refused where it is something else", () => {
    for (const value of wrong) {
      const error = errorOf(() => written(put, value));
      expect(error.path).toBe("args.a");
      expect(error.message).toMatch(/^args\.a: expected /);
    }
    expect(written(put, values[0]).length).toBeGreaterThan(0);
  });

  test("is missed where it is absent", () => {
    expect(errorOf(() => read(get, absent())).message).toMatch(/^args\.a: expected /);
  });
});

test("what stands for undefined and null", () => {
  const state = (value: number, admitted: number): Get => (r, at, d, key) => codec.getState(r, at, value, admitted, d, key);
  expect(read(state(0, 3), written(codec.putUint8, 1))).toBeUndefined();
  expect(read(state(0, 2), written(codec.putUint8, 2))).toBeNull();
  for (const [byte, value, admitted] of [[0, 0, 3], [3, 0, 3], [4, 0, 3], [1, 0, 2], [2, 8, 3]] as const) {
    expect(() => read(state(value, admitted), written(codec.putUint8, byte))).toThrow(CodecError);
  }
  expect(() => read(state(0, 2), absent())).toThrow(CodecError);
});

test("a vector of numbers", () => {
  const put: Put = (w, x, at) => {
    const list = x as number[];
    let place = codec.vector(w, at, list.length, 8);
    for (const element of list) {
      codec.putFloat64(w, element, place, 2, 0);
      place += 8;
    }
  };
  const get: Get = (r, at, d, key) => {
    const first = codec.openVector(r, at, 8, d, key);
    return Array.from({ length: r.count }, (_, index) => r.view.getFloat64(first + 8 * index, true));
  };
  for (const length of [0, 1, 3, 20_000]) {
    const list = Array.from({ length }, (_, index) => index / 3);
    expect(read(get, written(put, list))).toEqual(list);
  }
  expect(errorOf(() => read(get, absent())).message).toBe("args.a: expected array");
});

describe("an encoder", () => {
  test("that fails leaves nothing behind for the next", () => {
    for (let round = 0; round < 50; round += 1) {
      expect(() => written(codec.putString, 1)).toThrow(CodecError);
      expect(read(codec.getString, written(codec.putString, `text ${round}`))).toBe(`text ${round}`);
    }
  });

  test("may be called while another is at work", () => {
    let inner: Uint8Array | undefined;
    const put: Put = (w, x, at, d, key) => {
      inner = written(codec.putString, "inner");
      codec.putString(w, x, at, d, key);
    };
    expect(read(codec.getString, written(put, "outer"))).toBe("outer");
    expect(read(codec.getString, inner as Uint8Array)).toBe("inner");
  });

  test("does not touch a message that is finished", () => {
    const messages = Array.from({ length: 3000 }, (_, index) => written(codec.putString, "m".repeat(index % 90) + index));
    messages.forEach((message, index) => expect(read(codec.getString, message)).toBe("m".repeat(index % 90) + index));
    const long = "x".repeat(400_000);
    expect(read(codec.getString, written(codec.putString, long))).toBe(long);
    expect(read(codec.getString, messages[7] as Uint8Array)).toBe("mmmmmmm7");
  });
});

describe("bytes that are no message", () => {
  const whole = written(codec.putString, "some text that is long enough");

  test("are refused or read as some text, whatever was changed", () => {
    for (let index = 0; index < whole.length; index += 1) {
      for (const byte of [0, 1, 4, 127, 128, 255]) {
        const forged = Uint8Array.from(whole);
        forged[index] = byte;
        try {
          expect(read(codec.getString, forged)).toBeTypeOf("string");
        } catch (error) {
          expect(error).toBeInstanceOf(CodecError);
        }
      }
    }
  });

  test("are refused where they end early", () => {
    for (let length = 0; length < whole.length - 8; length += 1) {
      expect(errorOf(() => read(codec.getString, whole.subarray(0, length)))).toBeInstanceOf(CodecError);
    }
  });

  test("are refused in a request where they hold more than is known, and not in a response", () => {
    const more = codec.encode("args", "x", (w, x, at, d) => {
      const t = codec.table(w, at, 12);
      codec.putString(w, x, t + 4, d, "a");
      codec.putString(w, "later", t + 8, d, "b");
      const v = codec.vtable(w, t, 2, 12);
      w.shorts.set([4, 8], (v >> 1) + 2);
    });
    expect(errorOf(() => read(codec.getString, more)).message).toContain("a field that is not known here");
    expect(read(codec.getString, more, "result")).toBe("x");
  });

  test("are refused where one place is visited again and again", () => {
    const get: Get = (r, at, d, key) => {
      for (let times = 0; times < 1000; times += 1) codec.getBytes(r, at, d, key);
    };
    const bytes = written(codec.putBytes, new Uint8Array(10_000));
    expect(errorOf(() => read(get, bytes)).message).toContain("malformed message");
  });

  test("may lie anywhere in a buffer, in Node's own kind too", () => {
    const larger = Buffer.alloc(whole.length + 5, 1);
    larger.set(whole, 5);
    expect(read(codec.getString, larger.subarray(5))).toBe("some text that is long enough");
    const bytes = read(codec.getBytes as Get<Uint8Array>, Buffer.from(written(codec.putBytes, new Uint8Array([1, 2]))));
    expect(bytes).toStrictEqual(new Uint8Array([1, 2]));
    expect(bytes.buffer.byteLength).toBe(2);
  });
});

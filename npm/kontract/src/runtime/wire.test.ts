import { describe, expect, test } from "vitest";
import { CodecError } from "../codec/errors.js";
import { decodeFlex, encodeFlex } from "../codec/flexbuffers.js";
import { StaleClientError } from "../errors.js";
import { HttpResp } from "../http-resp.js";
import { dataCodec } from "../testing/codec.js";
import type { RouteCodec } from "./routes.js";
import { checkContract, type Form, formOf, readArguments, type Reply, writeReply } from "./wire.js";

const text = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);
const json = (body: string) => ({ form: "json", bytes: new TextEncoder().encode(body), abi: undefined }) as const;
const binary = (value: unknown) => ({ form: "binary", bytes: encodeFlex(value, "args"), abi: "a" }) as const;

test.each([
  ["application/json", "json"],
  ["Application/JSON; charset=UTF-8", "json"],
  ['application/json;charset="utf-8"', "json"],
  ["application/x-kontract", "binary"],
  ["Application/X-Kontract ", "binary"],
  ["application/x-kontract; charset=utf-8", undefined],
  ["application/x-kontracts", undefined],
  ["application/jsonp", undefined],
  ["application/json; charset=utf-16", undefined],
  ["text/plain", undefined],
  ["", undefined],
])("the content type %s is the form %s", (type, form) => {
  expect(formOf(type)).toBe(form);
});

describe("a contract", () => {
  const accepts = new Set(["a", "b"]);
  test("that is served passes, in both forms", () => {
    checkContract("f", { ...binary([]), abi: "a" }, accepts);
    checkContract("f", { ...json("[]"), abi: "b" }, accepts);
    checkContract("f", json("[]"), accepts);
  });

  test("that is not is the client's age", () => {
    for (const payload of [{ ...binary([]), abi: "c" }, { ...json("[]"), abi: "" }, { ...json("[]"), abi: "a, b" }]) {
      expect(() => checkContract("f", payload, accepts)).toThrow(new StaleClientError("f"));
      expect(() => checkContract("f", payload, undefined)).toThrow(StaleClientError);
    }
  });

  test("must be named with bytes", () => {
    expect(() => checkContract("f", { ...binary([]), abi: undefined }, accepts)).toThrow(
      expect.objectContaining({ status: 400, code: "INVALID_REQUEST", message: expect.stringMatching(/^x-kontract-abi: expected/) }),
    );
  });
});

describe("arguments", () => {
  test("are read in both forms", () => {
    expect(readArguments(dataCodec(), json('[1,{"a":null}]'))).toEqual([1, { a: null }]);
    expect(readArguments(dataCodec(), json(""))).toEqual([]);
    expect(readArguments(dataCodec(), binary([1, { a: null }]))).toEqual([1, { a: null }]);
  });

  test.each([
    [json("{"), "body: expected JSON", undefined],
    [json("{}"), "body: expected an array of arguments", undefined],
    [json("null"), "body: expected an array of arguments", undefined],
    [{ ...json(""), bytes: new Uint8Array([0x22, 0xff, 0x22]) }, "body: expected JSON", undefined],
    [json("[1,2]"), "args: expected at most 1", "args"],
    [binary([1, 2]), "args: expected at most 1", "args"],
    [{ ...binary([]), bytes: new Uint8Array() }, "args: malformed FlexBuffer", "args"],
  ])("that are none are the caller's fault: %o", (payload, message, path) => {
    const expected = expect.objectContaining({ name: "HttpError", status: 400, code: "INVALID_REQUEST", message });
    expect(() => readArguments(dataCodec(1), payload)).toThrow(expected);
    expect(() => readArguments(dataCodec(1), payload)).toThrow(path === undefined ? expected : expect.objectContaining({ path }));
  });

  test("that are no message at all have no path", () => {
    const malformed = (): never => {
      throw new CodecError("", "malformed message");
    };
    const thrown = expect.objectContaining({ status: 400, message: "malformed message" });
    expect(() => readArguments({ ...dataCodec(), decodeRequest: malformed }, binary([]))).toThrow(thrown);
    expect(() => readArguments({ ...dataCodec(), decodeRequest: malformed }, binary([]))).not.toThrow(expect.objectContaining({ path: "" }));
  });

  test("that a codec fails to read for reasons of its own are not", () => {
    const failing = { ...dataCodec(), readRequest: () => { throw new RangeError("bug"); } };
    expect(() => readArguments(failing, json("[]"))).toThrow(RangeError);
  });
});

describe.each<[Form, (reply: Reply) => unknown]>([
  ["json", ({ body }) => (JSON.parse(text(body)) as { result: unknown }).result],
  ["binary", ({ body }) => (decodeFlex(body as Uint8Array, "result") as unknown[])[0]],
])("a result in the form %s", (form, read) => {
  const write = (returned: unknown, maxBytes = 1000, codec: RouteCodec = dataCodec()): Reply => writeReply(codec, form, returned, maxBytes);

  test("is written", () => {
    const reply = write({ a: [1] });
    expect(reply).toMatchObject({ form, status: 200, headers: {} });
    expect(read(reply)).toEqual({ a: [1] });
    expect(read(write(undefined))).toBeUndefined();
  });

  test("may have a status and headers", () => {
    const reply = write(new HttpResp({ a: 1 }, 201, { Location: "/1" }));
    expect(reply).toMatchObject({ status: 201, headers: { Location: "/1" } });
    expect(read(reply)).toEqual({ a: 1 });
    expect(write(new HttpResp(1, 200, null as never)).headers).toEqual({});
  });

  test("has no body with 204 and redirects, whatever the data", () => {
    for (const status of [204, 300, 302, 304, 399]) expect(write(new HttpResp(1n, status)).body).toBeUndefined();
    for (const status of [200, 205, 299, 400, 599]) expect(read(write(new HttpResp(1, status)))).toBe(1);
  });

  test("cannot have a status that is none", () => {
    for (const status of [100, 199, 600, 200.5, "200", undefined]) {
      const returned = Object.assign(HttpResp.ok(1), { status });
      expect(() => write(returned)).toThrow(/is not a status from 200 to 599/);
    }
  });

  test("that is too large is an error", () => {
    expect(() => write("x".repeat(1000))).toThrow("The result is larger than 1000 bytes");
  });

  test("that does not match its type names the place, for the log", () => {
    const refuse = (): never => {
      throw new CodecError("result.author.email", "expected string");
    };
    const codec = { ...dataCodec(), encodeResponse: refuse, writeResponse: refuse };
    const expected = expect.objectContaining({
      name: "TypeError",
      message: "the result does not match its declared type: result.author.email: expected string",
      cause: expect.any(CodecError),
    });
    expect(() => write({}, 1000, codec)).toThrow(expected);
    const broken = (): never => {
      throw new RangeError("bug");
    };
    expect(() => write({}, 1000, { ...codec, encodeResponse: broken, writeResponse: broken })).toThrow(RangeError);
  });
});

test("no result is an object without one in JSON", () => {
  expect(text(writeReply(dataCodec(), "json", undefined, 100).body)).toBe("{}");
});

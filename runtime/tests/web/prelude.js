// What the files beside this one use to say what must hold. They run in isolates and in Node.
const IN_NODE = typeof process !== "undefined";
const cases = [];

function test(name, body) {
  cases.push([name, body]);
}

function equal(actual, expected, what = "") {
  const [left, right] = [show(actual), show(expected)];
  if (left !== right) throw new Error(`${what} ${left} is not ${right}`);
}

function truthy(value, what = "") {
  if (!value) throw new Error(`${what} ${show(value)} is not true`);
}

// `expected`: the name of the error, or a part of its message.
function throws(body, expected) {
  let result;
  try {
    result = body();
  } catch (error) {
    return matches(error, expected);
  }
  throw new Error(`nothing was thrown but ${show(result)} returned by ${body}`);
}

async function rejects(promise, expected) {
  let result;
  try {
    result = await (typeof promise === "function" ? promise() : promise);
  } catch (error) {
    return matches(error, expected);
  }
  throw new Error(`${show(result)} instead of ${expected}`);
}

function matches(error, expected) {
  if (expected === undefined) return error;
  const found = error?.name === expected || String(error?.message).includes(expected);
  if (!found) throw new Error(`${error?.name}: ${error?.message} is not ${expected}`);
  return error;
}

function show(value) {
  if (value instanceof Uint8Array) return `bytes ${[...value]}`;
  if (value instanceof ArrayBuffer) return `buffer ${[...new Uint8Array(value)]}`;
  if (typeof value === "string" || value === undefined || Object.is(value, -0)) return Object.is(value, -0) ? "-0" : JSON.stringify(value) ?? "undefined";
  if (typeof value === "bigint" || typeof value === "symbol" || typeof value === "function") return String(value);
  if (typeof value === "number") return String(value);
  return JSON.stringify(value, (key, item) => (item instanceof Uint8Array ? show(item) : item));
}

const utf8 = (text) => new TextEncoder().encode(text);
const hex = (bytes) => Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
const unhex = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function report() {
  const failures = [];
  const awake = setInterval(() => {}, 1000);
  for (const [name, body] of cases) {
    try {
      await body();
    } catch (error) {
      failures.push(`${name}: ${error?.name}: ${error?.message}\n${error?.stack}`);
    }
  }
  clearInterval(awake);
  return `${cases.length} run\n${failures.join("\n")}`;
}

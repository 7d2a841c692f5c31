// Values as text, as Node's `util.format` and `util.inspect` show them. No getter is run.
export default () => ({ format, inspect });

function format(args) {
  let [first] = args;
  let next = 0;
  let text = "";
  if (typeof first === "string") {
    next = 1;
    text = args.length === 1 ? first : first.replaceAll(/%[sdifjoOc%]/g, (mark) => {
      if (mark === "%%") return "%";
      if (next >= args.length) return mark;
      return formatted(mark, args[next++]);
    });
  }
  for (; next < args.length; next++) {
    const value = args[next];
    text += (next === 0 ? "" : " ") + (typeof value === "string" ? value : inspect(value));
  }
  return text;
}

function formatted(mark, value) {
  switch (mark) {
    case "%s":
      if (typeof value === "string") return value;
      if (typeof value === "bigint") return `${value}n`;
      if (typeof value !== "object" || value === null) return Object.is(value, -0) ? "-0" : String(value);
      return hasOwnText(value) ? String(value) : inspect(value, { depth: 0 });
    case "%d":
      if (typeof value === "bigint") return `${value}n`;
      return typeof value === "symbol" || typeof value === "object" ? "NaN" : String(Number(value));
    case "%i":
      if (typeof value === "bigint") return `${value}n`;
      return typeof value === "symbol" || typeof value === "object" ? "NaN" : String(parseInt(value));
    case "%f":
      return typeof value === "symbol" ? "NaN" : String(parseFloat(value));
    case "%j":
      try {
        return String(JSON.stringify(value));
      } catch {
        return "[Circular]";
      }
    case "%o":
      return inspect(value, { depth: 4 });
    case "%O":
      return inspect(value);
    default:
      return ""; // %c: a style
  }
}

// Whether the application says how it reads as text.
function hasOwnText(value) {
  for (let at = value; at !== null; at = Object.getPrototypeOf(at)) {
    const constructor = Reflect.getOwnPropertyDescriptor(at, "constructor")?.value;
    const isGlobal = typeof constructor === "function" && globalThis[constructor.name] === constructor;
    if (BUILT_IN.has(at) || isGlobal) return false;
    if (Object.hasOwn(at, "toString") || Object.hasOwn(at, Symbol.toPrimitive)) return true;
  }
  return false;
}

function inspect(value, options) {
  const depth = options?.depth === null ? Infinity : Number(options?.depth ?? 2);
  return show(value, { depth, seen: [], level: 0, left: MOST_VALUES });
}

function show(value, state) {
  switch (typeof value) {
    case "string":
      return state.seen.length === 0 ? quote(value) : quote(shorten(value, MOST_CHARACTERS));
    case "number":
      return Object.is(value, -0) ? "-0" : String(value);
    case "bigint":
      return `${value}n`;
    case "object":
    case "function":
      return value === null ? "null" : showObject(value, state);
    default:
      return String(value);
  }
}

function showObject(value, state) {
  if (state.seen.includes(value)) return "[Circular]";
  state.left--;
  const name = constructorName(value);
  const { prefix, brackets, items, size, hidden } = describe(value, name, state);
  if (brackets === undefined && items === undefined) {
    const properties = inside(value, state, () => showProperties(value, state, hidden));
    return properties.length === 0 ? prefix : join(`${prefix} `, "{}", properties, state);
  }
  const isEmpty = !(size > 0) && Object.keys(value).length === 0;
  if (!isEmpty && (state.seen.length > state.depth || state.left <= 0)) {
    return brackets === "[]" && name === "Array" ? "[Array]" : `[${name ?? "Object: null prototype"}]`;
  }
  const parts = inside(value, state, () => [...(items?.() ?? []), ...showProperties(value, state, hidden)]);
  return join(prefix === "" ? "" : `${prefix} `, brackets ?? "{}", parts, state);
}

function inside(value, state, showParts) {
  const level = state.seen.length;
  const deepest = state.level;
  state.level = level;
  state.seen.push(value);
  const parts = showParts();
  if (parts.length === 0) state.level = deepest;
  state.seen.pop();
  return parts;
}

// What kind of object it is, asked of its internal slots where it has any.
function describe(value, name, state) {
  if (typeof value === "function") return { prefix: showFunction(value), hidden: none };
  if (Array.isArray(value)) {
    const prefix = name === "Array" ? "" : `${name ?? "Array"}(${value.length})`;
    const items = () => showItems(value, state);
    return { prefix, brackets: "[]", items, size: value.length, hidden: isIndex };
  }
  if (Error.isError(value)) return { prefix: showError(value, state), hidden: ofErrors };
  const date = slot(DATE, value);
  if (date !== undefined) {
    return { prefix: Number.isNaN(date) ? "Invalid Date" : new Date(date).toISOString(), hidden: none };
  }
  if (slot(SOURCE, value) !== undefined && value !== RegExp.prototype) {
    return { prefix: RegExp.prototype.toString.call(value), hidden: none };
  }
  const mapSize = slot(MAP_SIZE, value);
  if (mapSize !== undefined) {
    const items = () =>
      limited(Map.prototype.entries.call(value), mapSize, ([key, item]) => `${show(key, state)} => ${show(item, state)}`);
    return { prefix: `${name ?? "Map"}(${mapSize})`, brackets: "{}", items, size: mapSize, hidden: none };
  }
  const setSize = slot(SET_SIZE, value);
  if (setSize !== undefined) {
    const items = () => limited(Set.prototype.values.call(value), setSize, (item) => show(item, state));
    return { prefix: `${name ?? "Set"}(${setSize})`, brackets: "{}", items, size: setSize, hidden: none };
  }
  if (ArrayBuffer.isView(value)) {
    const length = slot(VIEW_LENGTH, value) ?? value.byteLength;
    const items = () => (name === "DataView" ? [`byteLength: ${length}`] : showItems(value, state));
    return { prefix: `${name}(${length})`, brackets: "[]", items, size: length, hidden: isIndex };
  }
  const bytes = slot(BUFFER_LENGTH, value);
  if (bytes !== undefined) {
    const items = () => [`byteLength: ${bytes}`];
    return { prefix: name, brackets: "{}", items, size: 1, hidden: none };
  }
  if (value instanceof DOMException) return { prefix: showError(value, state), hidden: ofErrors };
  const tag = ownTag(value);
  const prefix = name === undefined ? "[Object: null prototype]" : name === "Object" ? "" : name;
  const marked = tag !== undefined && tag !== name ? `${prefix || "Object"} [${tag}]` : prefix;
  const pairs = slot(HEADER_ENTRIES.get(name), value);
  const items = pairs && (() => limited(pairs, Infinity, ([key, item]) => `${show(key, state)} => ${show(item, state)}`));
  return { prefix: marked, brackets: "{}", items, size: pairs ? 1 : 0, hidden: none };
}

function showItems(list, state) {
  const parts = [];
  let holes = 0;
  const flush = () => {
    if (holes > 0) parts.push(`<${holes} empty item${holes === 1 ? "" : "s"}>`);
    holes = 0;
  };
  const end = Math.min(list.length, MOST_ITEMS);
  for (let index = 0; index < end; index++) {
    const property = Reflect.getOwnPropertyDescriptor(list, index);
    if (property === undefined) {
      holes++;
      continue;
    }
    flush();
    parts.push(showProperty(property, state));
  }
  flush();
  if (list.length > end) parts.push(more(list.length - end));
  return parts;
}

function limited(iterator, size, showOne) {
  const parts = [];
  for (const item of iterator) {
    if (parts.length === MOST_ITEMS) {
      parts.push(more(size - MOST_ITEMS));
      break;
    }
    parts.push(showOne(item));
  }
  return parts;
}

function showProperties(value, state, hidden) {
  const parts = [];
  for (const key of Reflect.ownKeys(value)) {
    if (typeof key === "string" && hidden(key)) continue;
    const property = Reflect.getOwnPropertyDescriptor(value, key);
    if (property === undefined || !property.enumerable) continue;
    if (parts.length === MOST_ITEMS) {
      parts.push("...");
      break;
    }
    const name = typeof key === "symbol" ? `[${String(key)}]` : IDENTIFIER.test(key) ? key : quote(key);
    parts.push(`${name}: ${showProperty(property, state)}`);
  }
  return parts;
}

function showProperty(property, state) {
  if (!("value" in property)) {
    if (property.get === undefined) return "[Setter]";
    return property.set === undefined ? "[Getter]" : "[Getter/Setter]";
  }
  return show(property.value, state);
}

function showFunction(value) {
  const property = Reflect.getOwnPropertyDescriptor(value, "name");
  const name = typeof property?.value === "string" ? property.value : "";
  const isClass = Reflect.getOwnPropertyDescriptor(value, "prototype")?.writable === false;
  if (isClass) {
    const parent = Object.getPrototypeOf(value);
    const inherited = typeof parent === "function" && parent !== Function.prototype;
    return `[class ${name || "(anonymous)"}${inherited ? ` extends ${parent.name}` : ""}]`;
  }
  const kind = Object.prototype.toString.call(value).slice(8, -1);
  return name === "" ? `[${kind} (anonymous)]` : `[${kind}: ${name}]`;
}

function showError(error, state) {
  const read = (key) => {
    for (let at = error; at !== null; at = Object.getPrototypeOf(at)) {
      const property = Reflect.getOwnPropertyDescriptor(at, key);
      if (property !== undefined) return "value" in property || BUILT_IN.has(at) ? error[key] : "";
    }
    return undefined;
  };
  const [name, message, stack] = [read("name"), read("message"), read("stack")].map((part) =>
    typeof part === "string" ? part : "",
  );
  const head = message === "" ? name || "Error" : `${name || "Error"}: ${message}`;
  const frames = stack === "" ? "" : `\n${stack.replace(/\n+$/, "")}`;
  const cause = Reflect.getOwnPropertyDescriptor(error, "cause");
  if (cause === undefined || !("value" in cause) || state.seen.length > 4) return head + frames;
  state.seen.push(error);
  const text = `${head}${frames}\n  [cause]: ${show(cause.value, state).replaceAll("\n", "\n  ")}`;
  state.seen.pop();
  return text;
}

// On one line if that is short and holds no more than three levels.
function join(prefix, brackets, parts, state) {
  if (parts.length === 0) return prefix + brackets;
  const line = parts.join(", ");
  const [open, close] = brackets;
  const level = state.seen.length;
  const length = line.length + prefix.length + 2 * level;
  if (state.level - level < 3 && length <= LONGEST_LINE && !line.includes("\n")) {
    return `${prefix}${open} ${line} ${close}`;
  }
  const body = parts.map((part) => `  ${part.replaceAll("\n", "\n  ")}`).join(",\n");
  return `${prefix}${open}\n${body}\n${close}`;
}

function constructorName(value) {
  for (let at = value; at !== null; at = Object.getPrototypeOf(at)) {
    const property = Reflect.getOwnPropertyDescriptor(at, "constructor");
    const constructor = BUILT_IN.has(at) ? at.constructor : property?.value;
    if (typeof constructor !== "function") continue;
    const name = Reflect.getOwnPropertyDescriptor(constructor, "name")?.value;
    if (typeof name === "string" && name !== "") return name;
  }
  return undefined;
}

function ownTag(value) {
  for (let at = value; at !== null; at = Object.getPrototypeOf(at)) {
    const tag = Reflect.getOwnPropertyDescriptor(at, Symbol.toStringTag)?.value;
    if (typeof tag === "string" && tag !== "") return tag;
  }
  return undefined;
}

// What an accessor of a built-in says of `value`; undefined where it is no such object.
function slot(accessor, value) {
  try {
    return accessor?.call(value);
  } catch {
    return undefined;
  }
}

function quote(text) {
  const mark = !text.includes("'") ? "'" : !text.includes('"') ? '"' : !text.includes("`") ? "`" : "'";
  const escaped = text.replaceAll(/[\0-\x1f\x7f-\x9f\\]|[\ud800-\udfff]/gu, (one) =>
    ESCAPES[one] ?? escapeCode(one.charCodeAt(0).toString(16)),
  );
  return mark + (mark === "'" ? escaped.replaceAll("'", "\\'") : escaped) + mark;
}

function escapeCode(code) {
  return code.length > 2 ? `\\u${code}` : `\\x${code.toUpperCase().padStart(2, "0")}`;
}

function shorten(text, length) {
  return text.length <= length ? text : `${text.slice(0, length)}... ${text.length - length} more characters`;
}

function more(count) {
  return `... ${count} more item${count === 1 ? "" : "s"}`;
}

// Where the host has made accessors of what were values: no code of an application runs in them.
const BUILT_IN = new Set(
  [Object, Function, Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError, AggregateError, DOMException].map(
    (given) => given.prototype,
  ),
);

const none = () => false;
const isIndex = (key) => /^\d+$/.test(key);
const ofErrors = (key) => key === "stack" || key === "message" || key === "cause";

const getter = (prototype, key) => Object.getOwnPropertyDescriptor(prototype, key).get;
const DATE = Date.prototype.getTime;
const SOURCE = getter(RegExp.prototype, "source");
const MAP_SIZE = getter(Map.prototype, "size");
const SET_SIZE = getter(Set.prototype, "size");
const VIEW_LENGTH = getter(Object.getPrototypeOf(Uint8Array.prototype), "length");
const BUFFER_LENGTH = getter(ArrayBuffer.prototype, "byteLength");
const HEADER_ENTRIES = new Map(
  ["Headers", "URLSearchParams", "FormData"].map((name) => [
    name,
    function () {
      return this instanceof globalThis[name] ? globalThis[name].prototype.entries.call(this) : undefined;
    },
  ]),
);

const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;
const ESCAPES = { "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f", "\v": "\\v", "\\": "\\\\" };
const LONGEST_LINE = 67;
const MOST_ITEMS = 100;
const MOST_VALUES = 2000;
const MOST_CHARACTERS = 10_000;

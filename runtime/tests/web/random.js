// What random input gives, as console shows it: isolates and Node must agree.
let seed = 42;
const random = (below) => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return Math.floor((seed / 2 ** 32) * below);
};
const pick = (list) => list[random(list.length)];
const times = (count, body) => Array.from({ length: count }, body);
const outcome = (body) => {
  try {
    return body();
  } catch (error) {
    return error.name;
  }
};

const BYTES = [0x00, 0x41, 0x7f, 0x80, 0xbf, 0xc0, 0xc2, 0xdf, 0xe0, 0xe2, 0x82, 0xac, 0xed, 0xa0, 0xef, 0xbb, 0xbf, 0xf0, 0x9f, 0x98, 0xf4, 0xf5, 0xff, 0xd8, 0xdc, 0x3d];
const decoded = () => {
  const label = pick(["utf-8", "utf-8", "utf-16le", "utf-16be"]);
  const decoder = new TextDecoder(label, { fatal: random(4) === 0, ignoreBOM: random(2) === 0 });
  const chunks = times(1 + random(4), () => Uint8Array.from(times(random(6), () => pick(BYTES))));
  const decode = (chunk, index) => decoder.decode(chunk, { stream: index < chunks.length - 1 });
  return outcome(() => JSON.stringify([label, ...chunks.map(decode)]));
};

const PIECES = ["http:", "https:", "ftp:", "x:", "//", "/", "\\", "a.test", "EXAMPLE", "127.1", "0x7f", "[::1]", ":80", ":443", ":8080", "@", "u:p", "?", "#", "..", ".", "%2e", "%zz", "é", "ü b", "a=b&c", " ", "\t", "|", "^", "'", '"', "+", "%20", "😀"];
const url = () => {
  // The `url` crate takes three slashes at the start for no host.
  const text = times(1 + random(7), () => pick(PIECES)).join("").replace(/^\s*[/\\]{3,}/, "//");
  const base = pick([undefined, "https://base.test:444/x/y?z#w"]);
  const part = pick([undefined, "protocol", "username", "password", "host", "hostname", "port", "pathname", "search", "hash"]);
  // Node 20 takes what is no port for none.
  const given = part === "port" ? pick(["", "80", "443", "8080x", "70000"]) : pick(PIECES);
  const pair = pick([undefined, [pick(PIECES), pick(PIECES)]]);
  return outcome(() => {
    const parsed = new URL(text, base);
    if (part !== undefined) parsed[part] = given;
    if (pair !== undefined) parsed.searchParams.append(...pair);
    const { href, origin, host, port, pathname, search, hash } = parsed;
    return JSON.stringify([text, part, given, href, origin, host, port, pathname, search, hash, ...parsed.searchParams]);
  });
};

const VALUES = [1, -0, 1.5, NaN, 5n, true, null, undefined, "text", "it's", "", new Date(0), /x/g, Symbol.iterator];
const value = (depth) => {
  switch (depth > 0 ? random(8) : 7) {
    case 0:
      return times(random(5), () => value(depth - 1));
    case 1:
      return new Map(times(random(3), () => [value(0), value(depth - 1)]));
    case 2:
      return new Set(times(random(3), () => value(depth - 1)));
    case 3:
      return Uint8Array.from(times(random(4), () => random(256)));
    case 4:
    case 5:
      return Object.fromEntries(times(random(4), () => [pick(["a", "b", "c-d", "1", "long name"]), value(depth - 1)]));
    default:
      return pick(VALUES);
  }
};
const cloned = () => {
  const made = value(4);
  return [made, outcome(() => structuredClone(made))];
};

const headers = () =>
  outcome(() => {
    const made = new Headers(times(random(4), () => [pick(["a", "B", "set-cookie", "x y", "é"]), pick([" v ", "1", "é", "€", "a\nb", ""])]));
    return JSON.stringify([...made]);
  });

const base64 = () => {
  const text = times(random(8), () => pick(["A", "b", "9", "+", "/", "=", " ", "\n", "-", "é"])).join("");
  return JSON.stringify([text, outcome(() => atob(text)), outcome(() => btoa(text))]);
};

for (let round = 0; round < 300; round++) {
  console.log(decoded(), url(), headers(), base64());
  console.log(...cloned());
}

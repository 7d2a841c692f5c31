test("text becomes UTF-8", () => {
  equal(new TextEncoder().encode("aé€😀"), Uint8Array.of(97, 195, 169, 226, 130, 172, 240, 159, 152, 128));
  equal(new TextEncoder().encode("\ud800x"), Uint8Array.of(239, 191, 189, 120));
  equal(new TextEncoder().encode(), new Uint8Array(0));
  equal(new TextEncoder().encoding, "utf-8");
});

test("encodeInto stops before a character that does not fit", () => {
  const into = new Uint8Array(4);
  equal(new TextEncoder().encodeInto("a€€", into), { read: 2, written: 4 });
  equal(into, Uint8Array.of(97, 226, 130, 172));
  equal(new TextEncoder().encodeInto("é😀", new Uint8Array(5)), { read: 1, written: 2 });
  equal(new TextEncoder().encodeInto("😀!", new Uint8Array(5)), { read: 3, written: 5 });
  throws(() => new TextEncoder().encodeInto("a", []), "TypeError");
});

test("what is not UTF-8 is replaced, or refused when fatal", () => {
  equal(new TextDecoder().decode(Uint8Array.of(97, 255, 98)), "a\ufffdb");
  equal(new TextDecoder().decode(Uint8Array.of(0xf0, 0x9f, 0x98, 97)), "\ufffda");
  equal(new TextDecoder().decode(Uint8Array.of(0xed, 0xa0, 0x80)), "\ufffd\ufffd\ufffd");
  throws(() => new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.of(0xc3)), "TypeError");
  equal(new TextDecoder("utf-8", { fatal: true }).decode(utf8("gut 😀")), "gut 😀");
});

test("a stream keeps the beginning of a character", () => {
  const decoder = new TextDecoder();
  const bytes = utf8("a😀€b");
  let text = "";
  for (const byte of bytes) text += decoder.decode(Uint8Array.of(byte), { stream: true });
  equal(text + decoder.decode(), "a😀€b");
  equal(decoder.decode(Uint8Array.of(0xe2, 0x82), { stream: true }), "");
  equal(decoder.decode(), "\ufffd");
  equal(decoder.decode(utf8("x")), "x");
});

test("a byte order mark is dropped once, unless it is wanted", () => {
  const marked = Uint8Array.of(0xef, 0xbb, 0xbf, 0xef, 0xbb, 0xbf, 97);
  equal(new TextDecoder().decode(marked), "\ufeffa");
  equal(new TextDecoder("utf-8", { ignoreBOM: true }).decode(marked), "\ufeff\ufeffa");
  const decoder = new TextDecoder();
  equal(decoder.decode(Uint8Array.of(0xef, 0xbb), { stream: true }), "");
  equal(decoder.decode(Uint8Array.of(0xbf, 98)), "b");
});

test("UTF-16 and latin1 are read", () => {
  equal(new TextDecoder("utf-16le").decode(Uint8Array.of(0x61, 0, 0x3d, 0xd8, 0, 0xde)), "a😀");
  equal(new TextDecoder("UTF-16").encoding, "utf-16le");
  equal(new TextDecoder("utf-16le").decode(Uint8Array.of(0x61, 0, 0x3d)), "a\ufffd");
  equal(new TextDecoder("utf-16le").decode(Uint8Array.of(0x3d, 0xd8, 0x61, 0)), "\ufffda");
  const decoder = new TextDecoder("utf-16le");
  let text = "";
  for (const byte of [0x61, 0, 0x3d, 0xd8, 0, 0xde]) text += decoder.decode(Uint8Array.of(byte), { stream: true });
  equal(text + decoder.decode(), "a😀");
  equal(new TextDecoder("utf-16be").decode(Uint8Array.of(0, 0x61)), "a");
  equal(new TextDecoder(" Latin1 ").encoding, "windows-1252");
  equal(new TextDecoder("latin1").decode(Uint8Array.of(0xe9)), "é");
  if (!IN_NODE) equal(new TextDecoder("latin1").decode(Uint8Array.of(0x80)), "€"); // Node 20 is wrong here
});

test("buffers and views are read, nothing else", () => {
  const bytes = utf8("abcdef");
  equal(new TextDecoder().decode(bytes.buffer), "abcdef");
  equal(new TextDecoder().decode(new DataView(bytes.buffer, 1, 2)), "bc");
  equal(new TextDecoder().decode(bytes.subarray(3)), "def");
  throws(() => new TextDecoder().decode("abc"), "TypeError");
  throws(() => new TextDecoder("klingon"), "RangeError");
  equal(new TextDecoder().fatal, false);
});

test("base64 goes both ways", () => {
  equal(btoa("a\xff!"), "Yf8h");
  equal(atob(" Yf8h\n"), "a\xff!");
  equal(atob("YQ"), "a");
  throws(() => btoa("€"), "InvalidCharacterError");
  throws(() => atob("a"), "InvalidCharacterError");
  throws(() => atob("YQ=a"), "InvalidCharacterError");
});

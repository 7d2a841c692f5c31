test("the parts of a URL are read", () => {
  const url = new URL("HTTPS://user:pa%20ss@EXAMPLE.com:8443/a/../b c?x=1&y=%20#frag");
  equal(url.href, "https://user:pa%20ss@example.com:8443/b%20c?x=1&y=%20#frag");
  equal(
    [url.protocol, url.username, url.password, url.host, url.hostname, url.port, url.pathname, url.search, url.hash],
    ["https:", "user", "pa%20ss", "example.com:8443", "example.com", "8443", "/b%20c", "?x=1&y=%20", "#frag"],
  );
  equal(url.origin, "https://example.com:8443");
  equal([String(url), JSON.stringify(url)], [url.href, JSON.stringify(url.href)]);
});

test("a base makes a relative URL whole", () => {
  equal(new URL("../x?y", "https://a.test/b/c/d").href, "https://a.test/b/x?y");
  equal(new URL("//b.test", new URL("http://a.test")).href, "http://b.test/");
  throws(() => new URL("/x"), "TypeError");
  equal(throws(() => new URL("nope")).code, "ERR_INVALID_URL");
  throws(() => new URL("http://a b/"), "TypeError");
  equal([URL.canParse("x:y"), URL.canParse("x"), URL.parse("x")], [true, false, null]);
  equal(URL.parse("y", "http://x").href, "http://x/y");
});

test("parts can be set, and what cannot be changes nothing", () => {
  const url = new URL("http://a.test/p");
  url.protocol = "https";
  url.host = "b.test:81";
  url.pathname = "/q r";
  url.search = "a=b c";
  url.hash = "h";
  url.username = "u";
  equal(url.href, "https://u@b.test:81/q%20r?a=b%20c#h");
  url.port = "nonsense";
  url.protocol = "mailto";
  equal(url.href, "https://u@b.test:81/q%20r?a=b%20c#h");
  url.port = "443";
  url.search = "";
  url.hash = "";
  equal(url.href, "https://u@b.test/q%20r");
  url.href = "ftp://c";
  equal(url.href, "ftp://c/");
  throws(() => (url.href = "::"), "TypeError");
});

test("hosts are written in one way", () => {
  for (const [given, host] of [
    ["http://0x7f.1", "127.0.0.1"],
    ["http://2130706433", "127.0.0.1"],
    ["http://017700000001", "127.0.0.1"],
    ["http://[::ffff:127.0.0.1]", "[::ffff:7f00:1]"],
    ["http://bücher.test", "xn--bcher-kva.test"],
    ["http://EXAMPLE.test.", "example.test."],
  ]) {
    equal(new URL(given).hostname, host);
  }
  equal(new URL("file:///a").origin, "null");
});

test("parameters and URL change together", () => {
  const url = new URL("http://a.test/?a=1&b=2");
  const params = url.searchParams;
  truthy(params === url.searchParams);
  params.append("c", "x y&z");
  equal(url.search, "?a=1&b=2&c=x+y%26z");
  params.delete("a");
  params.set("b", "ü");
  equal(url.href, "http://a.test/?b=%C3%BC&c=x+y%26z");
  url.search = "?q=1";
  equal([...params], [["q", "1"]]);
  url.href = "http://b.test/?r=2";
  equal(params.get("r"), "2");
  params.delete("r");
  equal(url.href, "http://b.test/");
});

test("parameters are made of text, pairs and objects", () => {
  equal(new URLSearchParams("?a=1&a=2&b").toString(), "a=1&a=2&b=");
  equal(new URLSearchParams([["x", 1], ["y", "é"]]).toString(), "x=1&y=%C3%A9");
  equal(new URLSearchParams({ k: "v w", n: 2 }).toString(), "k=v+w&n=2");
  equal(new URLSearchParams(new URLSearchParams("a=b")).toString(), "a=b");
  equal(new URLSearchParams("%zz=%41+b").get("%zz"), "A b");
  equal(new URLSearchParams("a=\ud800").get("a"), "\ufffd");
  throws(() => new URLSearchParams([["x"]]), "TypeError");
});

test("parameters are a list of pairs", () => {
  const params = new URLSearchParams("b=1&a=2&b=3");
  equal([params.size, params.get("b"), params.get("z")], [3, "1", null]);
  equal(params.getAll("b"), ["1", "3"]);
  equal([params.has("b", "3"), params.has("b", "9"), params.has("a")], [true, false, true]);
  params.sort();
  equal([...params.keys()], ["a", "b", "b"]);
  equal([...params.values()], ["2", "1", "3"]);
  params.set("b", "9");
  equal(params.toString(), "a=2&b=9");
  params.append("b", "8");
  params.delete("b", "9");
  equal([...params.entries()], [["a", "2"], ["b", "8"]]);
  const seen = [];
  params.forEach((value, name, self) => seen.push(`${name}${value}${self === params}`));
  equal(seen, ["a2true", "b8true"]);
  throws(() => params.append("x"), "TypeError");
});

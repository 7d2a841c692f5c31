const echo = async (init, path = "/echo") => (await fetch(BASE + path, init)).json();

test("a response has what the host answered", async () => {
  const response = await fetch(`${BASE}/status/418`);
  equal([response.status, response.ok, response.url, response.redirected, response.type], [418, false, `${BASE}/status/418`, false, "basic"]);
  equal([await response.text(), response.bodyUsed], ["status 418", true]);
  throws(() => response.headers.set("a", "b"), "TypeError");
  equal((await fetch(`${BASE}/cookies`)).headers.getSetCookie(), ["a=1", "b=2"]);
  const empty = await fetch(`${BASE}/status/204`);
  equal([empty.status, empty.body, await empty.text()], [204, null, ""]);
});

test("method, headers and body are sent", async () => {
  const seen = await echo({ method: "PUT", headers: { "X-Own": "é", authorization: "Bearer t" }, body: "böd" }, "/echo?q=1#f");
  equal([seen.method, seen.uri, seen.body], ["PUT", "/echo?q=1", "böd"]);
  equal([seen.headers.authorization, seen.headers["content-type"], seen.headers["content-length"]], ["Bearer t", "text/plain;charset=UTF-8", "4"]);
  equal([seen.headers["user-agent"], seen.headers.accept], ["Kontract", "*/*"]);
  equal((await echo({ headers: { "user-agent": "mine" } })).headers["user-agent"], "mine");
  equal((await echo({ method: "POST" })).headers["content-length"], "0");
  equal((await echo({ method: "POST", body: new URLSearchParams({ a: "1" }) })).body, "a=1");
  equal((await echo({ method: "POST", body: new Blob(["blob"]) })).body, "blob");
  const stream = ReadableStream.from([utf8("str"), utf8("eam")]);
  equal((await echo({ method: "POST", body: stream, duplex: "half" })).body, "stream");
  equal((await (await fetch(new Request(`${BASE}/echo`, { method: "DELETE" }))).json()).method, "DELETE");
  equal((await (await fetch(new URL(`${BASE}/echo`))).json()).method, "GET");
});

test("headers of the connection are the client's own", async () => {
  const headers = { host: "evil.test", "content-length": "999", "transfer-encoding": "chunked", connection: "x-own", upgrade: "x" };
  const seen = await echo({ method: "POST", body: "body", headers });
  equal([seen.headers.host, seen.headers["content-length"], seen.headers.upgrade], [BASE.slice(7), "4", undefined]);
  equal([seen.headers["transfer-encoding"], seen.body], [undefined, "body"]);
  await rejects(fetch(`${BASE}/echo`, { headers: { a: "b\r\nc: d" } }), "TypeError");
  await rejects(fetch(`${BASE}/echo`, { method: "GET / HTTP/1.1\r\nx:" }), "TypeError");
  const injected = await echo({}, "/echo?a\r\nx-evil: 1");
  equal([injected.uri, injected.headers["x-evil"]], ["/echo?ax-evil:%201", undefined]);
});

test("redirects are followed", async () => {
  const response = await fetch(`${BASE}/redirect/302?/echo`);
  equal([response.redirected, response.url], [true, `${BASE}/echo`]);
  const posted = { method: "POST", body: "b", headers: { "content-type": "a/b", cookie: "c=1" } };
  for (const [code, method, body] of [[301, "GET", ""], [302, "GET", ""], [303, "GET", ""], [307, "POST", "b"], [308, "POST", "b"]]) {
    const seen = await echo(posted, `/redirect/${code}?/echo`);
    equal([seen.method, seen.body, seen.headers.cookie], [method, body, "c=1"], code);
    equal(seen.headers["content-type"], method === "GET" ? undefined : "a/b", code);
  }
  const manual = await fetch(`${BASE}/redirect/302?/echo`, { redirect: "manual" });
  equal([manual.status, manual.headers.get("location")], [302, "/echo"]);
  await rejects(fetch(`${BASE}/redirect/302?/echo`, { redirect: "error" }), "redirected");
  await rejects(fetch(`${BASE}/redirect/302?/redirect/302?`), "20 redirects");
});

test("credentials stay with their origin", async () => {
  const headers = { authorization: "Bearer t", cookie: "c=1", "x-own": "1" };
  const elsewhere = BASE.replace("127.0.0.1", "localhost");
  const seen = await echo({ headers }, `/redirect/302?${elsewhere}/echo`);
  equal([seen.headers.authorization, seen.headers.cookie, seen.headers["x-own"]], [undefined, undefined, "1"]);
  await rejects(fetch(`${BASE}/redirect/302?${BASE.replace("//", "//user:pass@")}/echo`), "with a user");
  await rejects(fetch(BASE.replace("//", "//user:pass@")), "no user");
});

test("bodies come in parts", async () => {
  const response = await fetch(`${BASE}/chunks`);
  const decoder = new TextDecoder();
  let count = 0;
  let text = "";
  for await (const chunk of response.body) {
    text += decoder.decode(chunk, { stream: true });
    count++;
  }
  equal([text, count > 1], ["part 0;part 1;part 2;", true]);
  const both = await fetch(`${BASE}/chunks`);
  const copy = both.clone();
  equal(await both.text(), await copy.text());
});

test("a signal ends what goes on", async () => {
  await rejects(fetch(`${BASE}/slow`, { signal: AbortSignal.timeout(20) }), "TimeoutError");
  await rejects(fetch(`${BASE}/echo`, { signal: AbortSignal.abort() }), "AbortError");
  const controller = new AbortController();
  const waiting = fetch(new Request(`${BASE}/slow`, { signal: controller.signal }));
  controller.abort(new Error("mine"));
  await rejects(waiting, "mine");
  const late = new AbortController();
  const response = await fetch(`${BASE}/endless`, { signal: late.signal });
  const reader = response.body.getReader();
  await reader.read();
  late.abort();
  await rejects((async () => { for (;;) if ((await reader.read()).done) return; })(), "AbortError");
});

test("a signal ends a body that does not go on", async () => {
  const controller = new AbortController();
  const reader = (await fetch(`${BASE}/stuck`, { signal: controller.signal })).body.getReader();
  equal((await reader.read()).value, utf8("one"));
  const waiting = reader.read();
  await sleep(5);
  controller.abort();
  await rejects(waiting, "AbortError");
  const other = (await fetch(`${BASE}/stuck`)).body.getReader();
  await other.read();
  const never = other.read();
  await sleep(5);
  await other.cancel();
  equal(await never, { done: true });
});

test("a body that is not wanted is given up", async () => {
  const response = await fetch(`${BASE}/endless`);
  for await (const chunk of response.body) if (chunk.length > 0) break;
  await (await fetch(`${BASE}/endless`)).body.cancel();
});

test("a body larger than the heap is an error", async () => {
  const response = await fetch(`${BASE}/endless`);
  await rejects(async () => {
    for await (const chunk of response.body) chunk.length;
  }, "larger than an isolate's heap");
});

test("many at once take turns, and open bodies are counted", async () => {
  const texts = await Promise.all(Array.from({ length: 200 }, async () => (await fetch(`${BASE}/status/200`)).text()));
  equal(new Set(texts).size, 1);
  const open = [];
  const error = await rejects(async () => {
    for (let count = 0; count < 200; count++) open.push(await fetch(`${BASE}/stuck`));
  }, "responses of this call are open");
  // Those that the tests before left open count too.
  truthy(error.name === "TypeError" && open.length > 120 && open.length <= 128, open.length);
  await Promise.all(open.map((response) => response.body.cancel()));
  equal((await fetch(`${BASE}/status/200`)).status, 200);
});

test("what cannot be fetched is a TypeError", async () => {
  await rejects(fetch("ftp://127.0.0.1/"), "scheme");
  await rejects(fetch("data:text/plain,x"), "scheme");
  await rejects(fetch("file:///etc/passwd"), "scheme");
  await rejects(fetch("/relative"), "TypeError");
  await rejects(fetch(BASE.replace("http", "https")), "fetch failed: ");
  const secret = await rejects(fetch("http://127.0.0.1:1/?token=secret"), "TypeError");
  equal([secret.message.includes("secret"), secret.message.startsWith("fetch failed: ")], [false, true]);
});

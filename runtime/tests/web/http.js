test("headers are one value per name, in order, without regard to case", () => {
  const headers = new Headers({ "X-B": "1", a: " 2 " });
  headers.append("x-b", "3");
  equal([headers.get("X-b"), headers.get("A"), headers.get("none")], ["1, 3", "2", null]);
  equal([...headers], [["a", "2"], ["x-b", "1, 3"]]);
  headers.set("x-b", "only");
  headers.delete("A");
  equal([[...headers.keys()], [...headers.values()], headers.has("a")], [["x-b"], ["only"], false]);
  equal([...new Headers(headers)], [["x-b", "only"]]);
  equal([...new Headers([["k", "v"], ["k", "w"]])], [["k", "v, w"]]);
});

test("cookies stay apart", () => {
  const headers = new Headers();
  headers.append("Set-Cookie", "a=1");
  headers.append("set-cookie", "b=2");
  equal(headers.getSetCookie(), ["a=1", "b=2"]);
  equal([...headers], [["set-cookie", "a=1"], ["set-cookie", "b=2"]]);
  equal(headers.get("set-cookie"), "a=1, b=2");
});

test("no header smuggles another", () => {
  const headers = new Headers();
  for (const name of ["", "a b", "a:b", "a\r\nb", "é", "a\0"]) throws(() => headers.append(name, "x"), "TypeError");
  for (const value of ["a\r\nb: c", "a\nb", "a\rb", "a\0b", "€"]) throws(() => headers.set("a", value), "TypeError");
  equal([...headers], []);
  headers.set("a", "\r\n é\t");
  equal(headers.get("a"), "é");
  throws(() => new Headers([["a"]]), "TypeError");
  throws(() => new Headers("a: b"), "TypeError");
  throws(() => new Response("", { statusText: "OK\r\nx: y" }), "TypeError");
});

test("a request says what is to be sent", async () => {
  const request = new Request("https://a.test/x#f", { method: "post", headers: { A: "b" }, body: "text" });
  equal([request.method, request.url, request.redirect, request.bodyUsed], ["POST", "https://a.test/x#f", "follow", false]);
  equal([...request.headers], [["a", "b"], ["content-type", "text/plain;charset=UTF-8"]]);
  const copy = request.clone();
  equal([await request.text(), await copy.text(), request.bodyUsed], ["text", "text", true]);
  equal(new Request("http://a.test", { method: "patch" }).method, "patch");
  const other = new Request(new Request("http://a.test", { method: "PUT", body: "b" }), { headers: { c: "d" } });
  equal([other.method, await other.text(), other.headers.get("c")], ["PUT", "b", "d"]);
});

test("a request that cannot be is refused", async () => {
  throws(() => new Request("/relative"), "TypeError");
  throws(() => new Request("http://user:pass@a.test"), "TypeError");
  throws(() => new Request("http://a.test", { body: "x" }), "TypeError");
  throws(() => new Request("http://a.test", { method: "TRACE" }), "TypeError");
  throws(() => new Request("http://a.test", { method: "GE T" }), "TypeError");
  throws(() => new Request("http://a.test", { redirect: "x" }), "TypeError");
  throws(() => new Request("http://a.test", { signal: {} }), "TypeError");
  const used = new Request("http://a.test", { method: "POST", body: "x" });
  await used.text();
  throws(() => new Request(used), "TypeError");
  throws(() => used.clone(), "TypeError");
  await rejects(used.text(), "TypeError");
});

test("a response can be read in many ways, once", async () => {
  equal(await new Response("é").text(), "é");
  equal(await new Response('{"a":[1]}').json(), { a: [1] });
  equal(await new Response(Uint8Array.of(1, 2)).arrayBuffer(), Uint8Array.of(1, 2).buffer);
  equal(await new Response(new Uint8Array([65, 66]).buffer).text(), "AB");
  equal(await new Response(Uint8Array.of(0xef, 0xbb, 0xbf, 65)).text(), "A");
  equal(await new Response(new URLSearchParams({ a: "b c" })).text(), "a=b+c");
  equal(await new Response().text(), "");
  const response = new Response("x");
  truthy(response.body instanceof ReadableStream && !response.bodyUsed);
  const reader = response.body.getReader();
  equal((await reader.read()).value, Uint8Array.of(120));
  equal(response.bodyUsed, true);
  await rejects(response.text(), "TypeError");
  await rejects(new Response("{").json(), "SyntaxError");
  equal([new Response().body, new Response("").body !== null], [null, true]);
});

test("a response of a stream", async () => {
  const chunks = [utf8("a"), utf8("bc")];
  const stream = new ReadableStream({ pull: (controller) => (chunks.length ? controller.enqueue(chunks.shift()) : controller.close()) });
  const response = new Response(stream);
  const copy = response.clone();
  equal([await response.text(), await copy.text()], ["abc", "abc"]);
  await rejects(new Response(new ReadableStream({ start(c) { c.enqueue("text"); c.close(); } })).text(), "TypeError");
});

test("a response has a status", async () => {
  const response = new Response(null, { status: 404, statusText: "Nope", headers: { a: "b" } });
  equal([response.status, response.statusText, response.ok, response.type, response.url, response.redirected], [404, "Nope", false, "default", "", false]);
  equal(new Response().ok, true);
  throws(() => new Response("", { status: 99 }), "RangeError");
  throws(() => new Response("", { status: 700 }), "RangeError");
  throws(() => new Response("x", { status: 204 }), "TypeError");
  const json = Response.json({ a: 1 }, { status: 201 });
  equal([json.status, json.headers.get("content-type"), await json.text()], [201, "application/json", '{"a":1}']);
  throws(() => Response.json(undefined), "TypeError");
  const moved = Response.redirect("http://a.test/x", 307);
  equal([moved.status, moved.headers.get("location")], [307, "http://a.test/x"]);
  throws(() => Response.redirect("http://a.test", 200), "RangeError");
  throws(() => moved.headers.set("a", "b"), "TypeError");
  equal([Response.error().type, Response.error().status], ["error", 0]);
});

test("blobs hold bytes", async () => {
  const blob = new Blob(["aé", Uint8Array.of(66), new Blob(["c"])], { type: "Text/Plain" });
  equal([blob.size, blob.type, await blob.text()], [5, "text/plain", "aéBc"]);
  equal(await blob.slice(1, 3).text(), "é");
  equal(await blob.slice(-1).arrayBuffer(), Uint8Array.of(99).buffer);
  equal(await new Response(blob.stream()).text(), "aéBc");
  const response = new Response(blob);
  equal([response.headers.get("content-type"), await response.text()], ["text/plain", "aéBc"]);
  const file = new File(["x"], "n.txt", { type: "a/b", lastModified: 5 });
  equal([file.name, file.lastModified, file.type, file.size, file instanceof Blob], ["n.txt", 5, "a/b", 1, true]);
  equal(await (await new Response("y", { headers: { "content-type": "q/r" } }).blob()).type, "q/r");
  throws(() => new Blob("text"), "TypeError");
  throws(() => new File(["x"]), "TypeError");
});

test("a form travels as multipart", async () => {
  const form = new FormData();
  form.append('na"me', "line\nbreak");
  form.append("file", new Blob([Uint8Array.of(0, 255, 13, 10)], { type: "a/b" }), "ü.bin");
  form.append("many", "1");
  form.append("many", "2");
  const response = new Response(form);
  truthy(/^multipart\/form-data; boundary=/.test(response.headers.get("content-type")));
  const back = await response.formData();
  equal([...back.keys()], ['na"me', "file", "many", "many"]);
  equal(back.get('na"me'), "line\r\nbreak");
  const file = back.get("file");
  equal([file.name, file.type, file instanceof File], ["ü.bin", "a/b", true]);
  equal(new Uint8Array(await file.arrayBuffer()), Uint8Array.of(0, 255, 13, 10));
  equal(back.getAll("many"), ["1", "2"]);
});

test("a form is a list of entries", async () => {
  const form = new FormData();
  form.append("a", 1);
  form.append("b", "2");
  form.append("a", "3");
  form.set("a", "4");
  equal([...form], [["a", "4"], ["b", "2"]]);
  form.delete("b");
  equal([form.has("b"), form.get("b"), form.get("a")], [false, null, "4"]);
  throws(() => form.append("a"), "TypeError");
  throws(() => form.append("a", "text", "name"), "TypeError");
  const encoded = new Response("a=1&b=%20", { headers: { "content-type": "application/x-www-form-urlencoded" } });
  equal([...(await encoded.formData())], [["a", "1"], ["b", " "]]);
  await rejects(new Response("x", { headers: { "content-type": "text/plain" } }).formData(), "TypeError");
  const broken = { headers: { "content-type": "multipart/form-data; boundary=b" } };
  for (const body of ["", "--b", "--b\r\n", "--b\r\nx\r\n\r\n", "--b\r\nContent-Disposition: form-data\r\n\r\n\r\n--b--"]) {
    await rejects(new Response(body, broken).formData(), "TypeError");
  }
});

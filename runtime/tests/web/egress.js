const PORT = new URL(BASE).port;
const REFUSED = "this host is not public";

test("no spelling of an inner address is open", async () => {
  for (const host of [
    ...["127.0.0.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "127.0.0.1.", "0", "0.0.0.0"],
    ...["[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]"],
    ...["169.254.169.254", "[::ffff:169.254.169.254]", "[fd00:ec2::254]", "[fe80::1]", "100.100.100.200"],
    ...["10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "[fd00::1]", "224.0.0.1", "255.255.255.255"],
    ...["１２７.0.0.1", "127。0。0。1"],
  ]) {
    await rejects(fetch(`http://${host}:${PORT}/echo`), REFUSED);
  }
});

test("a name that resolves to an inner address is not open", async () => {
  // Another port than the one that egress names.
  await rejects(fetch("http://localhost:1/echo"), REFUSED);
  await rejects(fetch("http://LOCALHOST.:1/echo"), "TypeError");
  await rejects(fetch("https://localhost/"), REFUSED);
});

test("what egress names is open, wherever it is", async () => {
  equal((await (await fetch(`http://localhost:${PORT}/echo`)).json()).method, "GET");
});

test("no redirect leads inside", async () => {
  const start = `http://localhost:${PORT}/redirect/302?`;
  for (const to of [`${BASE}/echo`, `http://[::ffff:127.0.0.1]:${PORT}/echo`, `//0x7f.1:${PORT}/echo`, "http://169.254.169.254/latest/meta-data", `http://localhost:1/`]) {
    await rejects(fetch(start + to), REFUSED);
  }
  await rejects(fetch(`${start}file:///etc/passwd`), "scheme");
  equal((await fetch(`${start}/echo`)).status, 200);
});

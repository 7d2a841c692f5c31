test("listeners hear in order, once when they say so", () => {
  const target = new EventTarget();
  const heard = [];
  const first = () => heard.push("first");
  target.addEventListener("x", first);
  target.addEventListener("x", first);
  target.addEventListener("x", { handleEvent: (event) => heard.push(event.type) }, { once: true });
  target.dispatchEvent(new Event("x"));
  target.removeEventListener("x", first);
  target.dispatchEvent(new Event("x"));
  equal(heard, ["first", "x"]);
});

test("an event can be prevented and stopped", () => {
  const target = new EventTarget();
  const heard = [];
  target.addEventListener("x", (event) => event.preventDefault());
  target.addEventListener("x", (event) => {
    heard.push(event.target === target && (IN_NODE || event.currentTarget === target)); // Node 20 forgets it
    event.stopImmediatePropagation();
  });
  target.addEventListener("x", () => heard.push("late"));
  equal(target.dispatchEvent(new Event("x", { cancelable: true })), false);
  equal(target.dispatchEvent(new Event("x")), true);
  equal(heard, [true, true]);
  throws(() => target.dispatchEvent({ type: "x" }), "TypeError");
  throws(() => new Event(), "TypeError");
  equal(new CustomEvent("c", { detail: 5 }).detail, 5);
});

test("a signal is aborted once, with a reason", () => {
  const controller = new AbortController();
  const { signal } = controller;
  const heard = [];
  signal.onabort = (event) => heard.push(event.type);
  signal.addEventListener("abort", () => heard.push("listener"));
  equal([signal.aborted, signal.reason], [false, undefined]);
  signal.throwIfAborted();
  controller.abort("why");
  controller.abort("again");
  equal([signal.aborted, signal.reason, heard], [true, "why", ["abort", "listener"]]);
  equal(throws2(() => signal.throwIfAborted()), "why");
  equal(AbortSignal.abort().reason.name, "AbortError");
  throws(() => new AbortSignal(), "TypeError");
});

function throws2(body) {
  try {
    body();
  } catch (error) {
    return error;
  }
}

test("a timeout and any of several abort", async () => {
  const quick = AbortSignal.timeout(5);
  const controller = new AbortController();
  const any = AbortSignal.any([quick, controller.signal]);
  await new Promise((resolve) => any.addEventListener("abort", resolve));
  equal([any.reason.name, any.reason instanceof DOMException], ["TimeoutError", true]);
  truthy(any.reason === quick.reason);
  equal(AbortSignal.any([AbortSignal.abort(1), AbortSignal.abort(2)]).reason, 1);
  equal(AbortSignal.any([]).aborted, false);
  throws(() => AbortSignal.any([{}]), "TypeError");
  throws(() => AbortSignal.timeout(-1));
});

test("a signal takes listeners away", () => {
  const target = new EventTarget();
  const controller = new AbortController();
  let count = 0;
  target.addEventListener("x", () => count++, { signal: controller.signal });
  target.dispatchEvent(new Event("x"));
  controller.abort();
  target.dispatchEvent(new Event("x"));
  equal(count, 1);
});

test("a DOMException has a name and a code", () => {
  const error = new DOMException("m", "AbortError");
  equal([error.name, error.message, error.code, error instanceof Error], ["AbortError", "m", 20, true]);
});

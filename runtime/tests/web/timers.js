test("timers fire in the order of their delays", async () => {
  const fired = [];
  setTimeout((...args) => fired.push(args), 20, "late", 2);
  setTimeout(() => fired.push("soon"), 5);
  const cleared = setTimeout(() => fired.push("never"), 1);
  clearTimeout(cleared);
  setTimeout(() => fired.push("first"));
  await sleep(40);
  equal(fired, ["first", "soon", ["late", 2]]);
});

test("timers of the same delay fire in the order they were set", async () => {
  const fired = [];
  for (let index = 0; index < 20; index++) setTimeout(() => fired.push(index), 3);
  await sleep(20);
  equal(fired, Array.from({ length: 20 }, (_, index) => index));
});

test("an interval repeats until it is cleared", async () => {
  let count = 0;
  await new Promise((resolve) => {
    const interval = setInterval(() => {
      if (++count === 3) {
        clearInterval(interval);
        resolve();
      }
    }, 2);
  });
  await sleep(10);
  equal(count, 3);
});

test("clearing what is no timer does nothing", () => {
  clearTimeout(undefined);
  clearTimeout(999999);
  clearInterval(null);
  throws(() => setTimeout("code"), "TypeError");
});

test("microtasks come before timers", async () => {
  const order = [];
  setTimeout(() => order.push("timer"), 0);
  queueMicrotask(() => order.push("micro"));
  order.push("now");
  await sleep(5);
  equal(order, ["now", "micro", "timer"]);
  throws(() => queueMicrotask(5), "TypeError");
});

test("time goes on", async () => {
  const start = performance.now();
  await sleep(5);
  truthy(performance.now() - start >= 4);
  equal(typeof performance.timeOrigin, "number");
});

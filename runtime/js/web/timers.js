// Timers. What one call set never fires in another: the host drops it with the call.
export default (op) => {
  const pending = new Map(); // a timer's number → the host's operation
  let last = 0;

  function start(name, handler, delay, repeats, args) {
    if (typeof handler !== "function") {
      throw new TypeError(`${name} takes a function, not ${typeof handler}`);
    }
    const timer = ++last;
    const milliseconds = Math.min(Math.max(Math.trunc(Number(delay)) || 0, repeats ? 1 : 0), LONGEST);
    const arm = () => {
      const [id, done] = op.sleep(milliseconds, true);
      pending.set(timer, id);
      done.then(() => {
        if (repeats) arm();
        else pending.delete(timer);
        handler(...args);
      });
    };
    arm();
    return timer;
  }

  function clear(timer) {
    const id = pending.get(Number(timer));
    if (id === undefined) return;
    pending.delete(Number(timer));
    op.cancel(id);
  }

  return {
    setTimeout: function setTimeout(handler, delay = 0, ...args) {
      return start("setTimeout", handler, delay, false, args);
    },
    setInterval: function setInterval(handler, delay = 0, ...args) {
      return start("setInterval", handler, delay, true, args);
    },
    clearTimeout: function clearTimeout(timer) {
      clear(timer);
    },
    clearInterval: function clearInterval(timer) {
      clear(timer);
    },
  };
};

const LONGEST = 2 ** 31 - 1;

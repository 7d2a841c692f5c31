// console: every line goes to the log, with its level and the call's id.
export default (op, use) => {
  let call; // whose counts and groups these are
  let counts, timers, indentation;

  function state() {
    const current = op.call();
    if (call === undefined || current !== call) {
      call = current;
      counts = new Map();
      timers = new Map();
      indentation = "";
    }
  }

  function write(level, args) {
    state();
    const text = show(args);
    op.log(level, (indentation === "" ? text : text.replaceAll(/^/gm, indentation)).toWellFormed());
  }

  // A proxy may refuse to be looked at; that must not fail a call.
  function show(args) {
    try {
      return use("inspect").format(args);
    } catch {
      return "(a value that cannot be shown)";
    }
  }

  function elapsed(label, name) {
    const start = timers.get(label);
    if (start === undefined) {
      write("warn", [`No timer '${label}' for console.${name}()`]);
      return undefined;
    }
    return `${label}: ${(performance.now() - start).toFixed(3)}ms`;
  }

  function group(...args) {
    if (args.length > 0) write("info", args);
    state();
    indentation += "  ";
  }

  const console = {
    log(...args) {
      write("info", args);
    },
    info(...args) {
      write("info", args);
    },
    debug(...args) {
      write("debug", args);
    },
    warn(...args) {
      write("warn", args);
    },
    error(...args) {
      write("error", args);
    },
    trace(...args) {
      const stack = new Error().stack.split("\n").slice(1).join("\n");
      write("debug", [`Trace: ${use("inspect").format(args)}\n${stack}`]);
    },
    assert(condition, ...args) {
      if (condition) return;
      if (typeof args[0] === "string") args[0] = `Assertion failed: ${args[0]}`;
      else args.unshift("Assertion failed");
      write("error", args);
    },
    dir(value, options) {
      write("info", [use("inspect").inspect(value, options)]);
    },
    dirxml(...args) {
      write("info", args);
    },
    table(data) {
      write("info", [data]);
    },
    clear() {
      state();
      indentation = "";
    },
    count(label = "default") {
      state();
      const key = String(label);
      counts.set(key, (counts.get(key) ?? 0) + 1);
      write("info", [`${key}: ${counts.get(key)}`]);
    },
    countReset(label = "default") {
      state();
      counts.delete(String(label));
    },
    group,
    groupCollapsed(...args) {
      group(...args);
    },
    groupEnd() {
      state();
      indentation = indentation.slice(2);
    },
    time(label = "default") {
      state();
      timers.set(String(label), performance.now());
    },
    timeLog(label = "default", ...args) {
      state();
      const text = elapsed(String(label), "timeLog");
      if (text !== undefined) write("info", [text, ...args]);
    },
    timeEnd(label = "default") {
      state();
      const text = elapsed(String(label), "timeEnd");
      if (text !== undefined) write("info", [text]);
      timers.delete(String(label));
    },
  };
  Object.defineProperty(console, Symbol.toStringTag, { value: "console" });

  return { console };
};

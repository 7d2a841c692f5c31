// env.storage and env.shared. What they do is done in Rust (src/storage/bind.rs); a table knows the
// call that took it by its number.
const host = __host;
const {
  storageCall, storageCheck, tableNames, tableOf, rowGet, rowGetMany, rowSet, rowUpdate, rowDelete, rowPush, rowPop, rowShift,
  rowCount, rowExec, queryOpen, queryPage, queryCursor, transactionBegin, transactionEnd, afterCommitNoted, keep,
  sharedGet, sharedSet, sharedDelete, sharedIncrement,
} = host;

class Table {
  #call;
  #index;

  constructor(call, index) {
    this.#call = call;
    this.#index = index;
  }

  get(id) {
    return rowGet(this.#call, this.#index, id);
  }

  getMany(ids) {
    return rowGetMany(this.#call, this.#index, ids);
  }

  set(id, value) {
    return rowSet(this.#call, this.#index, id, value);
  }

  update(id, partial) {
    return rowUpdate(this.#call, this.#index, id, partial);
  }

  delete(id) {
    return rowDelete(this.#call, this.#index, id);
  }

  push(value) {
    return rowPush(this.#call, this.#index, value);
  }

  pop() {
    return rowPop(this.#call, this.#index);
  }

  shift() {
    return rowShift(this.#call, this.#index);
  }

  count(filter) {
    return rowCount(this.#call, this.#index, filter);
  }

  query(filter, options) {
    return new Rows(this.#call, this.#index, filter, options);
  }

  [Symbol.asyncIterator]() {
    return this.query();
  }

  // The compiler puts the id of the statement in the place of its SQL.
  exec(statement, parameters) {
    return rowExec(this.#call, this.#index, statement, parameters);
  }
}

class Rows {
  #call;
  #index;
  #filter;
  #options;
  #query; // its number, once the first row was asked for
  #page = [];
  #position = 0;
  #loading;
  #ended = false;
  #cursor = null; // of the last row of the page before

  constructor(call, index, filter, options) {
    this.#call = call;
    this.#index = index;
    this.#filter = filter;
    this.#options = options;
  }

  get cursor() {
    return this.#position > 0 ? queryCursor(this.#call, this.#query, this.#position - 1) : this.#cursor;
  }

  [Symbol.asyncIterator]() {
    return this;
  }

  async next() {
    storageCheck(this.#call);
    while (this.#position === this.#page.length && !this.#ended) await (this.#loading ??= this.#load());
    if (this.#ended) return { done: true, value: undefined };
    return { done: false, value: this.#page[this.#position++] };
  }

  async return() {
    this.#cursor = this.cursor;
    this.#end();
    return { done: true, value: undefined };
  }

  async #load() {
    try {
      this.#query ??= queryOpen(this.#call, this.#index, this.#filter, this.#options);
      this.#cursor = this.cursor;
      const page = await queryPage(this.#call, this.#query);
      if (page.length === 0) this.#end();
      else this.#page = page;
      this.#position = 0;
    } finally {
      this.#loading = undefined;
    }
  }

  #end() {
    this.#ended = true;
    this.#page = [];
    this.#position = 0;
  }
}

for (const { prototype } of [Table, Rows]) {
  Object.freeze(prototype.constructor);
  Object.freeze(prototype);
}

let opened = 0;
let tables = new Map();

// The tables of the call that is being served: the same object for the same name.
function table(name, index) {
  const call = storageCall();
  if (call !== opened) {
    opened = call;
    tables = new Map();
  }
  let found = tables.get(name);
  if (found === undefined) {
    found = new Table(call, index ?? tableOf(name));
    tables.set(name, found);
  }
  return found;
}

// Runs again where what it read has changed when it is to be committed.
async function transaction(run) {
  if (typeof run !== "function") throw new TypeError("env.storage.transaction: expected a function");
  const call = storageCall();
  await transactionBegin(call);
  const noted = hooksOf(call).length;
  for (;;) {
    let returned;
    let thrown;
    let failed = false;
    try {
      returned = await run();
    } catch (error) {
      failed = true;
      thrown = error;
    }
    const ended = await transactionEnd(call, failed);
    if (failed || !ended) hooks.length = noted;
    if (!ended) continue;
    if (failed) throw thrown;
    return returned;
  }
}

let noting = 0;
let hooks = [];

// What the call that is being served has given to env.afterCommit.
function hooksOf(call) {
  if (call !== noting) {
    noting = call;
    hooks = [];
  }
  return hooks;
}

host.afterCommit = (run) => {
  if (typeof run !== "function") throw new TypeError("env.afterCommit: expected a function");
  const call = storageCall();
  afterCommitNoted(call);
  hooksOf(call).push(run);
};

// The call has been committed.
host.committed = () => {
  const noted = hooks;
  hooks = [];
  keep(
    (async () => {
      for (const run of noted) {
        try {
          await run();
        } catch (error) {
          host.log("env.afterCommit failed", host.describe(error)[1]);
        }
      }
    })(),
  );
};

const refuse = () => {
  throw new TypeError("env.storage cannot be changed");
};

// What the application does not declare; looking its own tables up in a proxy would be slow.
const unknown = new Proxy(Object.freeze({}), {
  get(_, name) {
    if (typeof name === "symbol") return undefined;
    return table(name);
  },
  set: refuse,
  defineProperty: refuse,
  deleteProperty: refuse,
  setPrototypeOf: refuse,
});

const known = Object.assign(Object.create(null), { get: { value: (name) => table(name) }, transaction: { value: transaction } });
for (const [index, name] of tableNames().entries()) {
  known[name] ??= { get: () => table(name, index), set: refuse, enumerable: true };
}
host.storage = Object.freeze(Object.create(unknown, known));

host.shared = Object.freeze({
  get: (key) => sharedGet(key),
  set: (key, value, options) => sharedSet(key, value, options),
  delete: (key) => sharedDelete(key),
  increment: (key, by, options) => sharedIncrement(key, by, options),
});

// What a migration file is given, and how its rows go through it.
//
// ask(operation, JSON of its arguments) → a promise of the JSON of its result. Rows come and go in
// pages: what a table holds need not fit into the heap.
const object = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

export default (ask, migration, direction) => {
  const operation = async (name, args) => {
    // What fails at the host has no place; this one is where the migration asked for it.
    const { stack } = new Error();
    try {
      return JSON.parse(await ask(name, JSON.stringify(args)));
    } catch (error) {
      throw Object.assign(error, { stack });
    }
  };

  /** One row: undefined leaves it as it is, null removes it. */
  const change = async (fn, key, { id, data, order }) => {
    const before = JSON.stringify(data);
    const row = await fn({ [key]: id, ...data });
    if (row === undefined) return undefined;
    if (row === null) return { order, id: null, data: null };
    if (!object(row)) throw new TypeError(`The row ${id} was made something that is no object`);
    const { [key]: next = id, ...rest } = row;
    if (typeof next !== "string") throw new TypeError(`The row ${id} was given a key that is no text`);
    return next === id && JSON.stringify(rest) === before ? undefined : { order, id: next, data: rest };
  };

  const transformRows = async (place, fn) => {
    for (let after = null; ; ) {
      const { key, rows } = await operation("rows", { ...place, after });
      if (rows.length === 0) return;
      const changes = [];
      for (const row of rows) {
        const changed = await change(fn, key, row);
        if (changed !== undefined) changes.push(changed);
      }
      if (changes.length > 0) await operation("write", { ...place, rows: changes });
      after = rows[rows.length - 1].order;
    }
  };

  const db = Object.freeze({
    exec: (sql) => operation("exec", { sql: String(sql) }),
    updateSchema: (table, fields) => operation("updateSchema", { table, fields }),
    renameField: (table, from, to) => operation("renameField", { table, from, to }),
    async transform(table, fn) {
      if (typeof fn !== "function") throw new TypeError("transform(table, fn): fn must be a function");
      await operation("loosen", { table });
      for (const tenant of await operation("tenants", {})) await transformRows({ tenant, table }, fn);
    },
  });

  return (async () => {
    if (!object(migration)) throw new TypeError("The file must export its migration as the default");
    if (typeof migration[direction] !== "function") throw new TypeError(`The migration has no function '${direction}'`);
    await migration[direction](db);
  })();
};

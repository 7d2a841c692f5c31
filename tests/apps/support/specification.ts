// The statements of the framework's specification (7.2.2, 7.3.1, 10.2.2, 10.3.1), run as they are written
// there: the cases of isolation must be able to tell them from what isolates.
import { MemoryStorage } from 'kontract/memory';
import type pg from 'pg';

type Backend = Pick<MemoryStorage, 'declare' | 'transact' | 'shared'>;
type Transact = Parameters<Backend['transact']>;
type Storage = Parameters<Transact[1]>[0];

export class SpecifiedStorage implements Backend {
  readonly #pg: pg.Pool;
  readonly #shared = new MemoryStorage();
  // What a session's object hands transaction ids out of.
  #txid = 0;

  constructor(pool: pg.Pool) {
    this.#pg = pool;
  }

  async makeTable(): Promise<void> {
    await this.#pg.query(`CREATE TABLE tbl_accounts (id TEXT PRIMARY KEY, data JSONB NOT NULL, _version INT DEFAULT 1,
      _txid BIGINT DEFAULT txid_current(), _owner TEXT NOT NULL, _deleted_txid BIGINT, _order BIGSERIAL)`);
  }

  /** A row that was deleted once cannot be seen again. */
  async clear(): Promise<void> {
    await this.#pg.query('TRUNCATE tbl_accounts');
  }

  declare(): void {}

  shared(access: Transact[0]): ReturnType<Backend['shared']> {
    return this.#shared.shared(access);
  }

  transact<Result>(_: Transact[0], attempt: (storage: Storage) => Promise<Result>): Promise<Result> {
    this.#txid += 1;
    const accounts = new SpecifiedTable(this.#pg, this.#txid);
    return attempt({ accounts, get: () => accounts } as unknown as Storage);
  }
}

const VISIBLE = '_txid < $1 AND (_deleted_txid IS NULL OR _deleted_txid >= $1)';

class SpecifiedTable {
  readonly #pg: pg.Pool;
  readonly #txid: number;

  constructor(pool: pg.Pool, txid: number) {
    this.#pg = pool;
    this.#txid = txid;
  }

  async get(id: string): Promise<object | null> {
    const { rows } = await this.#pg.query(`SELECT data FROM tbl_accounts WHERE id = $2 AND ${VISIBLE}`, [this.#txid, id]);
    return rows[0] === undefined ? null : { id, ...rows[0].data };
  }

  async set(id: string, value: object): Promise<void> {
    await this.#pg.query(
      `INSERT INTO tbl_accounts (id, data, _txid, _owner) VALUES ($1, $2, $3, 'alice')
       ON CONFLICT (id) DO UPDATE SET data = EXCLUDED.data, _txid = EXCLUDED._txid`,
      [id, JSON.stringify(value), this.#txid],
    );
  }

  async update(id: string, part: object): Promise<void> {
    await this.set(id, { ...(await this.get(id)), ...part, id: undefined });
  }

  async push({ id, ...value }: { id: string }): Promise<void> {
    await this.#pg.query(
      `INSERT INTO tbl_accounts (id, data, _order, _txid, _owner)
       VALUES ($1, $2, (SELECT COALESCE(MAX(_order), 0) + 1 FROM tbl_accounts), $3, 'alice') ON CONFLICT DO NOTHING`,
      [id, JSON.stringify(value), this.#txid],
    );
  }

  async delete(id: string): Promise<boolean> {
    const sql = 'UPDATE tbl_accounts SET _deleted_txid = $1 WHERE id = $2 AND _deleted_txid IS NULL';
    return (await this.#pg.query(sql, [this.#txid, id])).rowCount === 1;
  }

  pop(): Promise<object | null> {
    return this.#take('MAX');
  }

  shift(): Promise<object | null> {
    return this.#take('MIN');
  }

  // Without the condition on removed rows, which 10.3.1 forgets, nothing could be tested.
  async *query(part: object = {}): AsyncIterable<object> {
    const sql = `SELECT id, data FROM tbl_accounts WHERE data @> $2 AND ${VISIBLE} ORDER BY _order`;
    const { rows } = await this.#pg.query(sql, [this.#txid, JSON.stringify(part)]);
    for (const { id, data } of rows) yield { id, ...data };
  }

  [Symbol.asyncIterator](): AsyncIterator<object> {
    return this.query()[Symbol.asyncIterator]();
  }

  async #take(end: 'MAX' | 'MIN'): Promise<object | null> {
    const sql = `DELETE FROM tbl_accounts WHERE _order = (SELECT ${end}(_order) FROM tbl_accounts) AND _txid < $1 RETURNING id, data`;
    const { rows } = await this.#pg.query(sql, [this.#txid]);
    return rows[0] === undefined ? null : { id: rows[0].id, ...rows[0].data };
  }
}

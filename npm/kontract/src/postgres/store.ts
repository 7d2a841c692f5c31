import { ConflictError, type HttpError } from "../errors.js";
import type { JsonObject } from "../runtime/rows.js";
import type { Base, Stored } from "../storage/buffer.js";
import type { Filter } from "../storage/filter.js";
import type { WriteLog } from "../storage/log.js";
import { placeOf } from "../storage/order.js";
import { Changed, type Changes, type Page, type Predicate, type Read, type Row, type Seen, type Store } from "../storage/store.js";
import type { Table } from "../storage/tables.js";
import { type Answer, ask, type PgClient, sendOnce, toBigInt } from "./client.js";
import { Fault } from "./fault.js";
import { hex, sha256 } from "./key.js";

/** Tables in PostgreSQL as a session may reach them: every method is one statement. */
export class PostgresStore implements Store {
  readonly place: PgClient;
  // In hex.
  readonly #key: string;

  constructor(pg: PgClient, key: Uint8Array) {
    this.place = pg;
    this.#key = hex(key);
  }

  async get({ name }: Table, ids: readonly string[], permission: number): Promise<Seen<{ found: [string, Base][] }>> {
    const text = `SELECT id, data, version, txid, ord, xmax FROM kontract."get_${name}"(decode($1::text, 'hex'), $2::text[], $3::int)`;
    const answers = await this.#ask(text, ids, permission);
    const found = present(answers).map((row): [string, Base] => [row.id as string, row.data === null ? "foreign" : readStored(row)]);
    return { found, newest: newestOf(answers) };
  }

  async query({ name }: Table, page: Page): ReturnType<Store["query"]> {
    const text = `SELECT rows, xmax FROM kontract."query_${name}"(decode($1::text, 'hex'), $2::text::jsonb, $3::text, $4::boolean, $5::text, $6::bigint, $7::int, $8::int)`;
    const { filter, order, take, permission } = page;
    const answer = only(await this.#ask(text, filter.form, order.field ?? null, order.descending, ...afterOf(page), take, permission));
    const found = JSON.parse(answer.rows as string) as [id: string, version: number, txid: string, order: string, data: JsonObject][];
    const size = found.length === 0 ? 0 : (answer.rows as string).length / found.length;
    let told = "";
    const rows = found.map(([id, version, txid, insertion, data]) => {
      told += `${version}:${txid}:${bytesIn(id)}:${id};`;
      const stored: Stored = { data, size, version, txid: BigInt(txid), order: BigInt(insertion) };
      return { id, data, stored, place: placeOf(order, id, data, stored.order) };
    });
    return { rows, newest: toBigInt(answer.xmax), told };
  }

  async count({ name }: Table, { form }: Filter): ReturnType<Store["count"]> {
    const text = `SELECT n, xmax FROM kontract."count_${name}"(decode($1::text, 'hex'), $2::text::jsonb)`;
    const { n, xmax } = only(await this.#ask(text, form));
    return { count: Number(n), newest: toBigInt(xmax), told: String(n) };
  }

  async exec({ name }: Table, statement: string, given: readonly unknown[]): ReturnType<Store["exec"]> {
    const text = `SELECT result, xmax FROM kontract."exec_${name}_${statement}"(decode($1::text, 'hex'), $2::text::jsonb)`;
    const { result, xmax } = only(await this.#ask(text, JSON.stringify(given)));
    return { result: result as string, newest: toBigInt(xmax) };
  }

  async take({ name }: Table, last: boolean): Promise<Seen<Row> | undefined> {
    const text = `SELECT id, data, txid FROM kontract."take_${name}"(decode($1::text, 'hex'), $2::text, $3::boolean)`;
    const row = await this.#send(text, crypto.randomUUID(), last);
    if (row === undefined || row.id === null) return undefined;
    return { id: row.id as string, data: JSON.parse(row.data as string) as JsonObject, newest: toBigInt(row.txid) };
  }

  async commit(changes: Changes, claim: string): Promise<bigint> {
    if (!changes.writes.isEmpty) {
      const row = await this.#send(COMMIT_BARE, claim, ...(await paramsOf(changes)));
      return toBigInt(row?.txid ?? 0);
    }
    // It changes nothing, and may be sent again like any read.
    await this.#ask(COMMIT, null, ...(await paramsOf(changes))).catch((error: unknown) => {
      throw error instanceof ConflictError ? new Changed() : error;
    });
    return 0n;
  }

  /** The same for a call that may be sent again: keeps a record of it, and gives the one that was kept before. */
  async commitKeyed(changes: Changes, claim: string, record: Uint8Array): Promise<Seen<{ first: Uint8Array | undefined }>> {
    const row = await this.#send(COMMIT_KEYED, claim, ...(await paramsOf(changes)), hex(record));
    return { first: bytesOf(row?.first), newest: toBigInt(row?.txid ?? 0) };
  }

  /** Keeps the record of a call that has failed, and gives the one that was kept before. */
  async keep(claim: string, record: Uint8Array): Promise<Uint8Array | undefined> {
    return bytesOf(only(await this.#ask(COMMIT_KEYED, claim, "[]", "[]", "[]", hex(record))).first);
  }

  /** Claims a call before it runs; the record of one that is known already. */
  async claim(claim: string, mark: Uint8Array): Promise<Uint8Array | undefined> {
    return bytesOf(only(await this.#ask(CLAIM, claim, hex(mark))).first);
  }

  /** The record of a call that has been served before. */
  async record(claim: string): Promise<Uint8Array | undefined> {
    return bytesOf(only(await this.#ask(ANSWER, claim)).first);
  }

  #ask(text: string, ...params: unknown[]): Promise<Answer[]> {
    return ask(this.place, text, [this.#key, ...params]);
  }

  async #send(text: string, ...params: unknown[]): Promise<Answer | undefined> {
    try {
      return await sendOnce(this.place, text, [this.#key, ...params]);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      // The other function has words for what is violated, unless others than migrations have made the rule.
      if (error.kind === "violated" && text === COMMIT_BARE) return this.#send(COMMIT, ...params);
      if (error.kind === "conflict" || (error.kind === "violated" && error.error instanceof ConflictError)) throw new Changed();
      throw error.kind === "taken" ? new Changed(error.error as HttpError) : error.error;
    }
  }
}

/** What every function that reads a table says of a row. */
function readStored({ data, version, txid, ord }: Answer): Stored {
  const text = data as string;
  return {
    data: JSON.parse(text) as JsonObject,
    size: text.length,
    version: Number(version),
    txid: toBigInt(txid),
    order: toBigInt(ord),
  };
}

/** The rows of an answer: where there are none it has one without an id, with the snapshot. */
function present(answers: readonly Answer[]): Answer[] {
  return answers.filter(({ id }) => id !== null);
}

function newestOf([first]: readonly Answer[]): bigint {
  return toBigInt(first?.xmax ?? 0);
}

function only([row]: readonly Answer[]): Answer {
  if (row === undefined) throw new Error("PostgreSQL gave no result");
  return row;
}

function afterOf({ after }: Page): [key: string | null, order: string | null] {
  return [after?.key === undefined ? null : String(after.key), after?.order.toString() ?? null];
}

function bytesIn(text: string): number {
  return isAscii.test(text) ? text.length : utf8.encode(text).length;
}

function bytesOf(text: unknown): Uint8Array | undefined {
  if (typeof text !== "string") return undefined;
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/** As `kontract.commit` takes them. */
async function paramsOf({ writes, reads, predicates }: Changes): Promise<string[]> {
  return [jsonOf(writes), JSON.stringify(reads.map(readForm)), JSON.stringify(await Promise.all(predicates.map(predicateForm)))];
}

function jsonOf(writes: WriteLog): string {
  const parts = Array.from(writes, ({ table, operation, id, text }) => {
    const data = operation === "delete" ? "" : `,"data":${text}`;
    return `{"t":"${table.name}","op":"${operation}","id":${JSON.stringify(id)}${data}}`;
  });
  return `[${parts.join(",")}]`;
}

function readForm({ table, id, stored }: Read): object {
  return { t: table.name, id, v: stored?.version ?? null, x: stored?.txid.toString() ?? null };
}

async function predicateForm(predicate: Predicate): Promise<object> {
  const common = { t: predicate.table.name, kind: predicate.kind, digest: await sha256(predicate.told) };
  if (predicate.kind === "exec") return { ...common, statement: predicate.statement, given: predicate.given };
  if (predicate.kind === "count") return { ...common, filter: JSON.parse(predicate.filter.form) };
  const { filter, order, take } = predicate.page;
  const [after, after_ord] = afterOf(predicate.page);
  const { field = null, descending } = order;
  return { ...common, filter: JSON.parse(filter.form), order_by: field, descending, after, after_ord, take };
}

const COMMIT =
  "SELECT kontract.commit(decode($1::text, 'hex'), $2::text, $3::text::jsonb, $4::text::jsonb, $5::text::jsonb) AS txid";
const COMMIT_BARE =
  "SELECT kontract.commit_bare(decode($1::text, 'hex'), $2::text, $3::text::jsonb, $4::text::jsonb, $5::text::jsonb) AS txid";
const COMMIT_KEYED = `SELECT txid, encode(first, 'hex') AS first FROM kontract.commit_keyed(decode($1::text, 'hex'), $2::text,
  $3::text::jsonb, $4::text::jsonb, $5::text::jsonb, decode($6::text, 'hex'))`;
const CLAIM = "SELECT encode(kontract.claim(decode($1::text, 'hex'), $2::text, decode($3::text, 'hex')), 'hex') AS first";
const ANSWER = "SELECT encode(kontract.answer(decode($1::text, 'hex'), $2::text), 'hex') AS first";
const utf8 = new TextEncoder();
const isAscii = /^[\x00-\x7f]*$/;

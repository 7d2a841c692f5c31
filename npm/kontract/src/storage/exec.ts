import { perms } from "../perms.js";
import type { StoredRecord } from "../types/storage.js";
import { toJson } from "./json.js";
import type { Transaction } from "./transaction.js";
import { checkStorable, invalid } from "./values.js";

/** Runs a statement that the compiler has checked, by its id. The SQL is in the database; none is sent. */
export async function execStatement(transaction: Transaction, name: string, id: unknown, params: unknown = []): Promise<StoredRecord[]> {
  const buffer = transaction.enter(name, perms.R__);
  const { table } = buffer;
  if (typeof id !== "string" || !table.statements.includes(id)) throw new Error(UNKNOWN);
  if (!Array.isArray(params)) throw invalid("params", "expected an array");
  const given = params.map((param, index) => {
    checkStorable(param, `params.${index}`, 0);
    return toJson(param, `params.${index}`) ?? null;
  });
  await transaction.turns.under(name);
  if (buffer.written().length > 0) {
    throw new Error(
      `${name}.exec() reads what is stored, and this call has written to ${name}: write in env.storage.transaction(…), and call exec after it`,
    );
  }
  const { result, newest } = await transaction.store.exec(table, id, given);
  transaction.remember(buffer, newest, []);
  transaction.predicates.push({ table, kind: "exec", statement: id, given, told: result });
  return readResult(result);
}

/** Whole numbers that a number cannot hold are bigints. */
function readResult(text: string): StoredRecord[] {
  const mark = crypto.randomUUID();
  const marked = text.replace(TOKENS, (token) => {
    const isLarge = /^-?\d{16,20}$/.test(token) && !Number.isSafeInteger(Number(token)) && fits(BigInt(token));
    return isLarge ? JSON.stringify(mark + token) : token;
  });
  const revive = (_: string, value: unknown): unknown =>
    typeof value === "string" && value.startsWith(mark) ? BigInt(value.slice(mark.length)) : value;
  return JSON.parse(marked, revive) as StoredRecord[];
}

function fits(value: bigint): boolean {
  return BigInt.asIntN(64, value) === value || BigInt.asUintN(64, value) === value;
}

// Texts, and numbers outside of them.
const TOKENS = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const UNKNOWN =
  "exec() runs the SQL that the compiler has seen: call it as `env.storage.<table>.exec('SELECT …', […])`, and build with `kontract`";

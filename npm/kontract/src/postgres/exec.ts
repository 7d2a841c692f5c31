import { invalid } from "../memory/values.js";
import { perms } from "../perms.js";
import { ask, toBigInt } from "./client.js";
import { toJson } from "./json.js";
import { sha256 } from "./query.js";
import type { Transaction } from "./transaction.js";

/**
 * Runs a statement that the compiler has checked, by its id. The SQL is in the database,
 * in a function that a migration made; none is sent.
 */
export async function runStatement(transaction: Transaction, name: string, id: unknown, params: unknown): Promise<unknown[]> {
  const buffer = transaction.enter(name, perms.R__);
  if (typeof id !== "string" || !/^[0-9a-f]{16}$/.test(id)) throw new Error(UNKNOWN);
  if (params !== undefined && !Array.isArray(params)) throw invalid("params", "expected an array");
  const given = (params ?? []).map((param: unknown, index: number) => toJson(param, `params.${index}`) ?? null);
  await transaction.turns.under(name);
  if (buffer.written().length > 0) {
    throw new Error(
      `${name}.exec() reads what is stored, and this call has written to ${name}: write in env.storage.transaction(…), and call exec after it`,
    );
  }
  const statement = `SELECT result, xmax FROM kontract."exec_${name}_${id}"(decode($1::text, 'hex'), $2::text::jsonb)`;
  const [answer] = await ask(transaction.pg, statement, [transaction.key, JSON.stringify(given)]);
  if (answer === undefined) throw new Error("PostgreSQL gave no result");
  const result = answer.result as string;
  transaction.remember(buffer, toBigInt(answer.xmax), []);
  transaction.predicates.push({ t: name, kind: "exec", statement: id, given, digest: await sha256(result) });
  return parse(result) as unknown[];
}

/** Whole numbers that a number cannot hold are bigints. No text of PostgreSQL holds the NUL that marks them. */
function parse(text: string): unknown {
  const marked = text.replace(TOKENS, (token) => (isLarge(token) ? `"\\u0000${token}"` : token));
  return JSON.parse(marked, (_, value) => (typeof value === "string" && value.startsWith("\0") ? BigInt(value.slice(1)) : value));
}

function isLarge(token: string): boolean {
  if (!/^-?\d{16,20}$/.test(token) || Number.isSafeInteger(Number(token))) return false;
  const value = BigInt(token);
  return value >= -(2n ** 63n) && value < 2n ** 64n;
}

const TOKENS = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const UNKNOWN =
  "exec() runs the SQL that the compiler has seen: call it as `env.storage.<table>.exec('SELECT …', […])`, and build with `kontract`";

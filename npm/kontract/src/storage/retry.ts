import { ConflictError } from "../errors.js";
import { commit, Conflict, verify } from "./commit.js";
import type { Store } from "./store.js";
import { type TableContext, Transaction } from "./transaction.js";

/** How a transaction is run. */
export interface TransactOptions {
  /** When it is not run again any more, in milliseconds of `Date.now()`; ten seconds from now when left out. */
  deadline?: number;
  /** What is written happens once for each of these; a new one when left out. */
  claim?: string;
  /** Whether it had an effect that a repetition would double. */
  hadEffect?: () => boolean;
}

/** Runs `body` as one transaction, and again where another one changed what it saw. */
export async function transact<Result>(
  store: Store,
  context: TableContext,
  body: (transaction: Transaction) => Promise<Result>,
  options: TransactOptions = {},
  end?: (transaction: Transaction, result: Result) => Promise<Result>,
): Promise<Result> {
  const { deadline = Date.now() + DEADLINE_MS, claim = crypto.randomUUID(), hadEffect } = options;
  const retry = new Retry(queuesOf(store.place), deadline);
  try {
    for (;;) {
      try {
        const transaction = new Transaction(store, context);
        const result = await attempt(transaction, body);
        if (end !== undefined) return await end(transaction, result);
        await commit(transaction, claim);
        return result;
      } catch (error) {
        if (!(error instanceof Conflict)) throw error;
        await retry.again(error, hadEffect?.() ?? false);
      }
    }
  } finally {
    retry.leaveQueues();
  }
}

async function attempt<Result>(transaction: Transaction, body: (transaction: Transaction) => Promise<Result>): Promise<Result> {
  try {
    return await body(transaction);
  } catch (error) {
    await verify(transaction).catch((conflict: unknown) => {
      if (conflict instanceof Conflict) throw conflict;
    });
    throw error;
  }
}

/** A queue for each table, of transactions that have failed several times. */
class Queues {
  readonly #last = new Map<string, Promise<void>>();

  /** Waits for the turn, and gives what ends it. */
  async enter(table: string): Promise<() => void> {
    const before = this.#last.get(table);
    let leave = (): void => {};
    const turn = new Promise<void>((resolve) => {
      leave = () => {
        if (this.#last.get(table) === turn) this.#last.delete(table);
        resolve();
      };
    });
    this.#last.set(table, turn);
    await before;
    return leave;
  }
}

/** The repetitions of one transaction. */
class Retry {
  readonly #queues: Queues;
  readonly #deadline: number;
  #conflicts = 0;
  #wasTaken = false;
  // The tables whose queues it stands at the head of, and what leaves these.
  #tables: readonly string[] = [];
  #leave: (() => void)[] = [];

  constructor(queues: Queues, deadline: number) {
    this.#queues = queues;
    this.#deadline = deadline;
  }

  /**
   * Waits until the transaction may run again, or throws what its caller is told instead:
   * it has had an effect that a repetition would double, its time is over, or it would fail again.
   */
  async again({ tables, taken }: Conflict, hadEffect: boolean): Promise<void> {
    const told = taken ?? new ConflictError();
    // Once more, since the row that had the value may be gone again; then it is permanent.
    if (hadEffect || (taken !== undefined && this.#wasTaken)) throw told;
    this.#wasTaken = taken !== undefined;
    this.#conflicts += 1;
    const left = this.#deadline - Date.now();
    if (left <= 0) throw told;
    if (this.#conflicts < QUEUED_FROM) await sleep(Math.min(left, this.#delay()));
    else if (String(tables) !== String(this.#tables)) await this.#queue(tables, left, told);
  }

  leaveQueues(): void {
    for (const leave of this.#leave) leave();
    this.#leave = [];
    this.#tables = [];
  }

  async #queue(tables: readonly string[], left: number, told: Error): Promise<void> {
    this.leaveQueues();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let late = false;
    const timeout = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        late = true;
        reject(told);
      }, left);
    });
    const entered = (async () => {
      // In the order of the tables, so that nobody waits in a circle.
      for (const table of tables) {
        this.#leave.push(await this.#queues.enter(table));
        // Whoever gave up meanwhile has left already.
        if (late) this.leaveQueues();
      }
    })();
    try {
      await Promise.race([entered, timeout]);
    } finally {
      clearTimeout(timer);
    }
    this.#tables = tables;
  }

  /** Between half and one and a half of a base that doubles. */
  #delay(): number {
    return BASE_MS * 2 ** (this.#conflicts - 1) * (0.5 + Math.random());
  }
}

function queuesOf(place: object): Queues {
  let queues = all.get(place);
  if (queues === undefined) {
    queues = new Queues();
    all.set(place, queues);
  }
  return queues;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

const all = new WeakMap<object, Queues>();
const DEADLINE_MS = 10_000;
const BASE_MS = 2;
const QUEUED_FROM = 3;

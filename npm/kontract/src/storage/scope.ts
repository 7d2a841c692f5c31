import type { TableDescriptions, Transacting } from "../runtime/backing.js";
import { compare } from "./commit.js";
import { transact } from "./retry.js";
import type { Store } from "./store.js";
import type { TableContext, Transaction } from "./transaction.js";

/** The changes of a call to the shared state: one that runs again gets the results of the first time. */
export class SharedChanges {
  readonly claim: string;
  /** How many the attempt has made. */
  count = 0;

  constructor(claim: string) {
    this.claim = claim;
  }
}

/**
 * What an attempt to serve a call does with tables: all of it in one transaction, unless the
 * function opens transactions of its own, or asks for none.
 */
export class Scope implements TableContext {
  readonly perm: number;
  readonly tables: TableDescriptions;
  readonly #store: Store;
  readonly #call: Transacting;
  readonly #changes: SharedChanges;
  // The transaction that ends with the call.
  #own: Transaction | undefined;
  // That of `env.storage.transaction`, while its function runs.
  #open: Transaction | undefined;
  #opening = false;
  #opened = 0;

  constructor(store: Store, call: Transacting, tables: TableDescriptions, changes: SharedChanges) {
    this.#store = store;
    this.#call = call;
    this.#changes = changes;
    this.perm = call.perm;
    this.tables = tables;
  }

  /** What the next operation belongs to; undefined: it applies at once. */
  get transaction(): Transaction | undefined {
    return this.#open ?? this.#own;
  }

  check(): void {
    this.#call.check();
  }

  saw(txid: bigint): void {
    this.#call.saw(txid);
  }

  wrote(): void {
    this.#call.noteEffect();
  }

  /** Runs an attempt in a transaction that ends with it. */
  async run<Result>(own: Transaction | undefined, attempt: () => Promise<Result>): Promise<Result> {
    this.#own = own;
    const result = await attempt();
    if (this.#opening) throw new Error("env.storage.transaction was not awaited");
    return result;
  }

  /** The call has ended: what comes now applies at once. */
  end(): void {
    this.#own = undefined;
  }

  /** `env.storage.transaction` */
  async open<Result>(work: () => Result | Promise<Result>): Promise<Result> {
    this.check();
    if (this.#opening) throw new Error("A transaction is open already: env.storage.transaction calls cannot overlap");
    this.#opening = true;
    const takeBack = this.#call.mark();
    const effects = this.#call.effects();
    const { count } = this.#changes;
    try {
      if (this.#own !== undefined) await compare(this.#own);
      this.#opened += 1;
      let wrote = false;
      const run = async (transaction: Transaction): Promise<Result> => {
        takeBack();
        this.#changes.count = count;
        this.#open = transaction;
        const result = await work();
        wrote = !transaction.log.isEmpty;
        return result;
      };
      const result = await transact(this.#store, this, run, {
        deadline: this.#call.deadline,
        claim: `${this.#changes.claim}/${this.#opened}`,
        hadEffect: () => !this.#call.retry && this.#call.effects() > effects,
      });
      // What is committed would happen twice if the call ran again.
      if (wrote) this.#call.noteEffect();
      return result;
    } catch (error) {
      takeBack();
      throw error;
    } finally {
      this.#open = undefined;
      this.#opening = false;
    }
  }
}

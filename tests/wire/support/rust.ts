// The Rust side, in a process of its own.
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { Ask, Side, Told } from './side.ts';

export class Rust implements Side {
  readonly #process: ChildProcessByStdio<Writable, Readable, null>;
  readonly #waiting: { resolve(told: Told): void; reject(error: Error): void }[] = [];
  readonly #ended: Promise<void>;

  constructor() {
    const path = resolve(import.meta.dirname, '..', process.env.KONTRACT_WIRE_PEER ?? '../../target/debug/examples/wire_peer');
    if (!existsSync(path)) throw new Error(`No peer at ${path}: run \`cargo build -p kontract-protocol --examples\``);
    this.#process = spawn(path, { stdio: ['pipe', 'pipe', 'inherit'] });
    createInterface({ input: this.#process.stdout }).on('line', (line) => this.#waiting.shift()?.resolve(JSON.parse(line) as Told));
    this.#ended = new Promise((resolve) => {
      this.#process.on('exit', (code, signal) => {
        for (const { reject } of this.#waiting.splice(0)) reject(new Error(`the peer ended with ${code ?? signal}`));
        resolve();
      });
    });
    // Told of by its end.
    this.#process.stdin.on('error', () => {});
  }

  ask(ask: Ask): Promise<Told> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#process.stdin.write(`${JSON.stringify(ask)}\n`);
    });
  }

  async close(): Promise<void> {
    this.#process.stdin.end();
    await this.#ended;
  }
}

// Programs that are kept running, and what they say.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export class Running {
  constructor(folder, program, args, env = {}) {
    // Some stop when their standard input ends.
    this.child = spawn(program, args, { cwd: folder, env: { ...process.env, NO_COLOR: '1', ...env }, stdio: ['pipe', 'pipe', 'pipe'], detached: true });
    this.said = [];
    this.ended = new Promise((resolve) => this.child.once('close', resolve));
    this.ended.then(() => this.look?.());
    for (const stream of [this.child.stdout, this.child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        this.said.push(line);
        this.look?.();
      });
    }
  }

  get pid() {
    return this.child.pid;
  }

  /** Resolves with the next line that matches; lines before it are passed over. */
  says(pattern) {
    return new Promise((resolve, reject) => {
      const passed = [];
      this.look = () => {
        while (this.said.length > 0) {
          const line = this.said.shift();
          passed.push(line);
          const found = pattern.exec(line);
          if (found !== null) {
            this.look = undefined;
            return resolve(found);
          }
        }
        if (this.child.exitCode !== null || this.child.signalCode !== null) {
          reject(new Error(`${this.child.spawnargs.join(' ')} has ended:\n${passed.slice(-20).join('\n')}`));
        }
      };
      this.look();
    });
  }

  async stop() {
    this.child.stdin.end();
    // Some are started by a script, which would leave them behind.
    process.kill(-this.pid, 'SIGTERM');
    await this.ended;
  }
}

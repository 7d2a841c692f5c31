#!/usr/bin/env node
// Starts the compiler: the one KONTRACT_BIN names, else the one of this platform's package, else
// the one built in a checkout of the repository.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

const name = process.platform === 'win32' ? 'kontract.exe' : 'kontract';

function find() {
  if (process.env.KONTRACT_BIN) return process.env.KONTRACT_BIN;
  const platform = `@kontract/${process.platform}-${process.arch}`;
  try {
    return createRequire(import.meta.url).resolve(`${platform}/${name}`);
  } catch {
    const builds = ['release', 'debug'].map((profile) =>
      fileURLToPath(new URL(`../../../target/${profile}/${name}`, import.meta.url)),
    );
    const found = builds.find((path) => existsSync(path));
    if (found) return found;
    console.error(
      `kontract: no compiler found. Install ${platform}, build one with \`cargo build --release\` in a checkout, or set KONTRACT_BIN to its path.`,
    );
    process.exit(2);
  }
}

const child = spawn(find(), process.argv.slice(2), { stdio: 'inherit' });
child.on('error', (error) => {
  console.error(`kontract: the compiler cannot be started: ${error.message}`);
  process.exit(2);
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => {
  process.exit(signal === null ? (code ?? 1) : 128 + (constants.signals[signal] ?? 0));
});

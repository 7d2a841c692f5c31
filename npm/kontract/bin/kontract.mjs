#!/usr/bin/env node
// Starts the binary of kontract: the one KONTRACT_BIN names, else the one in this platform's
// package, else the one that was built in a checkout of the repository.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { isatty } from 'node:tty';
import { fileURLToPath } from 'node:url';

const { resolve } = createRequire(import.meta.url);

function find() {
  if (process.env.KONTRACT_BIN) return process.env.KONTRACT_BIN;
  // Written when the package is packed: a checkout does not have it.
  const list = new URL('platforms.json', import.meta.url);
  if (!existsSync(list)) return findInCheckout();

  const platforms = JSON.parse(readFileSync(list, 'utf8'));
  const platform = platforms[`${process.platform}-${process.arch}`];
  if (platform === undefined) {
    fail(`there is no binary for ${process.platform}-${process.arch}, only for ${Object.keys(platforms).join(', ')}.`);
  }
  const binary = resolved(`${platform.package}/${platform.binary}`);
  if (binary === undefined) fail(missing(platform, platforms));
  verify(binary, platform);
  offerPostgres(platform);
  return binary;
}

function findInCheckout() {
  const name = process.platform === 'win32' ? 'kontract.exe' : 'kontract';
  const builds = ['release', 'debug'].map((profile) =>
    fileURLToPath(new URL(`../../../target/${profile}/${name}`, import.meta.url)),
  );
  return builds.find((path) => existsSync(path)) ?? fail('there is no binary yet: run `cargo build --release`.');
}

function missing(platform, platforms) {
  if (isMusl()) return MUSL;
  const others = Object.values(platforms).filter((other) => resolved(`${other.package}/${other.binary}`) !== undefined);
  const reason =
    others.length > 0
      ? `node_modules has ${others.map((other) => other.package).join(', ')} and was made on another kind of machine`
      : 'It is an optional dependency; npm --omit=optional and pnpm --no-optional leave it out';
  return `${platform.package} is not installed. ${reason}. Install again here, or set KONTRACT_BIN to a binary.`;
}

/** Compares the binary with what was packed, once: a file that has not changed since is not read again. */
function verify(binary, { package: name, sha256 }) {
  if (sha256 === null) fail(`this version was packed without the binary of ${name}.`);
  const { dev, ino, size, mtimeNs, ctimeNs } = statSync(binary, { bigint: true });
  const stamp = `${sha256} ${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}`;
  const stampFile = join(dirname(binary), '.verified');
  try {
    if (readFileSync(stampFile, 'utf8') === stamp) return;
  } catch {
    // Not verified yet.
  }
  if (createHash('sha256').update(readFileSync(binary)).digest('hex') !== sha256) {
    fail(`${binary} is not the binary that belongs to this version: its SHA-256 differs. Install ${name} again.`);
  }
  try {
    writeFileSync(stampFile, stamp);
  } catch {
    // In a read-only folder it is verified at every start.
  }
}

/** Tells `kontract dev` where PostgreSQL is: with pnpm the project cannot see this package's dependencies. */
function offerPostgres(platform) {
  const entry = resolved(platform.postgres);
  if (entry !== undefined) process.env.KONTRACT_POSTGRES ??= dirname(dirname(entry));
}

function resolved(specifier) {
  try {
    return resolve(specifier);
  } catch {
    return undefined;
  }
}

function isMusl() {
  return process.platform === 'linux' && process.report.getReport().header.glibcVersionRuntime === undefined;
}

function fail(message) {
  console.error(`kontract: ${message}`);
  process.exit(2);
}

const MUSL = 'the binary needs glibc, which Alpine Linux does not have. Take an image on Debian, such as node:22-slim.';

const binary = find();
const child = spawn(binary, process.argv.slice(2), { stdio: 'inherit' });
child.on('error', (error) => {
  // That the file is there and is not found means that its loader is not.
  const loader = error.code === 'ENOENT' && existsSync(binary) && isMusl();
  fail(loader ? MUSL : `${binary} cannot be started: ${error.message}`);
});
// In a terminal Ctrl-C reaches the child as well: it must not get it twice.
const inTerminal = [0, 1, 2].some((descriptor) => isatty(descriptor));
process.on('SIGINT', () => inTerminal || child.kill('SIGINT'));
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => {
  process.exit(signal === null ? (code ?? 1) : 128 + (constants.signals[signal] ?? 0));
});

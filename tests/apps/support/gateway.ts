// `kontract serve` as operators run it: a process of its own, on a real PostgreSQL.
import { type ChildProcess, execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { spawnTied } from '../../support/tied.mjs';
import { type Postgres, startPostgres } from './postgres.ts';
import { compiler, type Workspace } from './workspace.ts';

const run = promisify(execFile);

export interface GatewayOptions {
  /** Added to the environment. */
  env?: Record<string, string>;
  /** Added to the command line. */
  args?: string[];
  /** Added to the application's kontract.toml, for `kontract serve`. */
  config?: string;
  /** How many files the process may have open. */
  files?: number;
  /** Whether `kontract migrate up` comes first; true when left out. */
  migrate?: boolean;
  /** The server that has the database; the one that all tests of a file share when left out. */
  postgres?: Postgres;
  /** The database; a new one when left out. */
  database?: string;
  /** Told of every line of the log. */
  onLine?: (line: LogLine) => void;
}

/** A line of the gateway's log. */
export interface LogLine {
  level: string;
  message: string;
  [field: string]: unknown;
}

export interface Gateway {
  url: string;
  pid: number;
  postgres: Postgres;
  database: string;
  /** What it wrote to standard error. */
  log(): string;
  /** Asks it to end, and returns its exit code. */
  close(): Promise<number | null>;
}

/** A database for an application, and the environment that a host needs to use it. */
export interface Prepared {
  postgres: Postgres;
  database: string;
  env: NodeJS.ProcessEnv & { DATABASE_URL: string; KONTRACT_SECRET: string };
}

/** Brings the schema up to date. */
export async function prepare({ root }: Pick<Workspace, 'root'>, options: GatewayOptions = {}): Promise<Prepared> {
  const postgres = options.postgres ?? (await sharedPostgres());
  const database = options.database ?? (await postgres.database());
  const env = {
    ...process.env,
    KONTRACT_MIGRATE_URL: postgres.url('postgres', database),
    DATABASE_URL: postgres.url(`gateway_${database}`, database),
    KONTRACT_SECRET: randomBytes(48).toString('base64'),
    ...options.env,
  };
  if (options.migrate ?? true) await run(compiler(), ['migrate', 'up', root], { env, cwd: root });
  return { postgres, database, env };
}

/** Makes a tenant in a database that is prepared: whoever calls its server by the name `host` is its user. */
export async function createTenant({ root }: Pick<Workspace, 'root'>, prepared: Pick<Prepared, 'postgres' | 'database'>, name: string, host: string): Promise<void> {
  const env = { ...process.env, KONTRACT_MIGRATE_URL: prepared.postgres.url('postgres', prepared.database) };
  await run(compiler(), ['tenant', 'create', name, '--host', host, '--project', root], { env, cwd: root });
}

/** Brings the schema up to date and serves a build on a free port. */
export async function startGateway({ root }: Pick<Workspace, 'root'>, options: GatewayOptions = {}): Promise<Gateway> {
  const { args = [], config = '' } = options;
  const { postgres, database, env } = await prepare({ root }, options);
  const file = join(root, 'kontract.gateway.toml');
  const own = await readFile(join(root, 'kontract.toml'), 'utf8').catch(() => '');
  await writeFile(file, `${own}\n${config}`);
  const limit = options.files === undefined ? '' : `ulimit -n ${options.files} && `;
  const command = [compiler(), 'serve', '--config', file, '--port', '0', '--json', ...args];
  const child = spawnTied('KILL', '/bin/sh', ['-c', `${limit}exec "$0" "$@"`, ...command], { env, cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  createInterface({ input: child.stderr! }).on('line', (line) => {
    log += `${line}\n`;
    if (line.startsWith('{')) options.onLine?.(JSON.parse(line) as LogLine);
  });
  const url = await listening(child, () => log);
  return {
    url,
    pid: child.pid!,
    postgres,
    database,
    log: () => log,
    async close() {
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      return (await ended)[0] as number | null;
    },
  };
}

async function listening(child: ChildProcess, log: () => string): Promise<string> {
  return await new Promise((resolve, reject) => {
    createInterface({ input: child.stdout! }).on('line', (line) => {
      const { url } = JSON.parse(line) as { url?: string };
      if (url !== undefined) resolve(url);
    });
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`kontract serve ended with ${code}\n${log()}`)));
  });
}

let shared: Promise<Postgres> | undefined;

/** The PostgreSQL server of this test file; it ends with the process. */
export async function sharedPostgres(): Promise<Postgres> {
  return await (shared ??= startPostgres());
}

/** Ends the shared server, where there is one. */
export async function stopSharedPostgres(): Promise<void> {
  const postgres = shared;
  shared = undefined;
  await (await postgres)?.stop();
}

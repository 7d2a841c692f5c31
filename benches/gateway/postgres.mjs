// A PostgreSQL of the benchmark's own, in a temporary folder, with its usual settings: fsync is on.
import { execFileSync } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { spawnTied } from '../../tests/support/tied.mjs';

/** PostgreSQL refuses to run as root. */
const NOBODY = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};

export async function startPostgres() {
  const bin = binaries();
  const data = mkdtempSync(join(tmpdir(), 'kontract-bench-'));
  if (NOBODY.uid) chownSync(data, NOBODY.uid, NOBODY.gid);
  execFileSync(join(bin, 'initdb'), ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C'], { ...NOBODY, stdio: 'ignore', cwd: '/' });
  const port = await freePort();
  const server = spawnTied('INT', join(bin, 'postgres'), ['-D', data, '-p', String(port), '-c', 'listen_addresses=127.0.0.1', '-c', `unix_socket_directories=${data}`, '-c', 'max_connections=200'], { ...NOBODY, stdio: 'ignore', cwd: '/' });
  const url = (user, database = 'bench') => `postgres://${user}@127.0.0.1:${port}/${database}`;
  await until(() => withClient(url('postgres', 'postgres'), (client) => client.query('CREATE DATABASE bench')));
  return {
    url,
    /** The process whose children serve connections. */
    pid: server.pid,
    async stop() {
      const ended = new Promise((resolve) => server.once('exit', resolve));
      server.kill('SIGINT');
      await ended;
      rmSync(data, { recursive: true, force: true });
    },
  };
}

export async function withClient(connectionString, use) {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

async function until(attempt) {
  for (let tries = 0; ; tries++) {
    try {
      return await attempt();
    } catch (error) {
      if (tries === 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

function binaries() {
  const versions = '/usr/lib/postgresql';
  const installed = existsSync(versions) ? readdirSync(versions).sort((a, b) => Number(b) - Number(a)) : [];
  const found = [...installed.map((version) => join(versions, version, 'bin')), ...(process.env.PATH ?? '').split(':')].find((folder) => existsSync(join(folder, 'initdb')));
  if (found === undefined) throw new Error('PostgreSQL is missing: install the package `postgresql`');
  return found;
}

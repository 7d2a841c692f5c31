import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
  seconds: number;
}

export type Environment = Record<string, string | undefined>;

const folders: string[] = [];

// Of hooks that are made while tests run, vitest knows nothing.
afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

/** A folder that is removed when the tests of the file have run. */
export async function emptyFolder(): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'kontract-package-')));
  folders.push(folder);
  return folder;
}

/** Starts a program as a person's shell would: nothing of this test run is in its environment. */
export function start(
  folder: string,
  [program, ...args]: string[],
  env: Environment = {},
  inOwnGroup = false,
): ChildProcess {
  const inherited = Object.entries(process.env).filter(([name]) => !OURS.test(name));
  return spawn(program!, args, {
    cwd: folder,
    env: { ...Object.fromEntries(inherited), NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 100_000,
    detached: inOwnGroup,
  });
}

export async function run(folder: string, command: string[], env: Environment = {}): Promise<Ended> {
  const started = performance.now();
  const child = start(folder, command, env);
  let stdout = '';
  let stderr = '';
  child.stdout!.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('close', resolve);
  });
  return { code, stdout, stderr, seconds: (performance.now() - started) / 1000 };
}

/** Runs a command that must succeed. */
export async function done(folder: string, command: string[]): Promise<Ended> {
  const ended = await run(folder, command);
  if (ended.code !== 0) {
    throw new Error(`${command.join(' ')} ended with ${ended.code}\n${ended.stdout}${ended.stderr}`);
  }
  return ended;
}

const OURS = /^(npm_lifecycle_|npm_package_|npm_config_user_agent$|npm_execpath$|npm_command$|INIT_CWD$|NODE_ENV$|VITEST|TEST$|CI$|GITHUB_ACTIONS$|KONTRACT_|DATABASE_URL$)/;

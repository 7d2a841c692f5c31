import { spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from './support/temporary.ts';

const command = fileURLToPath(new URL('../../npm/kontract/bin/kontract.mjs', import.meta.url));
const compiler = process.env.KONTRACT_BIN ?? fileURLToPath(new URL('../../target/debug/kontract', import.meta.url));

function run(args: string[], env: Record<string, string>) {
  return spawnSync(process.execPath, [command, ...args], { env: { ...process.env, ...env }, encoding: 'utf8' });
}

describe('the kontract command of the package', () => {
  it('starts the compiler that KONTRACT_BIN names, with its output and exit code', () => {
    const version = run(['--version'], { KONTRACT_BIN: compiler });
    expect(version.stdout).toMatch(/^kontract \d+\.\d+\.\d+\n$/);
    expect(version.status).toBe(0);
    expect(run(['build', '--no-such-flag'], { KONTRACT_BIN: compiler }).status).toBe(2);
  });

  it('says what is wrong when cannot be started', () => {
    const { status, stderr } = run(['build'], { KONTRACT_BIN: '/no/such/compiler' });
    expect(status).toBe(2);
    expect(stderr).toContain('cannot be started');
  });

  it('ends with the signal that ended it', async () => {
    const folder = await temporaryFolder('command');
    const sleeper = join(folder, 'sleeper.mjs');
    writeFileSync(sleeper, `#!${process.execPath}\nconsole.log('up'); setTimeout(() => {}, 20_000);\n`, { mode: 0o755 });
    const child = spawn(process.execPath, [command], { env: { ...process.env, KONTRACT_BIN: sleeper } });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    child.kill('SIGTERM');
    const code = await new Promise((resolve) => child.once('exit', resolve));
    expect(code).toBe(143);
  });
});

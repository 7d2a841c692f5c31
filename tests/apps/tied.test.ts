// What tests start goes with them.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';

test.skipIf(!existsSync('/usr/bin/setpriv'))('a process that is killed takes with it what it has started', async () => {
  const module = new URL('../support/tied.mjs', import.meta.url).href;
  const program = `const { spawnTied } = await import('${module}');
    console.log(spawnTied('KILL', 'sleep', ['60'], { stdio: 'ignore' }).pid);`;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface({ input: parent.stdout }), 'line')) as [string];
  // Who is dead may wait for its new parent to notice.
  const isThere = (): boolean => existsSync(`/proc/${line}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${line}/status`, 'utf8'));
  // Before, it has not asked for the signal yet.
  await expect.poll(() => readFileSync(`/proc/${line}/comm`, 'utf8')).toBe('sleep\n');
  parent.kill('SIGKILL');
  await once(parent, 'exit');
  await expect.poll(isThere).toBe(false);
});

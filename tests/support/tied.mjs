import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';

/**
 * Starts a process that gets a signal when this one ends, however it ends: when it is killed, too.
 * Elsewhere than on Linux it gets it where this process comes to its own end.
 *
 * @param {'KILL' | 'INT'} signal
 * @param {string} file
 * @param {string[]} args
 * @param {import('node:child_process').SpawnOptions} options
 */
export function spawnTied(signal, file, args, options) {
  const isKept = existsSync(SETPRIV);
  const child = isKept ? spawn(SETPRIV, ['--pdeathsig', signal, '--', file, ...args], options) : spawn(file, args, options);
  if (!isKept) {
    const end = () => child.kill(`SIG${signal}`);
    process.once('exit', end);
    child.once('exit', () => process.off('exit', end));
  }
  return child;
}

const SETPRIV = '/usr/bin/setpriv';

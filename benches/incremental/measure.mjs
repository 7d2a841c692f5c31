// Time, processor time and memory of other programs. Linux only.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Runs a command to its end: milliseconds by the clock, and of the processors, those of its children included. */
export function run(folder, program, args) {
  const timed = ['-c', 'TIMEFORMAT="%R %U %S"; time "$@" 2>&3', 'bash', program, ...args];
  const { status, stdout, stderr, output } = spawnSync('bash', timed, {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    maxBuffer: 2 ** 28,
  });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${status}\n${stdout}${output[3]}`);
  const [wall, user, system] = stderr.trim().split('\n').at(-1).split(' ').map((seconds) => Number(seconds) * 1000);
  return { wall, cpu: user + system };
}

/** Megabytes of a process and of what it has started. */
export function memory(pid) {
  return [pid, ...offspring(pid)].reduce((sum, process) => sum + resident(process), 0);
}

/** The processes that a process has started, and those that they have. */
export function offspring(pid) {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  return children.flatMap((child) => [child, ...offspring(child)]);
}

/** Runs something as many times as are wanted, fewer where that takes longer than ten seconds. */
export async function rounds(wanted, measure) {
  const began = performance.now();
  const measured = [];
  for (let round = 0; round < wanted && (round === 0 || performance.now() - began < 10_000); round += 1) {
    measured.push(await measure());
  }
  return measured;
}

export function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
}

function resident(pid) {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;
}

import type { ChildProcess, SpawnOptions } from 'node:child_process';

export function spawnTied(signal: 'KILL' | 'INT', file: string, args: string[], options: SpawnOptions): ChildProcess;

// `npm run dev` in a terminal of its own.
import type { ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import type { Project } from './project.ts';
import { start } from './run.ts';

export class Dev {
  private readonly child: ChildProcess;
  private readonly ended: Promise<number | null>;
  private readonly project: Project;
  private output = '';

  constructor(project: Project) {
    this.project = project;
    this.child = start(project.folder, project.manager.script('dev'), { FORCE_COLOR: '0' }, true);
    for (const stream of [this.child.stdout!, this.child.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => (this.output += text));
    }
    this.ended = new Promise((resolve) => this.child.once('close', resolve));
  }

  /** What the pattern's group catches in the output, once it is there. */
  async says(pattern: RegExp): Promise<string> {
    return eventually(
      () => pattern.exec(this.output)?.[1],
      () => {
        if (this.child.exitCode !== null) throw new Error(`dev ended\n${this.output}`);
        return `dev has not said ${pattern}\n${this.output}`;
      },
    );
  }

  /** Ctrl-C: the signal goes to every process of the terminal. */
  async interrupt(): Promise<void> {
    process.kill(-this.child.pid!, 'SIGINT');
    await this.ended;
    await eventually(
      () => (left(this.project.folder).length === 0 ? true : undefined),
      () => `still running:\n${left(this.project.folder).join('\n')}`,
    );
  }

  /** Ends what a failed test has left. */
  kill(): void {
    if (this.child.exitCode === null && this.child.signalCode === null) process.kill(-this.child.pid!, 'SIGTERM');
  }
}

/** Asks until there is an answer, for as long as half a minute. */
export async function eventually<T>(ask: () => T | undefined | Promise<T | undefined>, complaint: () => string): Promise<T> {
  const last = performance.now() + 30_000;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > last) throw new Error(complaint());
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}

/** The command lines of processes that name the folder. */
function left(folder: string): string[] {
  const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && name !== String(process.pid));
  return processes.map(commandLine).filter((line) => line.includes(folder));
}

function commandLine(process: string): string {
  try {
    return readFileSync(`/proc/${process}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

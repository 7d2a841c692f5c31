// The sample application with its page, copied to where it may be changed.
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

const here = resolve(import.meta.dirname, '..');
export const compiler = resolve(here, process.env.KONTRACT_BIN ?? '../../target/debug/kontract');
const vite = join(here, 'node_modules/vite/bin/vite.js');

export class Site {
  readonly folder: string;
  private readonly running: Program[] = [];

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async empty(name: string): Promise<Site> {
    const site = new Site(join(here, 'site', name));
    await rm(site.folder, { recursive: true, force: true });
    await mkdir(site.folder, { recursive: true });
    return site;
  }

  static async make(name: string): Promise<Site> {
    const site = await Site.empty(name);
    for (const app of ['conduit', 'conduit-web']) {
      const filter = (path: string) => !/[/\\](node_modules|dist|\.kontract)$/.test(path);
      await cp(resolve(here, '../../fixtures/apps', app), join(site.folder, app), { recursive: true, filter });
    }
    return site;
  }

  path(path: string): string {
    return join(this.folder, path);
  }

  read(path: string): Promise<string> {
    return readFile(this.path(path), 'utf8');
  }

  async write(path: string, text: string): Promise<void> {
    await mkdir(dirname(this.path(path)), { recursive: true });
    await writeFile(this.path(path), text);
  }

  /** Replaces a text that stands in a file. */
  async edit(path: string, from: string, to: string): Promise<void> {
    const text = await this.read(path);
    if (!text.includes(from)) throw new Error(`${path} does not contain ${from}`);
    await this.write(path, text.replace(from, to));
  }

  /** Starts Vite in the page's folder. */
  vite(args: string[], env: Record<string, string> = {}, folder = 'conduit-web'): Program {
    return this.node(folder, [vite, ...args], env);
  }

  /** Builds the application. */
  async compile(): Promise<void> {
    const build = this.run('conduit', compiler, ['build']);
    if ((await build.ended) !== 0) throw new Error(build.output);
  }

  /** Serves the built application, with storage in memory, and tells its address. */
  serve(flags: string[] = [], env: Record<string, string> = {}): Promise<string> {
    return this.node('conduit', [...flags, 'serve.mjs'], { PORT: '0', ...env }).says(/listening on (\S+)/);
  }

  /** Starts the compiler in the application's folder. */
  kontract(args: string[]): Program {
    return this.node('conduit', [resolve(here, '../../npm/kontract/bin/kontract.mjs'), ...args], {});
  }

  /** The command lines of the compilers that watch it. */
  compilers(): string[] {
    return this.compilerIds().map((id) => commandLine(String(id)));
  }

  /** Their processes. */
  compilerIds(): number[] {
    const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
    return processes.filter((id) => commandLine(id).includes(`watch ${this.path('conduit')} `)).map(Number);
  }

  run(folder: string, command: string, args: string[], env: Record<string, string> = {}): Program {
    const program = new Program(this.path(folder), command, args, env);
    this.running.push(program);
    return program;
  }

  async remove(): Promise<void> {
    for (const program of this.running) await program.stop('SIGTERM');
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  node(folder: string, args: string[], env: Record<string, string> = {}): Program {
    return this.run(folder, process.execPath, args, env);
  }
}

export class Program {
  readonly ended: Promise<number | null>;
  output = '';
  private readonly child: ChildProcess;

  constructor(folder: string, command: string, args: string[], env: Record<string, string>) {
    const inherited = Object.entries(process.env).filter(([name]) => !/^(VITEST|TEST$|NODE_ENV$|CI$|KONTRACT_)/.test(name));
    this.child = spawn(command, args, {
      cwd: folder,
      env: { ...Object.fromEntries(inherited), NO_COLOR: '1', KONTRACT_BIN: compiler, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.child.stdout!, this.child.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => (this.output += text));
    }
    this.ended = new Promise((done) => this.child.once('close', done));
  }

  /** What the pattern's group catches in the output, or in what is said after `since`, once it is there. */
  async says(pattern: RegExp, since = 0): Promise<string> {
    return eventually(
      () => pattern.exec(this.output.slice(since))?.[1],
      () => `${pattern} is not in\n${this.output}`,
    );
  }

  async stop(signal: NodeJS.Signals): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill(signal);
    await this.ended;
  }
}

/** Asks until there is an answer, for as long as a minute. */
export async function eventually<T>(ask: () => T | undefined | Promise<T | undefined>, complaint: () => string): Promise<T> {
  const last = performance.now() + 60_000;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > last) throw new Error(complaint());
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function commandLine(process: string): string {
  try {
    return readFileSync(`/proc/${process}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

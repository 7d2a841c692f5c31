import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Manager } from './managers.ts';
import { done, emptyFolder } from './run.ts';

export class Project {
  readonly folder: string;
  readonly manager: Manager;
  /** How long each step took. */
  readonly times: string[] = [];

  private constructor(folder: string, manager: Manager) {
    this.folder = folder;
    this.manager = manager;
  }

  /** Begins a project with the `kontract` of a folder beside it, and installs what it needs. */
  static async begin(manager: Manager, template: string): Promise<{ project: Project; said: string }> {
    const home = await emptyFolder();
    const tools = join(home, 'tools');
    await mkdir(tools);
    const project = new Project(join(home, 'shop'), manager);
    await project.step('add', tools, manager.add);
    const said = await project.step('init', tools, manager.exec(['init', '../shop', '--template', template]));
    await manager.useTarballs(project.folder);
    await project.step('install', project.folder, manager.install);
    return { project, said };
  }

  run(script: string): Promise<string> {
    return this.step(script, this.folder, this.manager.script(script));
  }

  kontract(args: string[]): Promise<string> {
    return this.step(args.join(' '), this.folder, this.manager.exec(args));
  }

  read(path: string): Promise<string> {
    return readFile(join(this.folder, path), 'utf8');
  }

  /** Replaces a text that stands in a file. */
  async edit(path: string, from: string, to: string): Promise<void> {
    const text = await this.read(path);
    if (!text.includes(from)) throw new Error(`${path} does not contain ${from}`);
    await writeFile(join(this.folder, path), text.replace(from, to));
  }

  /** Writes a file again as it is. */
  async touch(path: string): Promise<void> {
    await writeFile(join(this.folder, path), await this.read(path));
  }

  /** Measures what a promise takes. */
  async timed<T>(name: string, work: Promise<T>): Promise<T> {
    const started = performance.now();
    const result = await work;
    this.times.push(`${name} ${((performance.now() - started) / 1000).toFixed(1)} s`);
    return result;
  }

  private async step(name: string, folder: string, command: string[]): Promise<string> {
    return (await this.timed(name, done(folder, command))).stdout;
  }
}

// The generated project with the packages that it imports, and edits of it.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export const packages = join(import.meta.dirname, 'node_modules');

export class Project {
  static SERVER = 'src/api/area0/account-0.ts';
  static PAGE = 'src/web/area0/Account3.tsx';
  edits = 0;

  constructor(files) {
    this.folder = mkdtempSync(join(tmpdir(), 'kontract-bench-'));
    spawnSync(process.execPath, [join(import.meta.dirname, '../generate.mjs'), this.folder, '--files', String(files)]);
    for (const name of ['kontract', 'react', 'typescript', '@types/react', 'vite']) {
      const link = this.path(`node_modules/${name}`);
      mkdirSync(dirname(link), { recursive: true });
      symlinkSync(join(packages, name), link);
    }
  }

  path(path) {
    return join(this.folder, path);
  }

  /** Every source. */
  get sources() {
    return readFileSync(this.path('files.txt'), 'utf8').trim().split('\n');
  }

  /** Changes a text in the body of a backend function. */
  editBody() {
    return this.edit(Project.SERVER, /asked for by (the user|user \d+)/, 'asked for by user ');
  }

  /** Renames a parameter of a backend function; its body, which nothing here runs, keeps the old name. */
  editSignature() {
    return this.edit(Project.SERVER, /(?<=async \()\w+(?=: )/, 'parameter');
  }

  /** Moves all of a module with backend functions down a line. */
  editLines() {
    return this.edit(Project.SERVER, /^/, '// above ', '\n');
  }

  /** Adds a backend function. */
  addFunction() {
    return this.edit(Project.SERVER, /$/, 'export const added', ' = backend({}, async (id: string): Promise<string> => id);\n');
  }

  /** Changes a text in a component. */
  editPage() {
    return this.edit(Project.PAGE, /Nothing here yet( \d+)?/, 'Nothing here yet ');
  }

  /** Puts a text that is another each time in the place of the first match, and returns it. */
  edit(path, pattern, replacement, end = '') {
    this.edits += 1;
    const mark = `${replacement}${this.edits}${end}`;
    const text = readFileSync(this.path(path), 'utf8');
    const edited = text.replace(pattern, mark);
    if (edited === text) throw new Error(`there is nothing to edit in ${path}`);
    writeFileSync(this.path(path), edited);
    return mark;
  }

  remove() {
    rmSync(this.folder, { recursive: true, maxRetries: 5 });
  }
}

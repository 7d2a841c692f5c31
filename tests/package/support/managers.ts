// The package managers, and how each takes a tarball for a package that no registry has.
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { binary, kontract, platformPackage } from './tarballs.ts';

export interface Manager {
  name: string;
  /** Installs the tarballs into a folder that is no project. */
  add: string[];
  /** Runs `kontract` there. */
  exec(args: string[]): string[];
  install: string[];
  script(name: string): string[];
  /** Makes a new project take the tarballs, in place of what a registry would have. */
  useTarballs(project: string): Promise<void>;
}

const pnpm = fileURLToPath(new URL('../node_modules/.bin/pnpm', import.meta.url));

export const managers: Manager[] = [
  {
    name: 'npm',
    add: ['npm', 'install', '--no-audit', '--no-fund', kontract, binary],
    exec: (args) => ['npm', 'exec', '--', 'kontract', ...args],
    install: ['npm', 'install', '--no-audit', '--no-fund'],
    script: (name) => ['npm', 'run', name],
    async useTarballs(project) {
      await change(project, { overrides: { [platformPackage]: `file:${binary}` } });
    },
  },
  {
    name: 'pnpm',
    add: [pnpm, 'add', '--config.strict-dep-builds=false', kontract, binary],
    exec: (args) => [pnpm, 'exec', 'kontract', ...args],
    install: [pnpm, 'install'],
    script: (name) => [pnpm, 'run', name],
    async useTarballs(project) {
      await change(project, {});
      const overrides = `overrides:\n  '${platformPackage}': 'file:${binary}'\n`;
      await appendFile(join(project, 'pnpm-workspace.yaml'), overrides);
    },
  },
];

async function change(project: string, more: object): Promise<void> {
  const file = join(project, 'package.json');
  const manifest = JSON.parse(await readFile(file, 'utf8'));
  manifest.dependencies.kontract = `file:${kontract}`;
  await writeFile(file, JSON.stringify({ ...manifest, ...more }, null, 2));
}

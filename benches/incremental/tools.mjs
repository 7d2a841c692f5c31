// What is compared: each builds a project anew, again, and while it is kept running.
import { rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { median, memory, offspring, rounds, run } from './measure.mjs';
import { packages, Project } from './project.mjs';
import { Running } from './running.mjs';

const peers = join(import.meta.dirname, '../peers');
const { context } = createRequire(join(peers, 'package.json'))('esbuild');
const esbuild = join(peers, 'node_modules/esbuild/bin/esbuild');
export const kontract = resolve(process.env.KONTRACT_BIN ?? 'target/release/kontract');

/** Whole builds in processes of their own. */
export const BUILDS = {
  'kontract build': (project) => command(project, kontract, ['build', '--quiet', '--no-locked']),
  'tsc 7 --incremental': (project) => tsc(project, 'typescript', emitting('7')),
  'tsc 5.9 --incremental': (project) => tsc(project, 'typescript-5.9', emitting('5.9')),
  'esbuild --bundle': (project) => command(project, esbuild, bundling(project)),
};

/** Checks of types, all in processes of their own. */
export const CHECKS = {
  'kontract check': (project) => command(project, kontract, ['check', '--quiet']),
  'tsc 7 --noEmit': (project) => tsc(project, 'typescript', ['--noEmit']),
  'tsc 7 --noEmit --incremental': (project) => tsc(project, 'typescript', ['--noEmit', ...remembering('checked')]),
};

/** What is kept running: its own time for the edit of a body, the time from the save until it tells, megabytes. */
export const WATCHERS = {
  'kontract watch': (project, wanted) => watched(project, wanted),

  async 'tsc 7 --watch'(project, wanted) {
    const args = [compiler('typescript'), '--watch', '--preserveWatchOutput', ...emitting('watched')];
    const watcher = new Running(project.folder, process.execPath, args);
    return follow(project, wanted, watcher, async () => void (await watcher.says(/Found (\d+) errors?/)));
  },

  async 'esbuild --watch'(project, wanted) {
    const watcher = new Running(project.folder, esbuild, [...bundling(project), '--watch', '--log-level=info']);
    return follow(project, wanted, watcher, async () => void (await watcher.says(/build finished/)));
  },

  async 'esbuild context.rebuild()'(project, wanted) {
    const built = await context({ ...BUNDLED, absWorkingDir: project.folder, entryPoints: [entry(project)] });
    const [service] = offspring(process.pid);
    await built.rebuild();
    try {
      const own = await rounds(wanted, async () => {
        project.editBody();
        const began = performance.now();
        await built.rebuild();
        return performance.now() - began;
      });
      return [median(own), undefined, memory(service)];
    } finally {
      await built.dispose();
    }
  },
};

/** `kontract watch` with one kind of edit. */
export async function watched(project, wanted, edit = () => project.editBody()) {
  const watcher = new Running(project.folder, kontract, ['watch', '--json', '--no-locked']);
  const told = async () => {
    const { ok, milliseconds } = JSON.parse((await watcher.says(/^{"event":"built".*/))[0]);
    if (!ok) throw new Error('the sources have errors');
    return milliseconds;
  };
  return follow(project, wanted, watcher, told, edit);
}

function command(project, program, args) {
  return run(project.folder, program, args);
}

function tsc(project, version, args) {
  return run(project.folder, process.execPath, [compiler(version), ...args]);
}

function compiler(version) {
  return join(packages, version, 'bin/tsc');
}

function emitting(name) {
  return ['--noEmit', 'false', '--rootDir', 'src', '--outDir', `out-${name}`, '--sourceMap', ...remembering(name)];
}

function remembering(name) {
  return ['--incremental', '--tsBuildInfoFile', `${name}.tsbuildinfo`];
}

function bundling(project) {
  const flags = Object.entries(BUNDLED).map(([name, value]) => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}=${value}`);
  return [entry(project), ...flags];
}

/** A module that exports all others. */
function entry(project) {
  const lines = project.sources.map((path, index) => `export * as module${index} from './${path.replace(/\.tsx?$/, '')}';\n`);
  writeFileSync(project.path('entry.ts'), lines.join(''));
  return 'entry.ts';
}

async function follow(project, wanted, watcher, told, edit = () => project.editBody()) {
  try {
    await told();
    const measured = await rounds(wanted, async () => {
      // Whoever has just built may still be writing down what it knows.
      await sleep(500);
      const began = performance.now();
      edit();
      const own = await told();
      return { own, told: performance.now() - began };
    });
    const own = measured[0].own === undefined ? undefined : median(measured.map((round) => round.own));
    return [own, median(measured.map((round) => round.told)), memory(watcher.pid)];
  } finally {
    await watcher.stop();
  }
}

/** What kontract knows of earlier runs; other tools have had none. */
export function forget(project) {
  rmSync(project.path('node_modules/.kontract'), { recursive: true, force: true });
}

const BUNDLED = { bundle: true, packages: 'external', outdir: 'out-esbuild', format: 'esm', jsx: 'automatic', sourcemap: 'linked', sourcesContent: false };

// From an empty folder to a tested build, with nothing of this repository but the tarballs.
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { managers } from './support/managers.ts';
import { done, emptyFolder } from './support/run.ts';

describe.each(managers)('with $name', (manager) => {
  test.each(['api', 'react'])('the template %s installs, type-checks, builds and passes its test', async (template) => {
    const home = await emptyFolder();
    const tools = join(home, 'tools');
    const project = join(home, 'shop');
    await mkdir(tools);
    const times: string[] = [];
    const step = async (name: string, folder: string, command: string[]) => {
      const ended = await done(folder, command);
      times.push(`${name} ${ended.seconds.toFixed(1)} s`);
      return ended.stdout;
    };

    await step('add', tools, manager.add);
    const created = await step('init', tools, manager.exec(['init', '../shop', '--template', template]));
    expect(created).toContain(`cd ../shop\n  ${manager.name} install\n  ${manager.name} run dev`);
    await manager.useTarballs(project);
    await step('install', project, manager.install);
    await step('typecheck', project, manager.script('typecheck'));
    expect(await step('test', project, manager.script('test'))).toMatch(/Tests +3 passed/);
    await step('build', project, manager.script('build'));
    if (template === 'react') {
      expect(await readFile(join(project, 'dist/web/index.html'), 'utf8')).toContain('<title>shop</title>');
    }
    console.log(`${manager.name}, ${template}: ${times.join(', ')}`);
  });
});

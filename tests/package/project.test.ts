// From an empty folder to a tested build, with nothing of this repository but the tarballs.
import { describe, expect, test } from 'vitest';
import { managers } from './support/managers.ts';
import { Project } from './support/project.ts';

describe.each(managers)('with $name', (manager) => {
  test.each(['api', 'react'])('the template %s installs, type-checks, builds and passes its test', async (template) => {
    const { project, said } = await Project.begin(manager, template);
    expect(said).toContain(`cd ../shop\n  ${manager.name} install\n  ${manager.name} run dev`);
    await project.run('typecheck');
    expect(await project.run('test')).toMatch(/Tests +3 passed/);
    await project.run('build');
    if (template === 'react') expect(await project.read('dist/web/index.html')).toContain('<title>shop</title>');
    console.log(`${manager.name}, ${template}: ${project.times.join(', ')}`);
  });
});

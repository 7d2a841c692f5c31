// From an empty folder to a running application, with nothing of this repository but the tarballs.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Dev, eventually } from './support/dev.ts';
import { managers } from './support/managers.ts';
import { open } from './support/page.ts';
import { Project } from './support/project.ts';

const running: Dev[] = [];

afterEach(() => {
  for (const dev of running.splice(0)) dev.kill();
});

describe.each(managers)('with $name', (manager) => {
  describe.each(['api', 'react'])('the template %s', (template) => {
    let project: Project;

    beforeAll(async () => {
      const begun = await Project.begin(manager, template);
      project = begun.project;
      expect(begun.said).toContain(`cd ../shop\n  ${manager.name} install\n  ${manager.name} run dev`);
      // Any port that is free.
      await project.edit('kontract.toml', 'port = 8787', 'port = 0');
    });

    afterAll(() => console.log(`${manager.name}, ${template}: ${project.times.join(', ')}`));

    test('type-checks, passes its test and builds', async () => {
      await project.run('typecheck');
      expect(await project.run('test')).toMatch(/Tests +3 passed/);
      await project.run('build');
      if (template === 'react') expect(await project.read('dist/web/index.html')).toContain('<title>shop</title>');
    });

    test.runIf(template === 'api')('answers, answers otherwise after an edit, and keeps its data', async () => {
      const { dev, url } = await project.timed('dev', start(project));
      expect(await post(url, '/rpc/entries', [])).toEqual({ result: [] });

      const credentials = { email: 'ada@example.com', password: 'correct horse battery' };
      const { token } = await post(url, '/auth/register', credentials);
      const { result: entry } = await post(url, '/rpc/sign', ['Ada', 'What a nice place'], token);
      expect(entry).toMatchObject({ name: 'Ada', text: 'What a nice place' });
      const refusal = async () => (await post(url, '/rpc/sign', ['Ada', ' '], token)).error?.message;
      expect(await refusal()).toBe('Say something');

      await project.edit('src/guestbook.ts', 'Say something', 'Do say something');
      const changed = eventually(
        async () => ((await refusal()) === 'Do say something' ? true : undefined),
        () => 'the edit has no effect',
      );
      await project.timed('edit', changed);
      await project.timed('stop', dev.interrupt());

      const { dev: second, url: again } = await project.timed('dev again', start(project));
      expect(await post(again, '/rpc/entries', [])).toEqual({ result: [entry] });
      await second.interrupt();
    });

    test.runIf(template === 'api')('passes its test where the build pins keys, too', async () => {
      const made = await project.kontract(['keys', 'generate', '--write', '.env']);
      await project.edit('kontract.toml', '[server]', `${made.slice(made.indexOf('[wire]'))}\n[server]`);
      expect(await project.run('test')).toMatch(/Tests +3 passed/);
    });

    test.runIf(template === 'react')('shows a page in Chromium that follows edits of both sides', async () => {
      const { dev } = await project.timed('dev', start(project));
      const problems: string[] = [];
      const page = await open(await dev.says(/Local: +(http:\S+)/), problems);
      await page.getByPlaceholder('E-mail').fill('ada@example.com');
      await page.getByPlaceholder('Password').fill('correct horse battery');
      await page.getByLabel('I am new here').check();
      await page.getByRole('button').click();
      await page.getByPlaceholder('Your name').fill('Ada');
      await page.getByPlaceholder('What would you like to say?').fill('What a nice place');
      await page.getByRole('button', { name: 'Sign' }).click();
      await page.getByRole('listitem').filter({ hasText: 'What a nice place' }).waitFor();

      await project.edit('src/web/Guestbook.tsx', '<h1>Guestbook</h1>', '<h1>Visitors</h1>');
      await eventually(
        async () => {
          // Vite does not notice what changes while it still begins to watch.
          await project.touch('src/web/Guestbook.tsx');
          await new Promise((resolve) => setTimeout(resolve, 500));
          return (await page.getByRole('heading', { name: 'Visitors' }).isVisible()) ? true : undefined;
        },
        () => `the edit of the page has no effect\n${problems.join('\n')}`,
      );
      const loud = 'found.push({ ...entry, text: entry.text.toUpperCase() })';
      await project.edit('src/guestbook.ts', 'found.push(entry)', loud);
      await eventually(
        async () => {
          await page.reload();
          await page.getByRole('listitem').waitFor();
          return (await page.getByText('WHAT A NICE PLACE').count()) === 1 ? true : undefined;
        },
        () => 'the edit of the server has no effect',
      );
      expect(problems).toEqual([]);
      await dev.interrupt();
    });
  });
});

async function start(project: Project): Promise<{ dev: Dev; url: string }> {
  const dev = new Dev(project);
  running.push(dev);
  return { dev, url: await dev.says(/Ready at (http:\S+)/) };
}

interface Answer {
  result?: unknown;
  error?: { message: string };
  token?: string;
}

async function post(url: string, path: string, body: unknown, token?: string): Promise<Answer> {
  const authorization: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const headers = { 'content-type': 'application/json', ...authorization };
  const response = await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) });
  return (await response.json()) as Answer;
}

// The document of the JSON endpoint: accepted by validators of others, and true of what the served application does.
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { Checker, documentAt, type Document, problems } from './support/openapi.ts';
import { type Account, type Answer, login, post, register, type Server, start } from './support/server.ts';
import { type AppName, buildApp } from './support/workspace.ts';

const APPS: AppName[] = ['tasks', 'conduit', 'plain'];

describe.each(APPS)('the document of %s', (name) => {
  let document: Document;
  let manifest: { routes: Record<string, { meta: { perm: number; egroup?: string } }> };

  beforeAll(async () => {
    const { dist } = await buildApp(name);
    document = await documentAt(join(dist, 'openapi.json'));
    manifest = JSON.parse(await readFile(join(dist, 'manifest.json'), 'utf8'));
  });

  test('is accepted by two validators', async () => {
    expect(await problems(document)).toEqual([]);
  });

  test('has every route, with its permission and its group', () => {
    expect(document.openapi).toBe('3.1.0');
    const described = Object.entries(document.paths).map(([path, { post }]) => [
      path.replace(/^\/rpc\//, ''),
      { permission: post['x-kontract-permission'], tags: post.tags },
    ]);
    const letters = (perm: number) => ['R', 'W', 'X'].map((letter, i) => (perm & (4 >> i) ? letter : '_')).join('');
    expect(Object.fromEntries(described)).toEqual(
      Object.fromEntries(
        Object.entries(manifest.routes).map(([route, { meta }]) => [
          route,
          { permission: letters(meta.perm), tags: meta.egroup === undefined ? undefined : [meta.egroup] },
        ]),
      ),
    );
  });
});

/** Left by `cargo test --test snapshots`. */
const fixtures = resolve(import.meta.dirname, process.env.KONTRACT_FIXTURES ?? '../../target/fixture-outputs');

test.skipIf(!existsSync(fixtures))('the documents of the compiler’s fixtures are accepted by two validators', async () => {
  const wrong: string[] = [];
  let count = 0;
  for (const stage of await readdir(fixtures)) {
    if (stage === 'node_modules' || stage.endsWith('.json')) continue;
    for (const fixture of await readdir(join(fixtures, stage))) {
      const path = join(fixtures, stage, fixture, 'dist/openapi.json');
      if (!existsSync(path)) continue;
      count += 1;
      const found = await problems(await documentAt(path));
      wrong.push(...found.map((problem) => `${stage}/${fixture}: ${problem}`));
    }
  }
  expect(wrong).toEqual([]);
  expect(count).toBeGreaterThan(50);
});

describe('conduit, served', () => {
  let document: Document;
  let checker: Checker;
  let server: Server;
  let ada: Account;
  let bob: Account;
  const succeeded = new Set<string>();

  beforeAll(async () => {
    const app = await buildApp('conduit');
    document = await documentAt(join(app.dist, 'openapi.json'));
    checker = new Checker(document);
    server = await start(app);
    ada = await register(server, 'ada');
    bob = await register(server, 'bob');
  });

  /** Calls a route with arguments that are right; request and answer must be as described. */
  async function call(route: string, args: unknown[] = [], account: Account | null = ada, status?: number): Promise<any> {
    const path = `/rpc/${route}`;
    expect(checker.request(path, args), `the request of ${route}`).toBeUndefined();
    const answer: Answer = await post(server, path, args, account?.token);
    if (answer.status !== 204) {
      expect(checker.answer(path, answer.status, answer.body), `${route}: ${JSON.stringify(answer.body)}`).toBeUndefined();
    }
    if (status !== undefined) expect(answer.status, JSON.stringify(answer.body)).toBe(status);
    if (answer.status < 300) succeeded.add(route);
    return (answer.body as { result?: unknown } | null)?.result;
  }

  test('answers as the document says', async () => {
    await call('createProfile', ['ada', 'A line', null], ada, 201);
    await call('createProfile', ['bob'], bob, 201);
    await call('createProfile', ['bob'], bob, 409);
    await call('currentUser', [], ada, 200);
    await call('updateUser', [{ bio: 'Another', image: 'https://example.com/a.png' }], ada, 200);
    await call('getProfile', ['bob'], null, 200);
    await call('getProfile', ['nobody'], null, 404);
    await call('followUser', ['bob'], ada, 200);
    const draft = { title: 'Hello, world', description: 'A start', body: 'Hello.', tagList: ['b', 'a'] };
    const { slug } = await call('createArticle', [draft], bob, 201);
    await call('createArticle', [draft], null, 403);
    await call('createArticle', [{ ...draft, title: '' }], bob, 422);
    await call('updateArticle', [slug, { body: 'Better.' }], bob, 200);
    await call('updateArticle', [slug, {}], ada, 403);
    await call('getArticle', [slug], ada, 200);
    await call('listArticles', [], null, 200);
    await call('listArticles', [null, { limit: 1 }], ada, 200);
    await call('listArticles', [{ tag: 'a', author: 'bob' }], ada, 200);
    await call('articlesByTags', ['newest', 'a', 'b'], ada, 200);
    await call('feed', [], ada, 200);
    const { id } = await call('addComment', [slug, 'Well said'], ada, 201);
    await call('listComments', [slug], null, 200);
    await call('favoriteArticle', [slug], ada, 200);
    await call('unfavoriteArticle', [slug], ada);
    await call('unfollowUser', ['bob'], ada);
    await call('search', ['hello ada', { kinds: ['article', 'person'] }], ada, 200);
    await call('suggestTitles', ['He'], ada, 200);
    await call('siteStats', [], null, 200);
    await call('ping', [], null, 200);
    await call('listTags', [], null, 200);
    await call('popularTags', [], null, 200);
    await call('Moderation.report', [slug, 'abuse', 'Look at it'], ada, 201);
    await call('Moderation.take', [], ada, 403);
    await server.auth.setGroups(ada.owner, ['admin', 'moderator']);
    ada = await login(server, ada);
    await call('Moderation.take', [], ada, 200);
    await call('Moderation.take', [], ada, 200);
    await call('Moderation.progress', [], ada, 200);
    await call('deleteComment', [slug, id], ada);
    await call('AdminService.takeDown', [slug], ada, 200);
    await call('AdminService.setGroups', ['bob', 'editor', 'reader'], ada, 200);
    const other = await call('createArticle', [{ ...draft, title: 'Another' }], await login(server, bob), 201);
    await call('deleteArticle', [other.slug], await login(server, bob), 200);
    await call('AdminService.removeProfile', ['bob'], ada, 200);
    // Whatever is not called here is not shown to be as described.
    expect(Object.keys(document.paths).filter((path) => !succeeded.has(path.replace('/rpc/', '')))).toEqual([]);
  });

  test.each([
    ['getArticle', []],
    ['getArticle', [1]],
    ['getArticle', ['a', 'b']],
    ['getArticle', { slug: 'a' }],
    ['createArticle', [{ title: 'a' }]],
    ['createArticle', [{ title: 'a', description: 'b', body: 'c', tags: [] }]],
    ['articlesByTags', ['tallest']],
    ['articlesByTags', ['newest', 1]],
    ['listArticles', [{ tag: null }]],
    ['Moderation.report', ['a', 'boredom']],
    ['search', ['a', { kinds: ['dog'] }]],
    ['ping', [1]],
  ])('%s refuses %j, as the document does', async (route, args) => {
    const path = `/rpc/${route}`;
    expect(checker.request(path, args)).toBeDefined();
    const { status, body } = await post(server, path, args, ada.token);
    expect(checker.answer(path, status, body)).toBeUndefined();
    expect([status, body]).toMatchObject([400, { error: { code: 'INVALID_REQUEST' } }]);
  });
});

import {
  ConflictError,
  ForbiddenError,
  HttpError,
  NotFoundError,
  PermissionError,
  UnauthorizedError,
} from 'kontract/client';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { logLines } from './support/log.ts';
import {
  type Account,
  act,
  answerOf,
  type Client,
  clientOf,
  failure,
  login,
  post,
  register,
  rpc,
  type Server,
  start,
  withinOneMinute,
} from './support/server.ts';
import { buildApp, type Workspace } from './support/workspace.ts';

let app: Workspace;
let client: Client;
let server: Server;
let jake: Account;
let anna: Account;

const WHEN = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const ID = expect.stringMatching(/^[0-9a-f-]{36}$/);
const ROUTES = [
  'AdminService.removeProfile',
  'AdminService.setGroups',
  'AdminService.takeDown',
  'Moderation.progress',
  'Moderation.report',
  'Moderation.take',
  'addComment',
  'articlesByTags',
  'createArticle',
  'createProfile',
  'currentUser',
  'deleteArticle',
  'deleteComment',
  'favoriteArticle',
  'feed',
  'followUser',
  'getArticle',
  'getProfile',
  'listArticles',
  'listComments',
  'listTags',
  'ping',
  'popularTags',
  'search',
  'siteStats',
  'suggestTitles',
  'unfavoriteArticle',
  'unfollowUser',
  'updateArticle',
  'updateUser',
];

const draft = (title: string, ...tagList: string[]) => ({ title, description: `About ${title}`, body: `${title}.`, tagList });

/** A server of its own with people who have profiles, named after them. */
async function world<Name extends string>(...names: Name[]): Promise<{ host: Server } & Record<Name, Account>> {
  const host = await start(app);
  const people: Record<string, Account> = {};
  for (const name of names) {
    people[name] = await register(host, name);
    act(host, people[name]!);
    await client.createProfile(name);
  }
  return { host, ...people } as { host: Server } & Record<Name, Account>;
}

beforeAll(async () => {
  app = await buildApp('conduit');
  client = await clientOf(app);
  ({ host: server, jake, anna } = await world('jake', 'anna'));
});

describe('the contract', () => {
  test('names every route', async () => {
    const manifest = JSON.parse(await readFile(join(app.dist, 'manifest.json'), 'utf8'));
    expect(Object.keys(manifest.routes).sort()).toEqual(ROUTES);
    expect(manifest.routes['Moderation.take']).toMatchObject({
      kind: 'instance',
      meta: { perm: 7, ugroup: 'moderator', egroup: 'moderation' },
      params: [],
      chain: [0, 1],
    });
    expect(manifest.routes['AdminService.setGroups']).toMatchObject({
      kind: 'static',
      meta: { perm: 7, egroup: 'admin' },
      params: [{ name: 'username', optional: false, rest: false }, { name: 'groups', rest: true }],
      chain: [0, 1, 4],
    });
    expect(manifest.routes.createProfile).toMatchObject({
      kind: 'function',
      meta: { perm: 6, egroup: 'editor' },
      params: [
        { name: 'username', type: 'string', optional: false, rest: false },
        { name: 'bio', type: 'string', optional: true, rest: false },
        { name: 'image', optional: true, rest: false },
      ],
      chain: [0, 1, 2],
    });
    expect(manifest.routes.listTags.chain).toEqual([0, 1, 3]);
    expect(manifest.routes.ping).toMatchObject({ meta: { perm: 0 }, chain: [0, 1] });
    expect(manifest.routes.ping.meta).not.toHaveProperty('egroup');
    expect(manifest.middleware.map(({ filter }: { filter: unknown }) => filter ?? {})).toEqual([
      {},
      { prefixurl: '/rpc/' },
      { egroup: 'editor' },
      { endpoints: ['listTags'] },
      { prefixurl: '/rpc/AdminService.', egroup: 'admin' },
    ]);
  });

  test('names the tables with their keys and their fields’ permissions', async () => {
    const { tables } = JSON.parse(await readFile(join(app.dist, 'manifest.json'), 'utf8'));
    expect(Object.keys(tables).sort()).toEqual(['articles', 'comments', 'favorites', 'follows', 'profiles', 'reports']);
    for (const table of Object.values<{ primaryKey: string }>(tables)) expect(table.primaryKey).toBe('id');
    const permissions = (table: string) =>
      Object.fromEntries(Object.entries<{ perm: number }>(tables[table].fields).map(([field, { perm }]) => [field, perm]));
    expect(permissions('profiles')).toMatchObject({ username: 6, bio: 6, image: 6, joinedAt: 4 });
    expect(permissions('favorites')).toMatchObject({ articleId: 4, userId: 4 });
    expect(permissions('articles')).toMatchObject({ title: 6, slug: 6, authorId: 4, createdAt: 4, updatedAt: 6 });
  });

  test('is what the client offers, by name and through api', () => {
    const api = client.api as unknown as Record<string, unknown>;
    const flat = Object.entries(api).flatMap(([name, value]) =>
      typeof value === 'function' ? [name] : Object.keys(value as object).map((method) => `${name}.${method}`),
    );
    expect(flat.sort()).toEqual(ROUTES);
    expect(client.createArticle).toBe(client.api.createArticle);
    expect(client.Moderation).toBe(client.api.Moderation);
    // An alias in the module's exports is the client's name; the route keeps its own.
    expect(client.unfollow).toBe(client.api.unfollowUser);
    expect(client).not.toHaveProperty('unfollowUser');
    // A default export is there under its function's name, an unexported function as well.
    expect(client.siteStats).toBe(client.api.siteStats);
    expect(client.search).toBe(client.api.search);
    expect(client.ping).toBe(client.api.ping);
    expect(client.suggestTitles).toBe(client.api.suggestTitles);
  });

  test('holds the constants and enums that server modules export', () => {
    expect(client).toMatchObject({
      TAGS_PER_CALL: 5,
      ArticleOrder: { Newest: 'newest', Oldest: 'oldest', MostLiked: 'most-liked' },
      Severity: { Low: 1, High: 10 },
    });
  });

  test('keeps a default export the default of its module', async () => {
    const stats = await clientOf(app, 'api/stats.js');
    expect(stats.default).toBe(client.siteStats);
  });
});

describe('a profile', () => {
  test('is made once for an account and answered with 201', async () => {
    const host = await start(app);
    const ada = await register(host, 'ada');
    const { status, body } = await rpc(host, 'createProfile', ['ada', 'Likes engines'], ada.token);
    expect(status).toBe(201);
    expect(body).toEqual({
      result: { username: 'ada', bio: 'Likes engines', image: null, joinedAt: WHEN, following: [] },
    });
    act(host, ada);
    expect(await client.currentUser()).toEqual((body as { result: unknown }).result);
    const again = await failure(client.createProfile('ada2'));
    expect(again).toBeInstanceOf(ConflictError);
    expect(again).toMatchObject({ status: 409, code: 'CONFLICT', message: 'You have a profile already' });

    act(host, await register(host, 'other'));
    expect(await failure(client.createProfile('ada'))).toMatchObject({ status: 409, message: 'The name ada is taken' });
    expect(await failure(client.createProfile('Ada!'))).toMatchObject({
      status: 422,
      code: 'INVALID_REQUEST',
      message: 'username must be 3 to 30 lower case letters, digits, - or _',
    });
    expect(await failure(client.currentUser())).toMatchObject({ status: 404, message: 'Create a profile first' });
  });

  test('can be changed, and its picture taken away', async () => {
    const { host, mia } = await world('mia', 'ben');
    act(host, mia);
    const changed = await client.updateUser({ bio: 'Writes', image: 'https://example.com/mia.png' });
    expect(changed).toMatchObject({ username: 'mia', bio: 'Writes', image: 'https://example.com/mia.png' });
    expect(await client.updateUser({ image: null, username: 'mia-maria' })).toEqual({
      ...changed,
      image: null,
      username: 'mia-maria',
    });
    expect(await failure(client.updateUser({ username: 'ben' }))).toBeInstanceOf(ConflictError);
    expect(await failure(client.getProfile('mia'))).toMatchObject({ status: 404, message: 'Nobody is called mia' });
    expect(await client.getProfile('mia-maria')).toEqual({
      username: 'mia-maria',
      bio: 'Writes',
      image: null,
      following: false,
    });
  });

  test('can be followed and left', async () => {
    const { host, sue } = await world('sue', 'tom', 'uma');
    act(host, sue);
    expect(await client.followUser('uma')).toMatchObject({ username: 'uma', following: true });
    expect(await client.followUser('uma')).toMatchObject({ following: true });
    await client.followUser('tom');
    expect((await client.currentUser()).following).toEqual(['tom', 'uma']);
    expect(await client.unfollow('uma')).toMatchObject({ username: 'uma', following: false });
    expect((await client.currentUser()).following).toEqual(['tom']);
    expect(await failure(client.followUser('sue'))).toMatchObject({ status: 422, message: 'You cannot follow yourself' });
    expect(await failure(client.followUser('nobody'))).toBeInstanceOf(NotFoundError);
    act(host, null);
    expect(await client.getProfile('tom')).toMatchObject({ following: false });
  });

  test('has the accounts of the server behind it', async () => {
    const wrong = await post(server, '/auth/login', { email: jake.email, password: 'wrong: correct horse' });
    expect(wrong).toMatchObject({ status: 401, body: { error: { code: 'UNAUTHORIZED', message: 'Unauthorized' } } });
    const taken = await post(server, '/auth/register', { email: jake.email, password: jake.password });
    expect(taken).toMatchObject({ status: 409, body: { error: { code: 'CONFLICT' } } });
    const again = await login(server, jake);
    expect(again.owner).toBe(jake.owner);
    expect(again.token).not.toBe(jake.token);
    expect((await post(server, '/auth/logout', undefined, again.token)).status).toBe(204);
    expect(await rpc(server, 'currentUser', [], again.token)).toMatchObject({ status: 401 });
    expect(await rpc(server, 'currentUser', [], jake.token)).toMatchObject({ body: { result: { username: 'jake' } } });
  });
});

describe('an article', () => {
  test('is published with its slug, and read by anybody with curl', async () => {
    const article = {
      slug: 'how-to-train-your-dragon',
      title: 'How to train your dragon!',
      description: 'About How to train your dragon!',
      body: 'How to train your dragon!.',
      tagList: ['dragons', 'training'],
      createdAt: WHEN,
      updatedAt: WHEN,
      favorited: false,
      favoritesCount: 0,
      author: { username: 'jake', bio: '', image: null, following: false },
    };
    const created = await rpc(
      server,
      'createArticle',
      [draft('How to train your dragon!', 'training', 'dragons', 'dragons')],
      jake.token,
    );
    expect(created).toMatchObject({ status: 201, body: { result: article } });
    expect(created.headers.get('location')).toBe('/articles/how-to-train-your-dragon');

    const read = await answerOf(
      await fetch(`${server.url}/rpc/getArticle`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '["how-to-train-your-dragon"]',
      }),
    );
    expect(read.status).toBe(200);
    expect(read.body).toEqual(created.body);
  });

  test('gets another slug where the plain one is taken, and one where nothing is left of the title', async () => {
    act(server, jake);
    const [one, two, three] = [
      await client.createArticle(draft('Ça va, World?')),
      await client.createArticle(draft('Ca va world')),
      await client.createArticle(draft('🎉🎉')),
    ];
    expect(one.slug).toBe('ca-va-world');
    expect(two.slug).toMatch(/^ca-va-world-[0-9a-f]{8}$/);
    expect(three.slug).toBe('article');
    expect((await client.getArticle(two.slug)).title).toBe('Ca va world');
    expect((await client.getArticle('article')).title).toBe('🎉🎉');
  });

  test('is checked: every problem is told at once', async () => {
    act(server, jake);
    const error = await failure(client.createArticle({ title: ' ', description: 'x'.repeat(121), body: '' }));
    expect(error).toBeInstanceOf(HttpError);
    expect(error).toMatchObject({
      status: 422,
      code: 'INVALID_REQUEST',
      message: "title can't be blank; description is longer than 120 characters; body can't be blank",
    });
    const tags = Array.from({ length: 11 }, (_, index) => `t${index}`);
    expect(await rpc(server, 'createArticle', [draft('Tagged', ...tags)], jake.token)).toMatchObject({
      status: 422,
      body: { error: { code: 'INVALID_REQUEST', message: 'tagList has more than 10 tags', status: 422 } },
    });
  });

  test('is changed by its author: the fields given, and the slug with the title', async () => {
    act(server, jake);
    const created = await client.createArticle(draft('Before', 'old'));
    const body = await client.updateArticle('before', { body: 'New body' });
    expect(body).toEqual({ ...created, body: 'New body', updatedAt: WHEN });
    const renamed = await client.updateArticle('before', { title: 'After', tagList: ['new'] });
    expect(renamed).toEqual({ ...body, title: 'After', slug: 'after', tagList: ['new'], updatedAt: WHEN });
    expect(renamed.updatedAt >= body.updatedAt).toBe(true);
    expect(await failure(client.getArticle('before'))).toMatchObject({ status: 404, message: 'Article not found' });
    expect(await client.getArticle('after')).toEqual(renamed);
    expect(await failure(client.updateArticle('after', { title: '' }))).toMatchObject({ status: 422 });
  });

  test('is changed and deleted by nobody else', async () => {
    act(server, jake);
    await client.createArticle(draft('Mine'));
    act(server, anna);
    for (const call of [() => client.updateArticle('mine', { body: 'Hers' }), () => client.deleteArticle('mine')]) {
      const error = await failure(call());
      expect(error).toBeInstanceOf(ForbiddenError);
      expect(error).toMatchObject({ status: 403, code: 'FORBIDDEN', message: 'Not your article' });
    }
    act(server, null);
    for (const call of [() => client.createArticle(draft('Nobody')), () => client.deleteArticle('mine')]) {
      const error = await failure(call());
      expect(error).toBeInstanceOf(PermissionError);
      expect(error).toMatchObject({ status: 403, code: 'PERMISSION_DENIED', message: 'Insufficient permissions' });
    }
    expect((await client.getArticle('mine')).body).toBe('Mine.');
  });

  test('is deleted with its comments and likes', async () => {
    const { host, ray, zoe } = await world('ray', 'zoe');
    act(host, ray);
    await client.createArticle(draft('Gone soon', 'gone'));
    act(host, zoe);
    await client.addComment('gone-soon', 'Pity');
    await client.favoriteArticle('gone-soon');
    expect(await client.siteStats()).toEqual({ articles: 1, people: 2, comments: 1, talk: 1 });
    act(host, ray);
    expect(await client.deleteArticle('gone-soon')).toBeUndefined();
    expect(await failure(client.getArticle('gone-soon'))).toBeInstanceOf(NotFoundError);
    expect(await client.siteStats()).toEqual({ articles: 0, people: 2, comments: 0, talk: null });
    expect((await client.listArticles({ favorited: 'zoe' })).items).toEqual([]);
  });
});

describe('likes', () => {
  test('count once a reader, and are each reader’s own', async () => {
    const { host, kai, lou } = await world('kai', 'lou');
    act(host, kai);
    await client.createArticle(draft('Likeable'));
    expect(await client.favoriteArticle('likeable')).toMatchObject({ favorited: true, favoritesCount: 1 });
    expect(await client.favoriteArticle('likeable')).toMatchObject({ favorited: true, favoritesCount: 1 });
    act(host, lou);
    expect(await client.getArticle('likeable')).toMatchObject({ favorited: false, favoritesCount: 1 });
    expect(await client.favoriteArticle('likeable')).toMatchObject({ favorited: true, favoritesCount: 2 });
    expect(await client.unfavoriteArticle('likeable')).toMatchObject({ favorited: false, favoritesCount: 1 });
    expect(await client.unfavoriteArticle('likeable')).toMatchObject({ favorited: false, favoritesCount: 1 });
    expect((await client.listArticles({ favorited: 'kai' })).items).toHaveLength(1);
    expect((await client.listArticles({ favorited: 'lou' })).items).toEqual([]);
  });
});

describe('lists', () => {
  test('are newest first, narrowed and paged, without bodies', async () => {
    const { host, amy, bea } = await world('amy', 'bea');
    act(host, amy);
    for (const number of [1, 2, 3]) await client.createArticle(draft(`Amy ${number}`, 'all', `n${number}`));
    act(host, bea);
    for (const number of [1, 2]) await client.createArticle(draft(`Bea ${number}`, 'all'));
    act(host, null);

    const slugs = async (...args: unknown[]) =>
      (await client.listArticles(...args)).items.map((article: { slug: string }) => article.slug);
    expect(await slugs()).toEqual(['bea-2', 'bea-1', 'amy-3', 'amy-2', 'amy-1']);
    expect(await slugs({ tag: 'n2' })).toEqual(['amy-2']);
    expect(await slugs({ author: 'bea' })).toEqual(['bea-2', 'bea-1']);
    expect(await slugs({ author: 'bea', tag: 'n2' })).toEqual([]);

    const first = await client.listArticles({}, { limit: 2 });
    expect(first).toMatchObject({ total: 5, next: 2 });
    expect(first.items.map((article: { slug: string }) => article.slug)).toEqual(['bea-2', 'bea-1']);
    expect(first.items[0]).not.toHaveProperty('body');
    expect(await client.listArticles({}, { limit: 2, offset: 2 })).toMatchObject({ total: 5, next: 4 });
    expect(await client.listArticles({}, { limit: 2, offset: 4 })).toMatchObject({ total: 5, next: null });
    expect(await client.listArticles(undefined, { offset: 9 })).toEqual({ items: [], total: 5, next: null });
    expect((await client.listArticles({}, { limit: 0 })).items).toHaveLength(1);
    expect(await failure(client.listArticles({ author: 'nobody' }))).toBeInstanceOf(NotFoundError);
    // An argument that is left out before another travels as null.
    expect(await rpc(host, 'listArticles', [null, { limit: 1 }])).toMatchObject({
      status: 200,
      body: { result: { total: 5, next: 1 } },
    });
  });

  test('by tags take any number of them, in the order asked for', async () => {
    const { host, dan } = await world('dan');
    act(host, dan);
    const { ArticleOrder } = client as unknown as { ArticleOrder: Record<string, string> };
    await client.createArticle(draft('One', 'a'));
    await client.createArticle(draft('Two', 'b'));
    await client.createArticle(draft('Three', 'c'));
    await client.favoriteArticle('two');
    const slugs = async (...args: unknown[]) =>
      (await client.articlesByTags(...args)).map((article: { slug: string }) => article.slug);
    expect(await slugs(ArticleOrder.Oldest, 'a', 'b')).toEqual(['one', 'two']);
    expect(await slugs(ArticleOrder.Newest, 'a', 'b', 'c')).toEqual(['three', 'two', 'one']);
    expect((await slugs(ArticleOrder.MostLiked, 'a', 'b', 'c'))[0]).toBe('two');
    expect(await slugs(ArticleOrder.Newest)).toEqual([]);
    expect(await failure(client.articlesByTags(ArticleOrder.Newest, 'a', 'b', 'c', 'd', 'e', 'f'))).toMatchObject({
      status: 422,
      message: 'tags are more than 5',
    });
  });

  test('of the feed hold the articles of those one follows', async () => {
    const { host, ida, jon, kim } = await world('ida', 'jon', 'kim');
    act(host, jon);
    for (const number of [1, 2, 3]) await client.createArticle(draft(`Jon ${number}`));
    act(host, kim);
    await client.createArticle(draft('Kim 1'));
    act(host, ida);
    expect(await client.feed()).toEqual({ items: [], total: 0, next: null });
    await client.followUser('jon');
    const page = await client.feed(2);
    expect(page).toMatchObject({ total: 3, next: 2 });
    expect(page.items.map((article: { slug: string }) => article.slug)).toEqual(['jon-3', 'jon-2']);
    expect(page.items[0].author).toEqual({ username: 'jon', bio: '', image: null, following: true });
    expect((await client.feed(undefined, 2)).items).toMatchObject([{ slug: 'jon-1' }]);
  });
});

describe('comments', () => {
  test('are written, listed and deleted by their author or the article’s', async () => {
    const { host, eva, fay, gus } = await world('eva', 'fay', 'gus');
    act(host, eva);
    await client.createArticle(draft('Talk'));
    act(host, fay);
    const first = await client.addComment('talk', 'First!');
    expect(first).toEqual({
      id: ID,
      body: 'First!',
      createdAt: WHEN,
      author: { username: 'fay', bio: '', image: null, following: false },
    });
    const second = await rpc(host, 'addComment', ['talk', 'Second'], fay.token);
    expect(second.status).toBe(201);
    const { id } = (second.body as { result: { id: string } }).result;
    expect(await failure(client.addComment('talk', ' '))).toMatchObject({ status: 422, message: "body can't be blank" });
    expect(await failure(client.addComment('none', 'Hm'))).toBeInstanceOf(NotFoundError);

    act(host, null);
    const listed = await client.listComments('talk');
    expect(listed.map((comment: { body: string }) => comment.body)).toEqual(['First!', 'Second']);

    act(host, gus);
    expect(await failure(client.deleteComment('talk', id))).toMatchObject({ status: 403, message: 'Not your comment' });
    act(host, eva);
    expect(await client.deleteComment('talk', first.id)).toBeNull();
    expect(await rpc(host, 'deleteComment', ['talk', id], fay.token)).toMatchObject({ status: 204, body: null });
    expect(await failure(client.deleteComment('talk', id))).toMatchObject({ status: 404, message: 'Comment not found' });
    expect(await client.listComments('talk')).toEqual([]);
  });
});

describe('finding', () => {
  test('weighs where the words are', async () => {
    const { host, owen } = await world('owen', 'dragonfly');
    act(host, owen);
    await client.createArticle({ title: 'Dragons', description: 'Of dragons', body: 'Dragons!', tagList: [] });
    await client.createArticle({ title: 'Cooking', description: 'For two', body: 'No dragon in it', tagList: [] });
    expect(await client.search('dragon')).toEqual([
      { kind: 'article', slug: 'dragons', title: 'Dragons', score: 8 },
      { kind: 'person', username: 'dragonfly', score: 4 },
      { kind: 'article', slug: 'cooking', title: 'Cooking', score: 1 },
    ]);
    expect(await client.search('dragon', { kinds: ['person'] })).toEqual([
      { kind: 'person', username: 'dragonfly', score: 4 },
    ]);
    expect(await client.search('DRAGON cooking', { limit: 1 })).toMatchObject([{ slug: 'dragons' }]);
    expect(await client.search('')).toEqual([]);
    expect(await client.suggestTitles('dr')).toEqual(['Dragons']);
    expect(await client.suggestTitles('', { limit: 1 })).toEqual(['Cooking']);
  });

  test('by tag knows which are used, and how often', async () => {
    const { host, pia } = await world('pia');
    act(host, pia);
    expect(await client.listTags()).toEqual([]);
    await client.createArticle(draft('P1', 'x', 'y'));
    await client.createArticle(draft('P2', 'y', 'z'));
    expect(await client.listTags()).toEqual(['x', 'y', 'z']);
    expect(await client.popularTags(2)).toEqual([
      { tag: 'y', articles: 2 },
      { tag: 'x', articles: 1 },
    ]);
    await client.deleteArticle('p1');
    expect(await client.listTags()).toEqual(['y', 'z']);
  });
});

describe('groups', () => {
  test('let moderators take reports in their order; the service keeps its state', async () => {
    const { host, max, nora, root } = await world('max', 'nora', 'root');
    act(host, max);
    await client.createArticle(draft('Spam'));
    act(host, nora);
    const { Moderation } = client;
    const id = await Moderation.report('spam', 'spam');
    expect(id).toEqual(ID);
    expect((await rpc(host, 'Moderation.report', ['spam', 'abuse', 'Rude'], nora.token)).status).toBe(201);

    const refused = await failure(Moderation.take());
    expect(refused).toBeInstanceOf(ForbiddenError);
    expect(refused).toMatchObject({ status: 403, code: 'FORBIDDEN', message: 'Forbidden' });

    await host.auth.grant(root.email, 'admin');
    act(host, await login(host, root));
    expect(await client.AdminService.setGroups('nora', 'moderator', 'reader')).toBeUndefined();
    act(host, nora);
    expect(await failure(Moderation.take())).toBeInstanceOf(UnauthorizedError);
    act(host, await login(host, nora));
    const { taken } = await Moderation.progress();
    expect(await Moderation.take()).toEqual({
      id,
      slug: 'spam',
      reason: 'spam',
      note: null,
      severity: 1,
      reporter: 'nora',
    });
    expect(await Moderation.take()).toMatchObject({ reason: 'abuse', note: 'Rude', severity: 10 });
    expect(await Moderation.take()).toBeNull();
    expect(await Moderation.progress()).toEqual({ taken: taken + 2 });
  });

  test('let administrators take articles and people down, on record', async () => {
    const { host, rita, sam, root } = await world('rita', 'sam', 'root');
    act(host, sam);
    for (const number of [1, 2, 3]) await client.createArticle(draft(`Sam ${number}`));
    act(host, rita);
    const { AdminService } = client;
    const lines = logLines('conduit');
    expect(await failure(AdminService.takeDown('sam-1'))).toMatchObject({ status: 403, message: 'For administrators' });
    await host.auth.grant(root.email, 'admin');
    act(host, await login(host, root));
    expect(await AdminService.takeDown('sam-1')).toBeUndefined();
    expect(await AdminService.removeProfile('sam')).toBe(2);
    expect(await client.siteStats()).toMatchObject({ articles: 0, people: 2 });
    await expect.poll(() => lines).toEqual([
      `[conduit] AdminService.takeDown (admin) by ${rita.owner}: FORBIDDEN`,
      `[conduit] audit: AdminService.takeDown by ${root.owner}`,
      `[conduit] AdminService.takeDown (admin) by ${root.owner}: ok`,
      `[conduit] audit: AdminService.removeProfile by ${root.owner}`,
      `[conduit] AdminService.removeProfile (admin) by ${root.owner}: ok`,
      `[conduit] siteStats by ${root.owner}: ok`,
    ]);
  });
});

describe('the middlewares', () => {
  test('refuse a writer without a login, also where reading is allowed', async () => {
    const lines = logLines('conduit');
    act(server, null);
    const error = await failure(client.feed());
    expect(error).toBeInstanceOf(UnauthorizedError);
    expect(error).toMatchObject({ status: 401, code: 'UNAUTHORIZED', message: 'Log in first' });
    await expect.poll(() => lines).toEqual(['[conduit] feed (editor) by somebody: UNAUTHORIZED']);
  });

  test('limit the calls of one user', async () => {
    process.env.CONDUIT_RATE_LIMIT = '2';
    const host = await start(app);
    delete process.env.CONDUIT_RATE_LIMIT;
    await withinOneMinute();
    expect((await rpc(host, 'ping')).body).toEqual({ result: 'pong' });
    expect((await rpc(host, 'ping')).status).toBe(200);
    expect(await rpc(host, 'ping')).toMatchObject({ status: 429, body: { error: { code: 'RATE_LIMITED' } } });
    act(host, null);
    const error = await failure(client.ping());
    expect(error).toBeInstanceOf(HttpError);
    expect(error).toMatchObject({ status: 429, code: 'RATE_LIMITED', message: 'Rate limit exceeded' });
  });
});

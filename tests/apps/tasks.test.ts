import { ConflictError, ForbiddenError, HttpError, NotFoundError, PermissionError } from 'kontract/client';
import { beforeAll, describe, expect, test } from 'vitest';
import { logLines } from './support/log.ts';
import {
  type Account,
  act,
  type Client,
  clientOf,
  failure,
  login,
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
let ada: Account;
let bob: Account;

const WHEN = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const ID = expect.stringMatching(/^[0-9a-f-]{36}$/);

beforeAll(async () => {
  app = await buildApp('tasks');
  client = await clientOf(app);
  process.env.TASKS_RATE_LIMIT = '10000';
  server = await start(app);
  [ada, bob] = [await register(server, 'ada'), await register(server, 'bob')];
});

describe('a task', () => {
  test('is created with its defaults and answered with 201', async () => {
    const { status, body } = await rpc(server, 'createTask', ['  Buy \n milk '], ada.token);
    expect(status).toBe(201);
    expect(body).toEqual({
      result: {
        id: ID,
        title: 'Buy milk',
        notes: '',
        priority: 'normal',
        done: false,
        category: null,
        createdBy: ada.owner,
        createdAt: WHEN,
        completedAt: null,
      },
    });
  });

  test('takes the default for an argument that is left out between others', async () => {
    act(server, ada);
    const task = await client.createTask('Sort post', undefined, 'home');
    expect(task).toMatchObject({ title: 'Sort post', priority: 'normal', category: 'home' });
    const { body } = await rpc(server, 'createTask', ['Sort more post', null, 'home'], ada.token);
    expect(body).toMatchObject({ result: { priority: 'normal', category: 'home' } });
  });

  test('takes a value of the enum that client and server share', async () => {
    act(server, ada);
    const { Priority } = client as unknown as { Priority: Record<string, string> };
    expect(Priority).toEqual({ Low: 'low', Normal: 'normal', High: 'high' });
    expect(await client.createTask('Call the bank', Priority.High)).toMatchObject({ priority: 'high' });
  });

  test('can be read, changed, ticked off and deleted by its owner', async () => {
    act(server, ada);
    const created = await client.createTask('Write letter');
    expect(await client.getTask(created.id)).toEqual(created);

    const updated = await client.updateTask(created.id, { title: ' Write  a letter', notes: 'to Bob' });
    expect(updated).toEqual({ ...created, title: 'Write a letter', notes: 'to Bob' });

    const completed = await client.completeTask(created.id);
    expect(completed).toEqual({ ...updated, done: true, completedAt: WHEN });
    expect(await client.completeTask(created.id)).toEqual(completed);
    expect(await client.getTask(created.id)).toEqual(completed);

    expect(await client.deleteTask(created.id)).toBeNull();
    const gone = await failure(client.getTask(created.id));
    expect(gone).toBeInstanceOf(NotFoundError);
    expect(gone).toMatchObject({ status: 404, code: 'NOT_FOUND', message: 'Task not found' });
  });

  test('is deleted with 204 and no body', async () => {
    act(server, ada);
    const { id } = await client.createTask('Short-lived');
    expect(await rpc(server, 'deleteTask', [id], ada.token)).toMatchObject({ status: 204, body: null });
  });

  test("is nobody else's", async () => {
    act(server, ada);
    const { id } = await client.createTask('Secret');
    act(server, bob);
    for (const call of [client.getTask, client.completeTask, client.deleteTask]) {
      const error = await failure(call(id));
      expect(error).toBeInstanceOf(ForbiddenError);
      expect(error).toMatchObject({ status: 403, code: 'FORBIDDEN', message: 'Not your task' });
    }
  });

  test('needs a title', async () => {
    const { status, body } = await rpc(server, 'createTask', ['   '], ada.token);
    expect(status).toBe(422);
    expect(body).toEqual({ error: { code: 'INVALID_REQUEST', message: "title can't be blank", status: 422 } });

    act(server, ada);
    const error = await failure(client.createTask('x'.repeat(121)));
    expect(error).toBeInstanceOf(HttpError);
    expect(error).toMatchObject({ status: 422, message: 'title is longer than 120 characters' });
  });

  test('cannot be made without a login', async () => {
    act(server, null);
    const error = await failure(client.createTask('Anything'));
    expect(error).toBeInstanceOf(PermissionError);
    expect(error).toMatchObject({ status: 403, code: 'PERMISSION_DENIED', message: 'Insufficient permissions' });
    expect(await client.listTasks()).toEqual([]);
  });
});

describe('a list', () => {
  test('is narrowed by every field of the filter, and cut', async () => {
    const eve = await register(server, 'eve');
    act(server, eve);
    const ids = await client.createTasks('work', 'one', 'two', 'three');
    expect(ids).toEqual([ID, ID, ID]);
    await client.createTasks(null, 'four');
    await client.completeTask(ids[1]);

    const titles = async (...args: unknown[]) => (await client.listTasks(...args)).map((line: { title: string }) => line.title);
    expect(await titles()).toEqual(['one', 'two', 'three', 'four']);
    expect(await titles({ done: true })).toEqual(['two']);
    expect(await titles({ category: 'work', done: false })).toEqual(['one', 'three']);
    expect(await titles({ category: null })).toEqual(['four']);
    expect(await titles({}, 2)).toEqual(['one', 'two']);
    expect(await client.listTasks({ done: true })).toEqual([{ id: ids[1], title: 'two', priority: 'normal', done: true }]);
  });

  test('holds at most 200 open tasks', async () => {
    const max = await register(server, 'max');
    act(server, max);
    const ids = await client.createTasks(null, ...Array.from({ length: 200 }, (_, index) => `task ${index}`));
    expect(ids).toHaveLength(200);
    const message = 'Finish something first: your list is full';
    expect(await failure(client.createTask('one more'))).toMatchObject({ status: 422, message });
    await client.completeTask(ids[0]);
    expect(await client.createTask('one more')).toMatchObject({ title: 'one more' });
  });
});

describe('categories', () => {
  test('are made once, coloured, listed by name and removed', async () => {
    act(server, ada);
    const garden = await client.createCategory('garden ', 'green');
    expect(garden).toEqual({ id: ID, name: 'garden', colour: 'green', createdBy: ada.owner });
    const attic = await client.createCategory('attic');
    expect(attic.colour).toBe('grey');
    expect(await failure(client.createCategory('attic'))).toBeInstanceOf(ConflictError);

    act(server, null);
    expect(await client.listCategories()).toEqual([attic, garden]);

    act(server, bob);
    expect(await client.recolour(attic.id, 'blue')).toBe('grey');
    expect(await client.recolour(attic.id, 'red')).toBe('blue');
    const { id } = await client.createTask('Rake leaves', 'low', garden.id);
    expect(await client.removeCategory(garden.id)).toBe(true);
    expect(await client.removeCategory(garden.id)).toBe(false);
    expect((await client.getTask(id)).category).toBeNull();
    expect(await client.listCategories()).toEqual([{ ...attic, colour: 'red' }]);
  });

  test('answer the status and the headers of their HttpResp', async () => {
    const { status, headers, body } = await rpc(server, 'createCategory', ['kitchen', 'blue'], ada.token);
    const { result } = body as { result: { id: string } };
    expect(status).toBe(201);
    expect(headers.get('location')).toBe(`/categories/${result.id}`);
    expect(headers.get('content-type')).toMatch(/^application\/json/);
  });
});

describe('reports', () => {
  test('count by priority, and answer a tuple or null', async () => {
    const joe = await register(server, 'joe');
    act(server, joe);
    expect(await client.oldestOpen()).toBeNull();
    const { id } = await client.createTask('first', 'high');
    await client.createTasks(null, 'second', 'third');
    await client.completeTask(id);
    expect(await client.summary()).toEqual({ open: 2, done: 1, byPriority: { low: 0, normal: 2, high: 1 } });
    expect(await client.oldestOpen()).toEqual(['second', 0]);
  });
});

describe('the inbox', () => {
  test('is first in, first out, and gives the newest back', async () => {
    act(server, ada);
    const ids = [await client.drop('one'), await client.drop('two'), await client.drop('three')];
    act(server, bob);
    expect(await client.takeNext()).toEqual({ id: ids[0], text: 'one', from: ada.owner });
    expect(await client.takeBack()).toEqual({ id: ids[2], text: 'three', from: ada.owner });
    expect(await client.takeNext()).toEqual({ id: ids[1], text: 'two', from: ada.owner });
    expect(await client.takeNext()).toBeNull();
  });
});

describe('the administration', () => {
  test('needs the group: by the annotation, and by the guard where the annotation names none', async () => {
    for (const route of ['listAllTasks', 'load']) {
      expect(await rpc(server, route, [], ada.token)).toMatchObject({
        status: 403,
        body: { error: { code: 'FORBIDDEN', message: 'Forbidden', status: 403 } },
      });
      expect((await rpc(server, route, [])).status).toBe(403);
    }
  });

  test('opens with the group, which ends the older sessions', async () => {
    const root = await register(server, 'root');
    await server.auth.grant(root.email, 'admin');
    expect((await rpc(server, 'load', [], root.token)).status).toBe(401);
    act(server, await login(server, root));

    const all = await client.listAllTasks(1000);
    const load = await client.load();
    expect(load.tasks).toBe(all.length);
    expect(load.busiest[ada.owner]).toBe(all.filter((task: { createdBy: string }) => task.createdBy === ada.owner).length);
    expect(load.people).toBe(Object.keys(load.busiest).length);

    const finished = all.filter((task: { done: boolean }) => task.done);
    const urgent = finished.filter((task: { priority: string }) => task.priority === 'high');
    expect(await client.purgeFinished('high')).toBe(urgent.length);
    expect(await client.purgeFinished()).toBe(finished.length - urgent.length);
    expect(await client.purgeFinished()).toBe(0);
  });
});

describe('the middlewares', () => {
  test('log every call once, with its end', async () => {
    const lines = logLines('tasks');
    act(server, ada);
    await client.listTasks();
    await failure(client.getTask('nothing'));
    await failure(client.createTask(''));
    await expect.poll(() => lines).toEqual(['[tasks] listTasks ok', '[tasks] getTask 404', '[tasks] createTask 422']);
  });

  test('run only after permission and group were checked', async () => {
    const lines = logLines('tasks');
    await rpc(server, 'createTask', ['Anything']);
    await rpc(server, 'listAllTasks', [], ada.token);
    await rpc(server, 'load', [], ada.token);
    await expect.poll(() => lines).toEqual(['[tasks] load 403']);
  });

  test('run in the order of the list: log, rate limit, guard', async () => {
    process.env.TASKS_RATE_LIMIT = '3';
    const strict = await start(app);
    process.env.TASKS_RATE_LIMIT = '10000';
    const [kim, lee] = [await register(strict, 'kim'), await register(strict, 'lee')];
    const lines = logLines('tasks');
    await withinOneMinute();

    const answers = [];
    for (const route of ['listTasks', 'load', 'listTasks', 'load', 'listTasks']) {
      answers.push((await rpc(strict, route, [], kim.token)).status);
    }
    expect(answers).toEqual([200, 403, 200, 429, 429]);
    await expect.poll(() => lines).toEqual(
      ['listTasks ok', 'load 403', 'listTasks ok', 'load 429', 'listTasks 429'].map((line) => `[tasks] ${line}`),
    );
    expect(await rpc(strict, 'listTasks', [], kim.token)).toMatchObject({
      status: 429,
      body: { error: { code: 'RATE_LIMITED', message: 'Rate limit exceeded', status: 429 } },
    });
    expect((await rpc(strict, 'listTasks', [], lee.token)).status).toBe(200);
    // Everybody without a login shares one allowance.
    for (let call = 0; call < 3; call += 1) expect((await rpc(strict, 'listCategories')).status).toBe(200);
    expect((await rpc(strict, 'listCategories')).status).toBe(429);
  });
});

describe('a request that is none', () => {
  test('is refused before anything runs', async () => {
    const lines = logLines('tasks');
    expect(await rpc(server, 'noSuchRoute', [])).toMatchObject({ status: 404, body: { error: { code: 'NOT_FOUND' } } });
    expect(await rpc(server, 'toString', [])).toMatchObject({ status: 404 });
    const tooMany = await rpc(server, 'getTask', ['a', 'b'], ada.token);
    expect(tooMany).toMatchObject({ status: 400, body: { error: { code: 'INVALID_REQUEST' } } });
    expect((await fetch(`${server.url}/rpc/listTasks`)).status).toBe(405);
    const notAnArray = await fetch(`${server.url}/rpc/listTasks`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"done":true}',
    });
    expect(notAnArray.status).toBe(400);
    expect(lines).toEqual([]);
  });
});

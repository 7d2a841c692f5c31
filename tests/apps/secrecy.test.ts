// What only the server's code holds must not be found anywhere below dist/client.
import { beforeAll, describe, expect, test } from 'vitest';
import { type AppName, buildApp, contentsOf } from './support/workspace.ts';

/** Every file of a folder as text, its path included. */
async function texts(folder: string): Promise<Map<string, string>> {
  return new Map([...(await contentsOf(folder))].map(([path, bytes]) => [path, `${path}\n${bytes.toString('utf8')}`]));
}

function filesWith(files: Map<string, string>, needle: string | RegExp): string[] {
  const found = (text: string) => (typeof needle === 'string' ? text.includes(needle) : needle.test(text));
  return [...files].filter(([, text]) => found(text)).map(([path]) => path);
}

/** Strings, identifiers and imports of the applications that no client has any business with. */
const SERVER_ONLY: Record<AppName, string[]> = {
  conduit: [
    // strings in bodies and in modules
    'conduit-slug-salt-2f61',
    'conduit:tag-cache',
    'conduit:calls:',
    '[deleted]',
    'Create a profile first',
    'For administrators',
    'Log in first',
    // identifiers
    'SLUG_SALT',
    'COMMENT_LIMIT',
    'WEIGHTS',
    'requireOwnArticle',
    'countTags',
    'severityOf',
    'forgetTags',
    'likeId',
    'WINDOW_SECONDS',
    // imports and what they bring
    'crypto.subtle',
    'SHA-256',
    'kontract/runtime',
    'tag-cache',
    '/server/',
    // settings, groups, permissions
    'CONDUIT_RATE_LIMIT',
    'ugroup',
    '__kontract_routes',
    'defineMiddleware',
    'storage.',
  ],
  tasks: [
    'your list is full',
    'OPEN_TASKS_LIMIT',
    'checkedTitle',
    'openTasks',
    'ownTask',
    'Not your task',
    'TASKS_RATE_LIMIT',
    'CALLS_PER_WINDOW',
    'Rate limit exceeded',
    'kontract/runtime',
    'createdBy: ctx',
    'ugroup',
  ],
  plain: ['Log in to write', 'toUpperCase', 'localeCompare', 'kontract/runtime', 'performance', 'rewrite(', "can't be blank"],
};

for (const name of ['conduit', 'tasks', 'plain'] as const) {
  describe(`the client of ${name}`, () => {
    let client: Map<string, string>;
    let sources: Map<string, string>;

    beforeAll(async () => {
      const app = await buildApp(name);
      client = await texts(app.client);
      sources = await texts(`${app.root}/src`);
    });

    test('has stubs, types and maps', () => {
      const kinds = new Set([...client.keys()].map((path) => path.replace(/^.*?\./, '')));
      expect([...kinds].sort()).toEqual(expect.arrayContaining(['d.ts', 'js', 'js.map']));
    });

    // The canary itself must be alive: it has to stand in the sources.
    const generated = ['__kontract_routes', '/server/'];
    test.each(SERVER_ONLY[name])('does not hold %j', (needle) => {
      if (!generated.includes(needle)) {
        const inSources = needle.replace(/^["']|["']$/g, '');
        expect(filesWith(sources, inSources), 'stands in no source').not.toEqual([]);
      }
      expect(filesWith(client, needle)).toEqual([]);
    });

    test('holds no module of the server’s, and no source text', () => {
      const serverModules = [...sources.keys()].filter((path) => /^(server|middleware)/.test(path));
      const stems = serverModules.map((path) => path.replace(/\.ts$/, ''));
      expect([...client.keys()].filter((path) => stems.some((stem) => path.startsWith(`${stem}.`)))).toEqual([]);
      expect(filesWith(client, 'sourcesContent')).toEqual([]);
    });
  });
}

describe('canaries in every place of a server module', () => {
  let client: Map<string, string>;
  let server: Map<string, string>;

  beforeAll(async () => {
    const app = await buildApp('conduit', { overlay: 'secrets' });
    client = await texts(app.client);
    server = await texts(app.server);
  });

  test('are alive: the server has them', () => {
    const strings = [
      'kanary-module-key',
      'kanary-module-value',
      'kanary-side-effect',
      'kanary-exported-value',
      'kanary-exported-argument',
      'kanary-enum-value',
      'kanary-template',
      'kanary-private-field',
      'kanary-static-block',
      'kanary-default',
      'kanary-default-argument',
      'kanary-property-default',
      'kanary-regex',
      'kanary-double-quoted',
      'kanary-message',
      'kanary-hmac-key',
      'kanary-user',
      'kanary-cache:',
      'kanary-held',
      'kanary-unmarked',
      'kanary-group',
      'kanary-keyword-group',
      'kanary-plain-group',
      'kanary-vault',
    ];
    expect(strings.filter((string) => filesWith(server, string).length === 0)).toEqual([]);
  });

  test('are dead on the client: strings, names, comments, imports, groups, paths', () => {
    expect(filesWith(client, /kanary/i)).toEqual([]);
    expect(filesWith(client, '8675309')).toEqual([]);
    expect(filesWith(client, Buffer.from('kanary').toString('base64').slice(0, 8))).toEqual([]);
  });

  test('do not keep the stubs away', () => {
    for (const name of ['keepQuiet', 'keepQuieter', 'stayQuiet']) {
      expect(filesWith(client, new RegExp(`export (async )?function ${name}\\(`))).not.toEqual([]);
    }
    expect(filesWith(client, 'Says nothing of how it works.')).not.toEqual([]);
  });
});

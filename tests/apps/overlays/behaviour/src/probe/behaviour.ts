import { listArticles } from '~/api/articles';
import type { Page } from '~/shared';

/** What a call knows of itself. */
export interface Whereabouts {
  perm: number;
  path: string;
  name: string;
  egroup: string | null;
  method: string;
  isAnonymous: boolean;
  ugroups: string[];
  sessionPerm: number;
}

@backend({ perm: perms.R_X, egroup: 'probe' })
export async function whereAmI(): Promise<Whereabouts> {
  return {
    perm: ctx.perm,
    path: ctx.path,
    name: ctx.route.name,
    egroup: ctx.route.egroup ?? null,
    method: ctx.method,
    isAnonymous: ctx.isAnonymous,
    ugroups: [...ctx.ugroups],
    sessionPerm: ctx.session.perm,
  };
}

/// Tries to change a field that may be set once only.
@backend({ perm: perms.RW_, egroup: 'probe' })
export async function forgeAuthor(slug: string, authorId: string): Promise<void> {
  for await (const article of env.storage.articles.query({ slug })) {
    await env.storage.articles.update(article.id, { authorId });
  }
}

/// Names no permission, and the table in a way that the compiler cannot see, so anybody may call it;
/// the storage still asks for W.
@backend({ egroup: 'probe' })
export async function scribble(table: string = 'profiles'): Promise<void> {
  await env.storage.get(table).set('scribble', {
    username: 'scribble',
    bio: '',
    image: null,
    joinedAt: new Date(0).toISOString(),
  });
}

/// Calls another backend function, which on the server is a plain function.
@backend({ perm: perms.R__, egroup: 'probe' })
export async function latestTitles(count: number): Promise<Page<[position: number, title: string]>> {
  const { items, total, next } = await listArticles({}, { limit: count });
  return { items: items.map((article, index): [number, string] => [index + 1, article.title]), total, next };
}

/// Tells which of its parameters arrived.
@backend({ egroup: 'probe', name: 'whatArrived' })
export async function arrivals(
  needed: string,
  optional?: number,
  defaulted: boolean = true,
  nullable: string | null = 'default',
  ...rest: (string | number)[]
): Promise<[string, string, boolean, string | null, (string | number)[]]> {
  return [needed, optional === undefined ? 'absent' : typeof optional, defaulted, nullable, rest];
}

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/// Answers what it was given.
@backend({ egroup: 'probe' })
export async function mirror(value: Json): Promise<Json> {
  return value;
}

/// Calls itself `options`, as the stub's own last parameter is called.
@backend({ egroup: 'probe' })
export async function choose(options: string[], callOptions: string = 'first'): Promise<string> {
  return callOptions === 'first' ? options[0]! : options.at(-1)!;
}

/// Deletes an article behind the back of the tag cache.
@backend({ perm: perms.RWX, egroup: 'probe' })
export async function loseArticle(slug: string): Promise<void> {
  for await (const article of env.storage.articles.query({ slug })) await env.storage.articles.delete(article.id);
}

/// Fails in a way nobody planned.
@backend({ egroup: 'probe' })
export async function stumble(): Promise<never> {
  throw new Error('the database password is hunter2');
}

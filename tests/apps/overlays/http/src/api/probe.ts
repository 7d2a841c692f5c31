import { backend, HttpError, HttpResp, NotFoundError } from 'kontract';

/** What a function is told of its call. */
export const whoami = backend({ perm: 4, egroup: 'probe' }, async (): Promise<unknown> => {
  const { sid, owner, tenant, perm, method, path, route, isAnonymous, ugroups, session, callId } = ctx;
  return {
    sid, owner, tenant, perm, method, path, route: { ...route }, isAnonymous, ugroups: [...ugroups], callId,
    session: { id: session.id, perm: session.perm, expiresAt: session.expiresAt.toISOString() },
  };
});

/** The headers of the call: names, and the values of some. */
export const headersSeen = backend(async (): Promise<unknown> => {
  const { headers } = ctx;
  return { names: [...headers.keys()], cookie: headers.get('cookie'), latin: headers.get('x-latin'), twice: headers.get('x-twice') };
});

export const greet = backend(async (name: string): Promise<string> => `Hello, ${name}`);

export const mirror = backend(async (...args: unknown[]): Promise<unknown[]> => args);

export const nothing = backend(async (): Promise<void> => {});

export const fail = backend(async (): Promise<void> => {
  throw new Error('the database password is hunter2');
});

export const failFor = backend(async (status: number, code?: string): Promise<void> => {
  throw new HttpError('told to fail', status, code);
});

export const missing = backend(async (): Promise<void> => {
  throw new NotFoundError('Nothing here');
});

export const respond = backend(async (status: number, headers?: Record<string, string>, data?: string): Promise<HttpResp<string>> => new HttpResp(data ?? '', status, headers));

export const redirect = backend(async (url: string): Promise<HttpResp<null>> => HttpResp.redirect(url));

export const big = backend(async (length: number): Promise<string> => 'x'.repeat(length));

export const variable = backend(async (name: string): Promise<string | null> => (env as unknown as Record<string, string | undefined>)[name] ?? null);

/** Waits until its call is over. */
export const hang = backend(async (): Promise<void> => {
  await env.shared.set(`running ${ctx.callId}`, true);
  await new Promise<void>((_, reject) => {
    ctx.signal.addEventListener('abort', () => {
      console.info(`[http] aborted ${ctx.callId}`);
      reject(ctx.signal.reason);
    });
  });
});

/** Whether `hang` has begun. */
export const isRunning = backend(async (callId: string): Promise<boolean> => (await env.shared.get(`running ${callId}`)) !== null);

/** Leaves work behind. */
export const background = backend(async (): Promise<void> => {
  const { callId } = ctx;
  ctx.waitUntil(Promise.reject(new Error('background failed')));
  ctx.waitUntil(new Promise<void>((resolve) => setTimeout(() => resolve(console.info(`[http] finished ${callId}`)), 50)));
});

export const setGroups = backend({ perm: 7, ugroup: 'admin' }, async (user: string, groups: string[]): Promise<void> => env.auth.setGroups(user, groups));

/** Takes so many milliseconds. */
export const wait = backend(async (milliseconds: number): Promise<string> => {
  await env.shared.set(`running ${ctx.callId}`, true);
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  return 'waited';
});

/** Is caught in a loop of the engine's own, which nothing interrupts. */
export const stick = backend(async (): Promise<number> => new Array(2 ** 32 - 1).join('').length);

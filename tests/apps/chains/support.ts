// What the middlewares of `chains.test.ts` do, seen from outside.
export const log: string[] = [];

export function trace(place: string, what: unknown): void {
  const shown = typeof what === 'function' ? 'a function' : what instanceof Error ? said(what) : String(what);
  log.push(`${place} ${shown}`);
}

export function wait(value: string): Promise<string> {
  return new Promise((resolve) => setImmediate(resolve, value));
}

export function fail(message: string): Promise<never> {
  return Promise.reject(new Error(message));
}

/** The engine's own messages quote names, which the compiler may change. */
export function said(error: Error & { code?: string }): string {
  return error instanceof TypeError || error instanceof ReferenceError ? error.name : (error.code ?? error.message);
}

export function shout(text: string): string {
  return `${text}!`;
}

export async function handle(route: string, how: string): Promise<string> {
  log.push(`handler of ${route}`);
  await wait('');
  if (how === 'throws') throw new Error(`${route} failed`);
  return how === 'undefined' ? (undefined as unknown as string) : route;
}

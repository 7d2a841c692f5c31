/** Whether a page is open. */
export function isPage(): boolean {
  return scope.document !== undefined;
}

/** Whether the program knows that there is no network. */
export function isOffline(): boolean {
  return scope.navigator?.onLine === false;
}

/** What a page has and other programs may lack. */
const scope = globalThis as unknown as { document?: unknown; navigator?: { onLine?: unknown } };

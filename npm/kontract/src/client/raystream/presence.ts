/** Whether this is a Worker of Cloudflare's, in which a WebSocket is of no use beyond the request that opened it. */
export function isWorker(): boolean {
  return scope.navigator?.userAgent === "Cloudflare-Workers";
}

/** Calls back when the page is back: in sight, from the back-forward cache, or in the network. */
export function onReturn(listener: () => void): () => void {
  const { document, addEventListener, removeEventListener } = scope;
  const seen = (): void => {
    if (document?.visibilityState === "visible") listener();
  };
  document?.addEventListener("visibilitychange", seen);
  for (const event of RETURNS) addEventListener?.(event, listener);
  return () => {
    document?.removeEventListener("visibilitychange", seen);
    for (const event of RETURNS) removeEventListener?.(event, listener);
  };
}

interface Listening {
  addEventListener(event: string, listener: () => void): void;
  removeEventListener(event: string, listener: () => void): void;
}

/** What a page has and other programs may lack. */
interface Scope extends Partial<Listening> {
  navigator?: { userAgent?: string };
  document?: Listening & { visibilityState: string };
}

const scope = globalThis as unknown as Scope;
const RETURNS = ["online", "pageshow"];

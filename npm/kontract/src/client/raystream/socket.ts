import { settings } from "../configure.js";
import { limitTime, unlessAborted } from "../limit.js";
import type { WebSocketClass, WebSocketLike } from "../types.js";

/** The class of WebSockets that this program has. */
export function socketClass(): WebSocketClass | undefined {
  return settings().webSocket ?? (globalThis as unknown as { WebSocket?: WebSocketClass }).WebSocket;
}

/** Resolves when a WebSocket is open and what will use it is loaded: to that. */
export async function openSocket<T>(socket: WebSocketLike, loading: Promise<T>, signal: AbortSignal): Promise<T> {
  socket.binaryType = "arraybuffer";
  const limit = limitTime(signal, CONNECT_MS);
  try {
    const opened = new Promise<T>((resolve, reject) => {
      const fail = (): void => reject(new Error("the WebSocket cannot be opened"));
      socket.onopen = () => loading.then(resolve, reject);
      socket.onerror = fail;
      socket.onclose = fail;
      loading.catch(reject);
    });
    return await unlessAborted(opened, limit.signal);
  } catch (error) {
    socket.close();
    throw error;
  } finally {
    limit.clear();
  }
}

const CONNECT_MS = 10_000;

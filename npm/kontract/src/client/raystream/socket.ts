import { RAYSTREAM_PATH } from "../../http-call.js";
import { settings } from "../configure.js";
import type { WebSocketClass, WebSocketLike } from "../types.js";

/** The class of WebSockets that this program has. */
export function socketClass(): WebSocketClass | undefined {
  return settings().webSocket ?? (globalThis as unknown as { WebSocket?: WebSocketClass }).WebSocket;
}

/** A WebSocket on its way. */
export interface Opening {
  readonly socket: WebSocketLike;
  readonly opened: Promise<void>;
  /** It was open, and is not any more. */
  isOver: boolean;
  readonly url: string;
  /** That of the cookies which it was opened with. */
  readonly token: unknown;
}

/** Opens one for a session that cannot be made yet. */
export function openEarly(url: string): void {
  const WebSocket = socketClass();
  if (WebSocket !== undefined) early ??= openSocket(WebSocket, url);
}

/** Nobody will take it. */
export function closeEarly(): undefined {
  early?.socket.close();
  early = undefined;
}

/** The one that was opened early, where it is as good as one that is opened now. */
export function takeEarly(url: string): Opening | undefined {
  const taken = early;
  if (taken?.url !== url || taken.token !== settings().token || taken.isOver) return closeEarly();
  early = undefined;
  return taken;
}

/** Opens one for a session that is made when it is open. */
export function openSocket(WebSocket: WebSocketClass, url: string): Opening {
  const socket = new WebSocket(url.replace(/^http/i, "ws") + RAYSTREAM_PATH);
  socket.binaryType = "arraybuffer";
  let isOpen = false;
  const opened = new Promise<void>((resolve, reject) => {
    socket.onopen = () => {
      isOpen = true;
      resolve();
    };
    socket.onerror = socket.onclose = () => {
      opening.isOver = isOpen;
      reject(new Error("the WebSocket cannot be opened"));
    };
  });
  // Who takes it is told.
  opened.catch(() => {});
  const opening: Opening = { socket, opened, isOver: false, url, token: settings().token };
  return opening;
}

let early: Opening | undefined;

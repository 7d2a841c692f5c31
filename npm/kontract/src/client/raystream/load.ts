import { serverUrl } from "../configure.js";
import { unreachable } from "../failures.js";
import { pause, unlessAborted } from "../limit.js";
import { backoff, MAX_RETRIES } from "./backoff.js";
import type { LoadPosts } from "./channel.js";
import { isOffline, isPage } from "./page.js";
import type { Sealed } from "./sealed.js";
import { closeEarly, openEarly } from "./socket.js";
import type { Pinned } from "./wire.js";

/** Loads what makes encrypted calls: in a page at once, elsewhere for the first call. */
export class Loader {
  readonly #pinned: Pinned;
  #loading: Promise<Sealed> | undefined;
  #loaded: Sealed | undefined;

  constructor(pinned: Pinned) {
    this.#pinned = pinned;
    // What fails here is tried again by the first call.
    if (isPage()) this.#load().catch(() => {});
  }

  /** Meanwhile the WebSocket of a page's first call is opened, or what it needs for a POST is loaded. */
  async get(via: "post" | "stream" | undefined, signal: AbortSignal): Promise<Sealed> {
    const before = disconnected;
    for (let attempt = 0; this.#loaded === undefined; attempt += 1) {
      if (via !== "post" && isPage() && !isOffline()) openEarly(serverUrl());
      try {
        await unlessAborted(Promise.all([this.#load(), via === "post" && loadPosts()]), signal);
      } catch (error) {
        signal.throwIfAborted();
        // Without a network no attempt counts.
        if (isOffline()) attempt = -1;
        else if (attempt >= MAX_RETRIES) throw unreachable(error);
        await pause(isOffline() ? OFFLINE_LOOK_MS : backoff(attempt), signal);
      }
      if (before !== disconnected) throw unreachable(new Error("the client has disconnected"));
    }
    return this.#loaded;
  }

  #load(): Promise<Sealed> {
    this.#loading ??= import("./sealed.js")
      .then(async ({ Sealed }) => {
        const sealed = await Sealed.of(this.#pinned, loadPosts);
        open.add(sealed);
        return (this.#loaded = sealed);
      })
      .catch((error: unknown) => {
        this.#loading = undefined;
        throw error;
      });
    return this.#loading;
  }
}

/** What a page rarely needs. */
const loadPosts: LoadPosts = () => import("./posts.js");

/** Closes the connections of encrypted calls; those under way on one fail. The next call opens another. */
export async function disconnect(): Promise<void> {
  disconnected += 1;
  closeEarly();
  await Promise.all([...open].map((sealed) => sealed.close()));
}

/** Those that may have something open. */
const open = new Set<Sealed>();
/** How often. */
let disconnected = 0;
const OFFLINE_LOOK_MS = 1_000;

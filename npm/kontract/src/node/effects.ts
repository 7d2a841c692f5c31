import { subscribe } from "node:diagnostics_channel";
import { noteEffect } from "../runtime/scope.js";

/** From now on calls that send HTTP requests are known to have had an effect outside. */
export function watchEffects(): void {
  if (watching) return;
  watching = true;
  for (const channel of CHANNELS) subscribe(channel, noteEffect);
}

let watching = false;
/** `fetch`, and `node:http` with all that is built on it. */
const CHANNELS = ["undici:request:create", "http.client.request.start"];

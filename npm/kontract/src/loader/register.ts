/**
 * `node --import kontract/register app.mjs`: builds the project of the current folder and registers
 * the hooks.
 *
 * @packageDocumentation
 */
import * as nodeModule from "node:module";
import { compile, initialize, load, resolve } from "./loader.js";

const built = compile();
// Where it exists it needs no thread of its own.
if ("registerHooks" in nodeModule) {
  initialize(built);
  (nodeModule.registerHooks as (hooks: object) => void)({ resolve, load });
} else {
  nodeModule.register("./loader.js", import.meta.url, { data: built });
}

/**
 * Storage in memory, for examples and tests: nothing is kept.
 *
 * @packageDocumentation
 */
export { MemoryStorage, type MemoryStorageOptions } from "./storage.js";

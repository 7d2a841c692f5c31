/**
 * What travels for `unknown` and `any`: JSON data as a FlexBuffer.
 *
 * @packageDocumentation
 */
export { decodeFlex } from "./flex-reader.js";
export { encodeFlex } from "./flex-writer.js";

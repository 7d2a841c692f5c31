/**
 * What generated codecs import.
 *
 * @packageDocumentation
 */
export { checkData } from "./data.js";
export { CodecError, isCodecError } from "./errors.js";
export { decodeFlex, encodeFlex } from "./flexbuffers.js";

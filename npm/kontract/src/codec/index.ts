/**
 * What generated codecs import.
 *
 * @packageDocumentation
 */
export { CodecError, isCodecError } from "./errors.js";
export { decodeFlex, encodeFlex } from "./flexbuffers.js";

/**
 * What generated codecs (`dist/codec`) are made of.
 *
 * @packageDocumentation
 */
export { CodecError, isCodecError } from "./errors.js";
export { decodeFlex, encodeFlex } from "./flexbuffers.js";
export * from "./json.js";
export { enter, entryKey, entryValue, fail } from "./path.js";
export {
  cell,
  closed,
  decode,
  findTable,
  findVector,
  getBigInt64,
  getBigUint64,
  getBoolean,
  getBytes,
  getDate,
  getFloat32,
  getFloat64,
  getInt16,
  getInt32,
  getInt64,
  getInt8,
  getState,
  getString,
  getUint16,
  getUint32,
  getUint64,
  getUint8,
  openTable,
  openVector,
} from "./reader.js";
export { onlyStored, rowCodec } from "./rows.js";
export { getUnknown, putUnknown } from "./unknown.js";
export {
  encode,
  putBigInt64,
  putBigUint64,
  putBoolean,
  putBytes,
  putDate,
  putFloat32,
  putFloat64,
  putInt16,
  putInt32,
  putInt64,
  putInt8,
  putString,
  putUint16,
  putUint32,
  putUint64,
  putUint8,
  table,
  vector,
  vtable,
  wideTable,
} from "./writer.js";

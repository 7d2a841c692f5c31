/**
 * What generated codecs (`dist/codec`) are made of.
 *
 * @module
 */
export { CodecError } from "./errors.js";
export { enter, entryKey, entryValue, fail, refuse } from "./path.js";
export * from "./json.js";
export {
  encode,
  putBigInt64, putBigUint64, putBoolean, putBytes, putDate, putFloat32, putFloat64, putInt16, putInt32,
  putInt64, putInt8, putString, putUint16, putUint32, putUint64, putUint8, putUnknown,
  reserve, table, vector, vtable, wideTable,
} from "./writer.js";
export {
  cell, closed, decode, findTable, findVector, getBigInt64, getBigUint64, getBoolean, getBytes, getDate,
  getFloat32, getFloat64, getInt16, getInt32, getInt64, getInt8, getState, getString, getUint16, getUint32,
  getUint64, getUint8, getUnknown, malformed, openTable, openVector,
} from "./reader.js";

// Ways to bring a value into bytes and back. `decode` checks the type where `validates` says so.
import { Packr } from 'msgpackr';
import { schemas } from './cases.mjs';

/** `built` holds what is generated: kontract's codecs, typia's validators, flatc's classes. */
export function contenders(type, built) {
  const encoder = new TextEncoder();
  const decoder = new TextDecoder();
  const packr = new Packr();
  // Names of properties are agreed on by both ends, and not sent.
  const records = new Packr({ structures: [] });
  const toJson = (value) => encoder.encode(JSON.stringify(value));
  const parse = (bytes) => JSON.parse(decoder.decode(bytes));
  const schema = schemas[type];
  const { typia, flatbuffers } = built;
  // Looked up once, as a call's code has them by their names.
  const of = (name) => built.kontract[`${type}_${name}`];
  const [encodeRequest, decodeRequest] = [of('encodeRequest'), of('decodeRequest')];
  const [stringify, assert] = [typia?.stringify[type], typia?.assert[type]];
  const list = [
    {
      name: 'kontract, request',
      validates: true,
      encode: (value) => encodeRequest([value]),
      decode: (bytes) => decodeRequest(bytes)[0],
    },
    {
      name: 'kontract, response',
      validates: true,
      encode: of('encodeResponse'),
      decode: of('decodeResponse'),
    },
    { name: 'JSON', validates: false, encode: toJson, decode: parse },
    {
      name: 'JSON through Buffer',
      validates: false,
      encode: (value) => Buffer.from(JSON.stringify(value)),
      decode: (bytes) => JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()),
    },
    { name: 'JSON + zod', validates: true, encode: toJson, decode: (bytes) => schema.parse(parse(bytes)) },
    typia && {
      name: 'JSON + typia',
      validates: true,
      encode: (value) => encoder.encode(stringify(value)),
      decode: (bytes) => assert(parse(bytes)),
    },
    { name: 'msgpackr', validates: false, encode: (value) => packr.pack(value), decode: (bytes) => packr.unpack(bytes) },
    { name: 'msgpackr, records', validates: false, encode: (value) => records.pack(value), decode: (bytes) => records.unpack(bytes) },
    { name: 'msgpackr + zod', validates: true, encode: (value) => packr.pack(value), decode: (bytes) => schema.parse(packr.unpack(bytes)) },
    flatbuffers && { name: 'flatbuffers', validates: false, ...flatbuffers[type] },
  ];
  return list.filter(Boolean);
}

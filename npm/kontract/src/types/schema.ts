import type { PermName } from "../perms.js";

// The annotations of `annotations/schema.ts`, spelled as types. They are
// transparent: `Primkey<string>` is `string` to TypeScript, and the compiler
// reads the name.

/** The table's primary key. */
export type Primkey<T> = T;
/** A field with its permission: `Perm<string, 'R__'>`. */
export type Perm<T, _Mask extends PermName> = T;
/** A field with an index. */
export type Index<T> = T;
/** A field that holds every value once only. */
export type Unique<T> = T;

/** A whole number from -128 to 127. */
export type Int8 = number;
/** A whole number of 16 bits with a sign. */
export type Int16 = number;
/** A whole number of 32 bits with a sign. */
export type Int32 = number;
/**
 * A whole number of 64 bits with a sign: within what a `number` holds exactly,
 * or all of it as `Int64<bigint>`.
 */
export type Int64<T extends number | bigint = number> = T;
/** A whole number from 0 to 255. */
export type Uint8 = number;
/** A whole number of 16 bits without a sign. */
export type Uint16 = number;
/** A whole number of 32 bits without a sign. */
export type Uint32 = number;
/**
 * A whole number of 64 bits without a sign: within what a `number` holds
 * exactly, or all of it as `Uint64<bigint>`.
 */
export type Uint64<T extends number | bigint = number> = T;
/** A number in single precision. */
export type Float32 = number;
/** A number in double precision. */
export type Float64 = number;

/** `interface Note extends Owned { … }`: a row is visible to the user who made it only. */
export interface Owned {}

/** `interface Person extends Table<'people'> { … }`: the table's name. */
export interface Table<_Name extends string> {}

declare const secret: unique symbol;

/** A value that must not leave the server. It is stored and used like `T`. */
export type Secret<T> = T & { readonly [secret]?: never };

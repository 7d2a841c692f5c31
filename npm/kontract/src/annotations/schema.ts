import { type ClassAnnotation, type FieldAnnotation, ignored, type ScalarAnnotation } from "./shapes.js";

/** The field is the table's primary key. */
export const primkey: FieldAnnotation = ignored;
/** The table has an index on the field. */
export const index: FieldAnnotation = ignored;
/** No two rows hold the same value in the field. */
export const unique: FieldAnnotation = ignored;

/** What may be done with the field: with `perms.R__` it is set once, when the row is made. */
export function perm(_mask: number): FieldAnnotation {
  return ignored;
}

/** A row is visible to the user who made it only. */
export const owned: ClassAnnotation = ignored;

/** The table's name, when the plural of the type's name is not it. */
export function table(_name: string): ClassAnnotation {
  return ignored;
}

/** A whole number from -128 to 127. */
export const int8: ScalarAnnotation = ignored;
/** A whole number of 16 bits with a sign. */
export const int16: ScalarAnnotation = ignored;
/** A whole number of 32 bits with a sign. */
export const int32: ScalarAnnotation = ignored;
/** A whole number of 64 bits with a sign. */
export const int64: ScalarAnnotation = ignored;
/** A whole number from 0 to 255. */
export const uint8: ScalarAnnotation = ignored;
/** A whole number of 16 bits without a sign. */
export const uint16: ScalarAnnotation = ignored;
/** A whole number of 32 bits without a sign. */
export const uint32: ScalarAnnotation = ignored;
/** A whole number of 64 bits without a sign. */
export const uint64: ScalarAnnotation = ignored;
/** A number in single precision. */
export const float32: ScalarAnnotation = ignored;
/** A number in double precision, as every plain `number`. */
export const float64: ScalarAnnotation = ignored;

/** The parts one after the other. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Whether they are the same, in a time that depends on their lengths only. */
export function equal(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false;
  let difference = 0;
  for (let i = 0; i < one.length; i++) difference |= (one[i] as number) ^ (other[i] as number);
  return difference === 0;
}

/** Whether all are zero, in a time that depends on their number only. */
export function isZero(bytes: Uint8Array): boolean {
  let any = 0;
  for (const byte of bytes) any |= byte;
  return any === 0;
}

/** A number as so many bytes, big-endian. It is below 2^53. */
export function big(value: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = length - 1; i >= 0; i--) {
    bytes[i] = value;
    value = Math.floor(value / 256);
  }
  return bytes;
}

/** The number that bytes are, big-endian. Beyond 2^53 it is rounded. */
export function numberOf(bytes: Uint8Array): number {
  let value = 0;
  for (const byte of bytes) value = value * 256 + byte;
  return value;
}

/** `LP(x) = u16 BE length ‖ x`, of what is shorter than 64 KiB. */
export function prefixed(bytes: Uint8Array): Uint8Array {
  return concat(big(bytes.length, 2), bytes);
}

/** A text's bytes. */
export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Reads bytes from front to back; `undefined` where there are not so many. */
export class Cursor {
  at = 0;
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  take(length: number): Uint8Array | undefined {
    if (this.bytes.length - this.at < length) return undefined;
    return this.bytes.subarray(this.at, (this.at += length));
  }

  /** A number of so many bytes. */
  number(length: number): number | undefined {
    const bytes = this.take(length);
    return bytes && numberOf(bytes);
  }

  /** `u16 len ‖ bytes` */
  prefixed(): Uint8Array | undefined {
    const length = this.number(2);
    return length === undefined ? undefined : this.take(length);
  }

  rest(): Uint8Array {
    return this.bytes.subarray(this.at);
  }
}

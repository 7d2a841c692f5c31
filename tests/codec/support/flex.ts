// A reader of FlexBuffers written from the format's description. The npm package's own reader is no
// witness: it takes 0.0 and NaN for null, and reads past the end of typed vectors.

/** What a `(flexbuffer)` field holds. */
export class Flex {
  constructor(readonly bytes: Uint8Array) {}
}

export function readFlex({ bytes }: Flex): unknown {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const width = view.getUint8(bytes.length - 1);
  const type = view.getUint8(bytes.length - 2);
  return value(bytes.length - 2 - width, width, type);

  function value(at: number, slot: number, packed: number): unknown {
    const kind = packed >> 2;
    const own = 1 << (packed & 3);
    const target = () => at - Number(unsigned(at, slot));
    switch (kind) {
      case 0:
        return null;
      case 1:
        return Number(signed(at, slot));
      case 2:
        return Number(unsigned(at, slot));
      case 3:
        return float(at, slot);
      case 4:
        return text(target(), bytes.indexOf(0, target()));
      case 5:
        return text(target(), target() + Number(unsigned(target() - own, own)));
      case 6:
        return Number(signed(target(), own));
      case 7:
        return Number(unsigned(target(), own));
      case 8:
        return float(target(), own);
      case 9: {
        const start = target();
        const names = start - 3 * own - Number(unsigned(start - 3 * own, own));
        const namesWidth = Number(unsigned(start - 2 * own, own));
        const keys = vector(names, namesWidth, 4 << 2) as string[];
        const items = vector(start, own);
        for (const [index, key] of keys.entries()) {
          if (index > 0 && Buffer.compare(Buffer.from(keys[index - 1]!), Buffer.from(key)) >= 0) throw new Error('keys are not sorted');
        }
        return Object.fromEntries(keys.map((key, index) => [key, items[index]]));
      }
      case 10:
        return vector(target(), own);
      case 11:
      case 12:
      case 13:
      case 14:
        return vector(target(), own, (kind - 10) << 2);
      case 26:
        return unsigned(at, slot) !== 0n;
      case 36:
        return vector(target(), own, 26 << 2);
      default:
        throw new Error(`FlexBuffers of type ${kind}`);
    }
  }

  function vector(start: number, width: number, elements?: number): unknown[] {
    const length = Number(unsigned(start - width, width));
    return Array.from({ length }, (_, index) =>
      value(start + index * width, width, elements ?? view.getUint8(start + length * width + index)),
    );
  }

  function text(start: number, end: number): string {
    return decoder.decode(bytes.subarray(start, end));
  }

  function signed(at: number, width: number): bigint {
    return BigInt.asIntN(8 * width, unsigned(at, width));
  }

  function unsigned(at: number, width: number): bigint {
    let sum = 0n;
    for (let index = width - 1; index >= 0; index--) sum = (sum << 8n) | BigInt(view.getUint8(at + index));
    return sum;
  }

  function float(at: number, width: number): number {
    return width === 4 ? view.getFloat32(at, true) : view.getFloat64(at, true);
  }
}

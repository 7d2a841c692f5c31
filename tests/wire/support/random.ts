// Random choices that are the same in every run of a seed (SplitMix64).
export class Random {
  #state: bigint;

  constructor(seed: number) {
    this.#state = BigInt(seed);
  }

  #next(): bigint {
    this.#state = BigInt.asUintN(64, this.#state + 0x9e37_79b9_7f4a_7c15n);
    let z = this.#state;
    z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58_476d_1ce4_e5b9n);
    z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d0_49bb_1331_11ebn);
    return z ^ (z >> 31n);
  }

  below(bound: number): number {
    return Number(this.#next() % BigInt(Math.max(bound, 1)));
  }

  pick<T>(all: readonly T[]): T | undefined {
    return all[this.below(all.length)];
  }

  fill(bytes: Uint8Array): void {
    for (let i = 0; i < bytes.length; i++) bytes[i] = Number(this.#next() & 0xffn);
  }

  hex(length: number): string {
    let text = '';
    while (text.length < 2 * length) text += this.#next().toString(16).padStart(16, '0');
    return text.slice(0, 2 * length);
  }

  text(longest: number): string {
    return Array.from({ length: this.below(longest + 1) }, () => this.pick(LETTERS)).join('');
  }
}

const LETTERS = ['a', 'Z', '0', ' ', '/', '\n', '\0', 'ä', 'Ω', '世', '😀', '\uFEFF'];

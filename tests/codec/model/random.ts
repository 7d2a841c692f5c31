/** Numbers that only the seed decides (sfc32), so that a failure can be had again. */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #d = 1;

  constructor(seed: string | number) {
    let hash = 0x811c9dc5;
    for (const char of String(seed)) hash = Math.imul(hash ^ char.codePointAt(0)!, 0x01000193);
    this.#a = hash;
    this.#b = Math.imul(hash, 0x9e3779b9);
    this.#c = ~hash;
    for (let i = 0; i < 12; i++) this.bits();
  }

  /** 32 bits, as an unsigned number. */
  bits(): number {
    const sum = (this.#a + this.#b + this.#d) | 0;
    this.#d = (this.#d + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** From 0 to less than 1. */
  fraction(): number {
    return this.bits() / 2 ** 32;
  }

  /** From 0 to less than `end`. */
  below(end: number): number {
    return Math.floor(this.fraction() * end);
  }

  /** Both bounds included. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }

  /** Some of the items, each at most once. */
  some<T>(items: readonly T[], count: number): T[] {
    return this.shuffled(items).slice(0, count);
  }

  shuffled<T>(items: readonly T[]): T[] {
    const copy = [...items];
    for (let i = copy.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [copy[i], copy[j]] = [copy[j]!, copy[i]!];
    }
    return copy;
  }

  /** One of the functions, as often as its weight says. */
  weighted<T>(choices: readonly (readonly [number, T])[]): T {
    let left = this.fraction() * choices.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, choice] of choices) {
      left -= weight;
      if (left < 0) return choice;
    }
    return choices.at(-1)![1];
  }
}

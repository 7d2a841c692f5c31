// How full a stream may get.
export default () => {
  class CountQueuingStrategy {
    #limit;
    constructor({ highWaterMark }) {
      this.#limit = Number(highWaterMark);
    }
    get highWaterMark() {
      return this.#limit;
    }
    get size() {
      this.#limit;
      return one;
    }
    get [Symbol.toStringTag]() {
      return "CountQueuingStrategy";
    }
  }

  class ByteLengthQueuingStrategy {
    #limit;
    constructor({ highWaterMark }) {
      this.#limit = Number(highWaterMark);
    }
    get highWaterMark() {
      return this.#limit;
    }
    get size() {
      this.#limit;
      return byteLength;
    }
    get [Symbol.toStringTag]() {
      return "ByteLengthQueuingStrategy";
    }
  }

  return { CountQueuingStrategy, ByteLengthQueuingStrategy };
};

function one() {
  return 1;
}

function byteLength(chunk) {
  return chunk.byteLength;
}

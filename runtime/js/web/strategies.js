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
  }

  return { CountQueuingStrategy, ByteLengthQueuingStrategy };
};

function one() {
  return 1;
}

function byteLength(chunk) {
  return chunk.byteLength;
}

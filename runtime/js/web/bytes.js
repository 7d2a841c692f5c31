// Bytes, as other chunks take and join them.
export default () => ({
  // A Uint8Array over the memory of an ArrayBuffer or a view; TypeError for anything else.
  view(source) {
    if (ArrayBuffer.isView(source)) {
      return source instanceof Uint8Array
        ? source
        : new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
    }
    if (isBuffer(source)) return new Uint8Array(source);
    throw new TypeError("Expected an ArrayBuffer or a view of one");
  },

  isBuffer,

  concat(parts) {
    let length = 0;
    for (const part of parts) length += part.length;
    const whole = new Uint8Array(length);
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  },
});

function isBuffer(value) {
  try {
    LENGTH.call(value);
    return true;
  } catch {
    return false;
  }
}

const LENGTH = Object.getOwnPropertyDescriptor(ArrayBuffer.prototype, "byteLength").get;

// Event, CustomEvent, EventTarget: targets have no parents here, so an event has one phase.
export default () => {
  let dispatch;

  class Event {
    #type;
    #options;
    #target = null;
    #current = null;
    #time = performance.now();
    #prevented = false;
    #stopped = 0; // 1: no further targets, 2: no further listeners
    #passive = false;

    constructor(type, options) {
      if (arguments.length === 0) throw new TypeError("An event needs a type");
      this.#type = String(type);
      this.#options = {
        bubbles: Boolean(options?.bubbles),
        cancelable: Boolean(options?.cancelable),
        composed: Boolean(options?.composed),
      };
    }

    static {
      dispatch = (event, target, listeners) => {
        if (event.#current !== null) {
          throw new DOMException("The event is being dispatched", "InvalidStateError");
        }
        event.#target = target;
        event.#current = target;
        for (const listener of listeners) {
          if (event.#stopped === 2) break;
          if (listener.removed) continue;
          if (listener.once) listener.remove();
          event.#passive = listener.passive;
          const { callback } = listener;
          try {
            if (typeof callback === "function") callback.call(target, event);
            else callback.handleEvent(event);
          } catch (error) {
            reportError(error);
          }
        }
        event.#passive = false;
        event.#current = null;
        event.#stopped = 0;
        return !event.#prevented;
      };
    }

    get type() {
      return this.#type;
    }
    get target() {
      return this.#target;
    }
    get srcElement() {
      return this.#target;
    }
    get currentTarget() {
      return this.#current;
    }
    get eventPhase() {
      return this.#current === null ? 0 : 2;
    }
    get bubbles() {
      return this.#options.bubbles;
    }
    get cancelable() {
      return this.#options.cancelable;
    }
    get composed() {
      return this.#options.composed;
    }
    get defaultPrevented() {
      return this.#prevented;
    }
    get timeStamp() {
      return this.#time;
    }
    get isTrusted() {
      this.#time;
      return false;
    }

    composedPath() {
      return this.#current === null ? [] : [this.#current];
    }
    preventDefault() {
      if (this.#options.cancelable && !this.#passive) this.#prevented = true;
    }
    stopPropagation() {
      this.#stopped = Math.max(this.#stopped, 1);
    }
    stopImmediatePropagation() {
      this.#stopped = 2;
    }

    get [Symbol.toStringTag]() {
      return "Event";
    }

    static NONE = 0;
    static CAPTURING_PHASE = 1;
    static AT_TARGET = 2;
    static BUBBLING_PHASE = 3;
  }

  class CustomEvent extends Event {
    #detail;

    constructor(type, options) {
      super(type, options);
      this.#detail = options?.detail ?? null;
    }
    get detail() {
      return this.#detail;
    }
    get [Symbol.toStringTag]() {
      return "CustomEvent";
    }
  }

  class EventTarget {
    #listeners = new Map(); // a type → its listeners, in order

    addEventListener(type, callback, options) {
      const listeners = this.#listeners;
      if (callback === null || callback === undefined) return;
      if (typeof callback !== "function" && typeof callback !== "object") {
        throw new TypeError("A listener is a function or an object with handleEvent");
      }
      const { capture, once, passive, signal } = flags(options);
      if (signal !== undefined && signal.aborted) return;
      const key = String(type);
      const known = listeners.get(key) ?? [];
      if (known.some((one) => one.callback === callback && one.capture === capture)) return;
      const remove = () => {
        listener.removed = true;
        listeners.set(key, listeners.get(key).filter((one) => one !== listener));
      };
      const listener = { callback, capture, once, passive, remove, removed: false };
      listeners.set(key, [...known, listener]);
      signal?.addEventListener("abort", remove, { once: true });
    }

    removeEventListener(type, callback, options) {
      const { capture } = flags(options);
      this.#listeners
        .get(String(type))
        ?.find((one) => one.callback === callback && one.capture === capture)
        ?.remove();
    }

    dispatchEvent(event) {
      const listeners = this.#listeners;
      if (!(event instanceof Event)) throw new TypeError("dispatchEvent takes an Event");
      return dispatch(event, this, listeners.get(event.type) ?? []);
    }

    get [Symbol.toStringTag]() {
      return "EventTarget";
    }
  }

  // A rejection that nobody handles, which the host logs.
  function reportError(error) {
    Promise.reject(error);
  }

  return { Event, CustomEvent, EventTarget, reportError };
};

function flags(options) {
  if (typeof options !== "object" || options === null) {
    return { capture: Boolean(options), once: false, passive: false, signal: undefined };
  }
  const { capture, once, passive, signal } = options;
  return { capture: Boolean(capture), once: Boolean(once), passive: Boolean(passive), signal };
}

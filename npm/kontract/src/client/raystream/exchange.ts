import { HttpError } from "../../errors.js";
import { RAYSTREAM_PATH, SEALED_TYPE } from "../../http-call.js";
import { settings } from "../configure.js";
import { Lost } from "./outcome.js";

/** Sends one `POST /raystream` and returns what the protocol answers. */
export async function exchange(url: string, body: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
  const { fetch: send = globalThis.fetch, headers } = settings();
  try {
    const response = await send(url + RAYSTREAM_PATH, {
      method: "POST",
      headers: { ...headers, "content-type": SEALED_TYPE },
      body: body as Uint8Array<ArrayBuffer>,
      redirect: "manual",
      signal,
    });
    if (response.status !== 200) throw new Unsealed(response.status);
    return new Uint8Array(await response.arrayBuffer());
  } catch (error) {
    throw error instanceof Lost ? error : new Lost(true, error);
  }
}

/** What is not encrypted may be anybody's word: it answers no call. */
class Unsealed extends Lost {
  readonly #status: number;

  constructor(status: number) {
    super(true, undefined);
    this.#status = status;
  }

  override told(): HttpError {
    const message = `The server answered HTTP ${this.#status} without encryption${HINTS[this.#status] ?? ""}: whether the call took effect is not known`;
    return new HttpError(message, 503, "SERVICE_UNAVAILABLE");
  }
}

const HINTS: Readonly<Record<number, string>> = {
  403: " (is the page's origin allowed?)",
  404: " (does it serve raystream?)",
};

import { createInterface } from "node:readline";
import { trueName } from "./application.js";
import { type Channel, connected, started } from "./channel.js";
import { CompileError } from "./errors.js";
import { type Answer, type Built, type Message, readMessage } from "./protocol.js";

/**
 * One compiler for as long as we run: that of `kontract dev`, where we run beside it and it builds
 * the same project, or else a `kontract watch` of our own.
 */
export class Compiler {
  private readonly folder: string;
  private readonly optimize: boolean;
  private readonly onBuilt: (built: Built) => void;
  private readonly waiting = new Map<number, Waiting>();
  private lastId = 0;
  private shared = process.env.KONTRACT_COMPILER;
  /** None: it is needed again when something is asked. */
  private channel: Channel | undefined;
  /** Whether it has built anything. */
  private works = false;
  private failure: Error | undefined;
  private said = "";
  private pause: NodeJS.Timeout | undefined;
  private isStopped = false;

  /** `onBuilt` is called for each build, before what was asked since is answered. */
  constructor(folder: string, optimize: boolean, onBuilt: (built: Built) => void) {
    this.folder = folder;
    this.optimize = optimize;
    this.onBuilt = onBuilt;
    this.open();
  }

  /** Resolves when what is on the disk now has been built. */
  async settle(): Promise<void> {
    await this.ask({ request: "settle" });
  }

  /** The text with its annotations blanked, every position as it was. */
  async lift(file: string, text: string): Promise<string> {
    const answer = await this.ask({ request: "lift", file, text });
    if (answer.text === undefined) throw new CompileError(answer.diagnostics ?? []);
    return answer.text;
  }

  async stop(): Promise<void> {
    const { channel } = this;
    this.isStopped = true;
    clearTimeout(this.pause);
    if (channel === undefined) return;
    this.shared = undefined;
    for (const handle of channel.handles) handle.ref();
    channel.input.end();
    await channel.ended;
  }

  private open(): Channel {
    const { shared } = this;
    const channel = shared === undefined ? started(this.folder, this.optimize) : connected(shared);
    this.channel = channel;
    channel.input.on("error", () => {}); // It has ended, which is told.
    createInterface({ input: channel.output }).on("line", (line) => {
      const message = readMessage(line);
      if (this.channel === channel && message !== undefined) this.take(message);
    });
    void channel.ended.then((said) => {
      if (this.channel === channel) this.lose(said);
    });
    for (const { line } of this.waiting.values()) channel.input.write(line);
    this.hold();
    return channel;
  }

  private take(message: Message): void {
    if (message.event === "built") {
      if (this.shared !== undefined && trueName(message.project) !== trueName(this.folder)) this.leave();
      else {
        this.works = true;
        this.onBuilt(message);
      }
    } else if (message.event === "failed") this.said = message.message;
    else if (typeof message.id === "number") this.answer(message.id, message);
  }

  /** What others share is of no use to us, or is no more. */
  private leave(): void {
    const { channel } = this;
    this.shared = undefined;
    this.channel = undefined;
    channel?.input.end();
    if (this.waiting.size > 0) this.open();
  }

  /**
   * One that worked may have been killed, so there is another one soon, or when something is asked.
   * What was asked of two is not asked again, since it may be what ended them.
   */
  private lose(said: string): void {
    if (this.shared !== undefined) return this.leave();
    const why = this.said || said;
    const error = new Error(`kontract watch has ended${why === "" ? "" : `: ${why}`}`);
    this.failure = this.works && !this.isStopped ? undefined : error;
    this.works = false;
    this.said = "";
    this.channel = undefined;
    for (const [id, waiting] of this.waiting) {
      if (this.failure === undefined && !waiting.isRepeated) {
        waiting.isRepeated = true;
        continue;
      }
      this.waiting.delete(id);
      waiting.reject(error);
    }
    if (this.waiting.size > 0) this.open();
    else if (this.failure === undefined) this.pause = setTimeout(() => this.channel ?? this.open(), PAUSE_MS).unref();
  }

  private ask(request: object): Promise<Answer> {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    const channel = this.channel ?? this.open();
    const id = ++this.lastId;
    const line = `${JSON.stringify({ id, ...request })}\n`;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { line, isRepeated: false, resolve, reject });
      this.hold();
      channel.input.write(line);
    });
  }

  private answer(id: number, answer: Answer): void {
    const waiting = this.waiting.get(id);
    this.waiting.delete(id);
    this.hold();
    if (answer.event === "refused") waiting?.reject(new Error(`kontract watch: ${answer.message}`));
    else waiting?.resolve(answer);
  }

  /** The compiler keeps Node.js running only while somebody waits for it. */
  private hold(): void {
    for (const handle of this.channel?.handles ?? []) {
      if (this.waiting.size > 0) handle.ref();
      else handle.unref();
    }
  }
}

/** Between two of which the first was ended and nothing has been asked since. */
const PAUSE_MS = 500;

interface Waiting {
  line: string;
  isRepeated: boolean;
  resolve(answer: Answer): void;
  reject(error: Error): void;
}

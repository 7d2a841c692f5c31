import { realpathSync } from "node:fs";
import { createInterface } from "node:readline";
import { type Channel, connected, started } from "./channel.js";
import { CompileError } from "./errors.js";
import type { Answer, Built } from "./protocol.js";

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
  private failure: Error | undefined;
  private said = "";

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
      if (this.channel === channel) this.take(JSON.parse(line) as Message);
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
      if (this.shared !== undefined && realpathSync(message.project) !== realpathSync(this.folder)) this.leave();
      else this.onBuilt(message);
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

  private lose(said: string): void {
    if (this.shared !== undefined) return this.leave();
    this.said ||= said;
    this.failure = new Error(`kontract watch has ended${this.said === "" ? "" : `: ${this.said}`}`);
    for (const { reject } of this.waiting.values()) reject(this.failure);
  }

  private ask(request: object): Promise<Answer> {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    const channel = this.channel ?? this.open();
    const id = ++this.lastId;
    const line = `${JSON.stringify({ id, ...request })}\n`;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { line, resolve, reject });
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

type Message = Built | Answer | { event: "failed"; message: string };

interface Waiting {
  line: string;
  resolve(answer: Answer): void;
  reject(error: Error): void;
}

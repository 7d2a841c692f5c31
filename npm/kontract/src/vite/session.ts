import { readFile, stat } from "node:fs/promises";
import type { Logger } from "vite";
import { Application } from "../compiler/application.js";
import { Compiler } from "../compiler/compiler.js";
import { inWords } from "../compiler/errors.js";
import type { Built } from "../compiler/protocol.js";
import { viteError } from "./errors.js";
import type { Page } from "./page.js";

/** What one Vite and its compiler know of the project. */
export class Session {
  readonly folder: string;
  private readonly optimize: boolean;
  private readonly known = new Application();
  private compiler: Compiler | undefined;
  private settled: Promise<void> | undefined;
  private settling = 0;
  /** When the last build without errors was asked for. */
  private goodSince = Number.NEGATIVE_INFINITY;
  /** Outputs by path, as pages have them. */
  private readonly loaded = new Map<string, string>();
  private served: { page: Page; logger: Logger } | undefined;
  /** Where errors are told between the builds of a bundle that is kept up to date. */
  private between: Logger | undefined;
  private told = "";

  constructor(folder: string, optimize: boolean) {
    this.folder = folder;
    this.optimize = optimize;
  }

  get isServing(): boolean {
    return this.served !== undefined;
  }

  /** From now on open pages are told of builds. */
  serve(page: Page, logger: Logger): void {
    this.served = { page, logger };
    this.settle().catch((error: Error) => logger.error(error.message));
  }

  /** From now on errors that come and go are told, unless `settle` is waited for, whose caller tells them. */
  tell(logger: Logger): void {
    this.between = logger;
  }

  /** The application as its last good build has it. */
  async application(): Promise<Application> {
    await (this.settled ?? this.settle());
    return this.known;
  }

  /** The same, once what is on the disk has been built. */
  async settle(): Promise<Application> {
    const since = Date.now();
    this.settled = this.running().settle();
    this.settling += 1;
    await this.settled.finally(() => (this.settling -= 1));
    if (this.known.errors.length === 0) this.goodSince = since;
    return this.known;
  }

  /** Whether it is known what the text of a file of the project is. What is new is built first. */
  async knows(path: string): Promise<boolean> {
    const isOld = async (): Promise<boolean> => (await stat(path)).ctimeMs < this.goodSince - CLOCKS_MS;
    if (await isOld().catch(() => true)) return true;
    return (await this.settle()).errors.length === 0;
  }

  /** A module with all that this output exports. */
  async handOn(output: string): Promise<string> {
    const specifier = JSON.stringify(output);
    const hasDefault = /\bexport default\b|\bas default\b/.test(await readFile(output, "utf8"));
    return `export * from ${specifier};\n${hasDefault ? `export { default } from ${specifier};\n` : ""}`;
  }

  /** Reads an output for pages to load, with its map. */
  async load(path: string): Promise<{ code: string; map?: { sources: string[]; sourcesContent: string[] } }> {
    const code = await readFile(path, "utf8");
    this.loaded.set(path, code);
    const text = await readFile(`${path}.map`, "utf8").catch(() => undefined);
    if (text === undefined) return { code };
    const map = JSON.parse(text) as { sources: string[] };
    // Vite and Rolldown would read the server's code into them.
    return { code, map: { ...map, sourcesContent: map.sources.map(() => "") } };
  }

  /** Whether Vite may update pages because of the file, which has changed. */
  async mayUpdate(file: string, isLoaded: boolean): Promise<boolean> {
    if (this.known.isOutput(file)) {
      // `kontract dev` may have been the first to write it.
      await this.update([file], []);
      return false;
    }
    // Files elsewhere are none of the compiler's business.
    const { errors } = this.known.has(file) ? await this.settle() : await this.application();
    if (errors.length > 0 && isLoaded) this.fallBehind();
    return errors.length === 0;
  }

  /** Something could not be loaded because of errors. */
  fallBehind(): void {
    this.served?.page.fallBehind();
  }

  async lift(path: string, code: string): Promise<string> {
    return code.includes("@") ? this.running().lift(path, code) : code;
  }

  async end(): Promise<void> {
    const { compiler } = this;
    this.compiler = undefined;
    this.settled = undefined;
    await compiler?.stop();
  }

  /** Tells pages of outputs that are not as they were loaded, once. */
  private async update(outputs: readonly string[], sources: readonly string[]): Promise<void> {
    const changed: string[] = [];
    for (const path of outputs.filter((path) => this.loaded.has(path))) {
      const code = await readFile(path, "utf8").catch(() => "");
      if (this.loaded.get(path) === code) continue;
      this.loaded.set(path, code);
      changed.push(path);
    }
    await this.served?.page.update(changed, sources);
  }

  private running(): Compiler {
    this.compiler ??= new Compiler(this.folder, this.optimize, (built) => this.take(built));
    return this.compiler;
  }

  private take(built: Built): void {
    const { known } = this;
    const moved = known.take(built);
    const errors = known.errors.map(inWords).join("\n\n");
    if (this.served === undefined) return this.tellOf(errors);
    const { page, logger } = this.served;
    if (known.errors.length > 0) {
      logger.error(errors, { timestamp: true });
      page.show(viteError(known.project, known.errors));
      return;
    }
    page.mend();
    const outputs = [...built.written, ...built.removed].map((path) => known.path(path));
    this.update(outputs, moved).catch((error: Error) => logger.error(error.message));
  }

  private tellOf(errors: string): void {
    const { between, told } = this;
    this.told = errors;
    if (between === undefined || this.settling > 0 || errors === told) return;
    if (errors === "") between.info("the sources have no errors any more", { timestamp: true });
    else between.error(errors, { timestamp: true });
  }
}

/** How far the clock of a file system may be from ours, and how coarse. */
const CLOCKS_MS = 3_000;

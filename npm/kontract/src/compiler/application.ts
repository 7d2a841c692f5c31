import { realpathSync } from "node:fs";
import { resolve } from "node:path";
import type { Built, Diagnostic, SourceModule } from "./protocol.js";

/** The project as its last good build has it, and what is wrong with it now. Paths are absolute, with `/`. */
export class Application {
  project = "";
  errors: readonly Diagnostic[] = [];
  warnings: readonly Diagnostic[] = [];
  /** None: no build was good yet. */
  private sources: ReadonlyMap<string, SourceModule> | undefined;
  private out = "";

  /** Returns the sources that clients load from elsewhere now. */
  take({ project, out, diagnostics, modules }: Built): string[] {
    this.project = trueName(project);
    this.errors = diagnostics.filter((found) => found.severity === "error");
    this.warnings = diagnostics.filter((found) => found.severity === "warning");
    if (out !== null) this.out = this.path(out);
    if (modules === undefined) return [];
    const before = this.sources;
    const now = new Map(modules.map((module) => [this.path(module.source), module]));
    this.sources = now;
    const paths = new Set([...(before?.keys() ?? []), ...now.keys()]);
    return [...paths].filter((path) => before?.get(path)?.client !== now.get(path)?.client);
  }

  /** Whether there is a build to serve from. */
  get isBuilt(): boolean {
    return this.sources !== undefined;
  }

  get index(): string {
    return `${this.out}/client/index.js`;
  }

  /** Whether the outputs would be lost if the folder was emptied. */
  isBelow(folder: string): boolean {
    return `${this.out}/`.startsWith(`${folder}/`);
  }

  /** Whether it is one of the sources. */
  knows(path: string): boolean {
    return this.sources?.has(path) ?? false;
  }

  /** What clients load in the place of a source. */
  client(path: string): string | undefined {
    const client = this.sources?.get(path)?.client;
    return client ? this.path(client) : undefined;
  }

  /** Whether its text is for servers only. */
  isServers(path: string): boolean {
    return this.sources?.get(path)?.role === "server" || path.startsWith(`${this.serverFolder}/`);
  }

  /** Sources whose text is for servers only. */
  get serverSources(): string[] {
    return [...(this.sources ?? [])].filter(([, { role }]) => role === "server").map(([path]) => path);
  }

  get serverFolder(): string {
    return `${this.out}/server`;
  }

  /** Whether it lies in the project, packages and outputs aside. */
  has(path: string): boolean {
    return path.startsWith(`${this.project}/`) && !path.startsWith(`${this.out}/`) && !path.includes("/node_modules/");
  }

  /** Whether clients load code from there. */
  isOutput(path: string): boolean {
    return ["client", "codec"].some((folder) => path.startsWith(`${this.out}/${folder}/`)) && path.endsWith(".js");
  }

  path(relative: string): string {
    return slashed(resolve(this.project, relative));
  }
}

export function slashed(path: string): string {
  return path.replaceAll("\\", "/");
}

/** Where a file is and how it is written there, whatever links and letters lead to it. */
export function trueName(path: string): string {
  try {
    return slashed(realpathSync.native(path));
  } catch {
    return path; // There is none.
  }
}

/** A path without what follows it in an address. */
export function cleanUrl(id: string): string {
  return id.replace(/[?#].*$/, "");
}

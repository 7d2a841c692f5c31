import type { EnvironmentModuleNode, ViteDevServer } from "vite";
import type { ViteError } from "./errors.js";

/** Pages that are open while their sources change. */
export class Page {
  private readonly server: ViteDevServer;
  private error: ViteError | undefined;
  /** Something of a page could not be loaded, or was not updated, because of errors. */
  private isBehind = false;

  constructor(server: ViteDevServer) {
    this.server = server;
    server.ws.on("connection", (socket) => {
      if (this.error !== undefined) socket.send(JSON.stringify({ type: "error", err: this.error }));
    });
  }

  fallBehind(): void {
    this.isBehind = true;
  }

  show(error: ViteError): void {
    this.error = error;
    this.server.ws.send({ type: "error", err: error });
  }

  /** There are no errors any more. */
  mend(): void {
    const hadError = this.error !== undefined;
    this.error = undefined;
    if (this.isBehind) {
      this.isBehind = false;
      for (const { moduleGraph } of Object.values(this.server.environments)) moduleGraph.invalidateAll();
      this.server.ws.send({ type: "full-reload" });
    } else if (hadError) {
      // An update of nothing takes Vite's overlay away.
      this.server.ws.send({ type: "update", updates: [] });
    }
  }

  /** Loads what has changed: outputs, and whatever imports `sources`. */
  async update(outputs: readonly string[], sources: readonly string[]): Promise<void> {
    for (const environment of Object.values(this.server.environments)) {
      for (const path of sources) environment.moduleGraph.onFileChange(path);
      const nodes = (path: string): EnvironmentModuleNode[] => [...(environment.moduleGraph.getModulesByFile(path) ?? [])];
      const changed = new Set([...outputs.flatMap(nodes), ...sources.flatMap(nodes).flatMap((node) => [...node.importers])]);
      // With a time, so that browsers ask for them again.
      for (const node of changed) environment.moduleGraph.invalidateModule(node, new Set(), Date.now(), true);
      for (const node of changed) {
        // What only others of them import is loaded with these, what nobody imports was looked at by itself.
        const isCovered = [...node.importers].every((importer) => changed.has(importer));
        if (!isCovered) await environment.reloadModule(node);
      }
    }
  }
}

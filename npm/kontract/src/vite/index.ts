/**
 * Kontract in Vite: pages import functions of the server from where they are written, and get calls.
 *
 * @packageDocumentation
 */
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Plugin, Rolldown } from "vite";
import { type Application, cleanUrl, slashed, trueName } from "../compiler/application.js";
import { CompileError, inWords } from "../compiler/errors.js";
import { viteError } from "./errors.js";
import { denied, leakOf, publicLeakOf } from "./guard.js";
import { Page } from "./page.js";
import { proxy } from "./proxy.js";
import { Session } from "./session.js";

export interface KontractOptions {
  /** The folder of the Kontract project, from Vite's root. By default it is the root. */
  project?: string;
  /**
   * Where calls go in development. By default it is `KONTRACT_URL`, which `kontract dev -- vite`
   * sets, or else http://127.0.0.1:8787; with `false` Vite passes no calls on.
   */
  server?: string | false;
}

/**
 * The plugin. Imports of a module with backend functions load what `kontract build` makes of it for
 * clients, on the server side of Vite too; sources with annotations are read as Vite can read them.
 *
 * ```ts
 * import kontract from 'kontract/vite';
 * export default defineConfig({ plugins: [kontract()] });
 * ```
 */
export default function kontract(options: KontractOptions = {}): Plugin {
  let session: Session;
  let root: string;
  const needsBuild = (context: Rolldown.PluginContext, { project, errors }: Application): never => {
    session.fallBehind();
    return context.error(viteError(project, errors));
  };
  const refuseLeaks = async (context: Rolldown.PluginContext, bundle: Rolldown.OutputBundle): Promise<void> => {
    const leak = await leakOf(await session.application(), root, bundle);
    if (leak !== undefined) context.error(leak);
  };
  const refuseServers = (context: Rolldown.PluginContext, path: string, why = ""): void => {
    if (context.environment.config.consumer === "client") context.error(`${path} belongs to the server${why}`);
  };
  /** Modules that import `api` from `kontract`. */
  const callers = new Set<string>();

  /** What every bundle needs, those of workers too. */
  const bundling: Omit<Plugin, "name"> = {
    enforce: "pre",

    async resolveId(specifier, importer, context) {
      const from = importer === undefined ? undefined : cleanUrl(importer);
      if (specifier === "kontract" && from !== undefined && callers.has(from)) return API;
      const resolved = await this.resolve(specifier, importer, { ...context, skipSelf: true });
      if (resolved?.external) return resolved;
      const application = await session.application();
      const [path, query] = split(resolved?.id ?? "");
      const isSource = application.has(path) && SOURCE.include.test(path);
      const isOfBuild = specifier === CLIENT || application.isOutput(path) || isSource;
      if (isOfBuild && (!application.isBuilt || (isSource && !application.knows(path) && !(await session.knows(path))))) {
        if ("scan" in context && context.scan) return { id: specifier, external: true };
        return needsBuild(this, application);
      }
      if (resolved === null) return specifier === CLIENT ? application.index : null;
      const client = application.client(path);
      if (client !== undefined) return client + query;
      if (application.isServers(path)) refuseServers(this, path, from === undefined ? "" : `: ${from} cannot import it`);
      return resolved;
    },

    async load(id) {
      const application = await session.application();
      if (id === API) {
        if (!application.isBuilt) needsBuild(this, application);
        return `export * from "kontract";\nexport { api } from ${JSON.stringify(application.index)};\n`;
      }
      const [path] = split(id);
      // It may have become the server's since it was resolved.
      if (application.has(path) && SOURCE.include.test(path) && !(await session.knows(path))) needsBuild(this, application);
      const client = application.client(path);
      if (client !== undefined) return session.handOn(client);
      if (application.isServers(path)) refuseServers(this, path);
      if (!application.isOutput(id)) return null;
      // Rolldown follows by itself what it reads itself.
      if (!session.isServing) this.addWatchFile(id);
      return (await session.load(id)) as { code: string; map?: Rolldown.SourceMapInput };
    },

    transform: {
      order: "pre",
      filter: { id: { exclude: SOURCE.exclude } },
      async handler(code, id) {
        const path = cleanUrl(id);
        callers[IMPORTS_API.test(code) ? "add" : "delete"](path);
        if (!SOURCE.include.test(id)) return null;
        const lifted = await session.lift(path, code).catch((error: unknown) => {
          if (!(error instanceof CompileError)) throw error;
          this.error(viteError(session.folder, error.diagnostics));
        });
        return lifted === code ? null : { code: lifted, map: null };
      },
    },

    generateBundle: {
      // Vite writes HTML here, too.
      order: "post",
      async handler(_, bundle) {
        if (this.environment.config.consumer === "client") await refuseLeaks(this, bundle);
      },
    },
  };
  const dependencies: Rolldown.Plugin = {
    name: "kontract:dependencies",
    transform: {
      filter: { id: SOURCE },
      // What cannot be lifted is told when it is loaded.
      handler: (code, id) => session.lift(cleanUrl(id), code).catch(() => code),
    },
    async generateBundle(_, bundle) {
      await refuseLeaks(this, bundle);
    },
  };

  return {
    ...bundling,
    name: "kontract",

    config(user, { isPreview }) {
      if (isPreview) return { preview: { proxy: proxy(options.server, user.preview?.proxy ?? user.server?.proxy) } };
      const workers = user.worker?.plugins;
      return {
        // Stubs and pages share the settings of one `kontract/client`.
        optimizeDeps: { exclude: ["kontract", ...LOADED_LATE], rolldownOptions: { plugins: [dependencies] } },
        server: { proxy: proxy(options.server, user.server?.proxy), fs: { deny: denied(user.server?.fs?.deny) } },
        worker: { plugins: () => [{ ...bundling, name: "kontract:worker" }, ...(workers?.() ?? [])] },
      };
    },

    configResolved(config) {
      // Vitest finds what `kontract build` has made, and leaves it as it is.
      const optimize = config.command === "build" || config.mode === "test";
      root = config.root;
      session = new Session(resolve(root, options.project ?? "."), optimize);
    },

    configureServer(server) {
      session.serve(new Page(server), server.config.logger);
      server.config.server.fs.allow.push(session.folder, fileURLToPath(new URL("../..", import.meta.url)));
    },

    async buildStart() {
      const application = await session.settle();
      const { project, errors, warnings } = application;
      const { build, publicDir, logger } = this.environment.config;
      if (application.isBelow(slashed(resolve(root, build.outDir)))) {
        this.error(`build.outDir is ${build.outDir}, where Kontract's outputs lie: name another folder, such as dist/web`);
      }
      const leak = await publicLeakOf(application, publicDir);
      if (leak !== undefined) this.error(leak);
      if (session.isServing) return;
      if (this.meta.watchMode) session.tell(logger);
      // The bundle is built again when they are mended.
      for (const { file } of errors) if (file !== "") this.addWatchFile(resolve(project, file));
      for (const warning of warnings) this.warn(inWords(warning));
      if (errors.length > 0) this.error(viteError(project, errors));
    },

    async hotUpdate({ file, modules }) {
      return (await session.mayUpdate(slashed(file), modules.length > 0)) ? undefined : [];
    },

    async closeBundle() {
      if (session.isServing || !this.meta.watchMode) await session.end();
    },

    async closeWatcher() {
      await session.end();
    },
  };
}

/** The true name of a file that may be a source, and what follows it. */
function split(id: string): [path: string, query: string] {
  const path = cleanUrl(id);
  const isSource = SOURCE.include.test(path) && !SOURCE.exclude.test(path);
  return [isSource ? trueName(path) : path, id.slice(path.length)];
}

const API = "\0kontract:api";
const CLIENT = "@/client";
const SOURCE = { include: /\.(?:[cm]?ts|tsx)(?:$|\?)/, exclude: /[\\/]node_modules[\\/]/ };
const IMPORTS_API = /\bimport\s*(?:[\w$]+\s*,\s*)?\{[^}]*\bapi\b[^}]*\}\s*from\s*(['"])kontract\1/;

/** ES modules that only some browsers ask for, when calls are encrypted: too late to be prepared. */
const LOADED_LATE = ["@noble/ciphers", "@noble/curves", "@noble/hashes"];

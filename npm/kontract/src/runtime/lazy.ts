import type { LazyRoute, Route, RouteMeta } from "./routes.js";

/** A module with routes that is loaded when one of them is first called. */
export interface LazyModule {
  /** What it is called in errors. */
  name: string;
  /**
   * Imports the module. `again` is empty at first; after a failure it is a query that
   * belongs behind the module's address, since engines remember modules that failed.
   */
  load(again: string): Promise<object>;
  /** What its routes require of a call, by their names. */
  routes: Readonly<Record<string, RouteMeta>>;
}

/** Routes whose modules are loaded when they are called. */
export interface LazyRoutes {
  /** By the names of routes: loads the route's module. Routes of one module share it. */
  __kontract_loaders: ReadonlyMap<string, () => Promise<void>>;
  /** Finds a route, and loads its module where that has not happened yet. */
  __kontract_resolve(name: string): Promise<Route>;
}

/**
 * Makes loaders for modules, one for each. Calls that come while a module is being
 * loaded wait for the same import. An import that fails is tried again by the next call.
 *
 * Compiled modules register their routes in `routes`; of others the exports are taken
 * that are called like the routes.
 */
export function __kontract_lazy(
  modules: readonly LazyModule[],
  routes: Map<string, Route | LazyRoute> = new Map(),
): LazyRoutes {
  const loaders = new Map<string, () => Promise<void>>();

  const resolve = async (name: string): Promise<Route> => {
    const load = loaders.get(name);
    if (load === undefined) throw new Error(`There is no route ${name}`);
    await load();
    const route = routes.get(name);
    if (route === undefined || isLazy(route)) throw new Error(`The module of ${name} does not have it: build again`);
    return route;
  };

  for (const module of modules) {
    const load = once(module, (exports) => register(module, exports, routes));
    for (const [name, meta] of Object.entries(module.routes)) {
      loaders.set(name, load);
      // It may be there already: what another module imports is not waited for.
      if (!routes.has(name)) routes.set(name, { meta, load: () => resolve(name) });
    }
  }
  return { __kontract_loaders: loaders, __kontract_resolve: resolve };
}

/** Whether the route's module has not been loaded. */
export function isLazy(route: Route | LazyRoute): route is LazyRoute {
  return "load" in route;
}

function once(module: LazyModule, done: (exports: object) => void): () => Promise<void> {
  let loading: Promise<void> | undefined;
  let failures = 0;
  return () =>
    (loading ??= module.load(failures === 0 ? "" : `?again=${failures}`).then(done, (error: unknown) => {
      loading = undefined;
      failures += 1;
      throw new Error(`The module ${module.name} cannot be loaded`, { cause: error });
    }));
}

function register(module: LazyModule, exports: object, routes: Map<string, Route | LazyRoute>): void {
  for (const [name, meta] of Object.entries(module.routes)) {
    const route = routes.get(name);
    if (route !== undefined && !isLazy(route)) continue;
    const found = exported(exports, name);
    if (found !== undefined) routes.set(name, { handler: (_, args) => found(args), meta } as Route);
  }
}

/** `Users.get` is a method of the export `Users`. */
function exported(exports: object, name: string): ((args: unknown[]) => unknown) | undefined {
  let owner: unknown;
  let value: unknown = exports;
  for (const part of name.split(".")) {
    owner = value;
    value = (value as Record<string, unknown> | null | undefined)?.[part];
  }
  if (typeof value !== "function") return undefined;
  const call = value;
  return (args) => Reflect.apply(call, owner === exports ? undefined : owner, args) as unknown;
}

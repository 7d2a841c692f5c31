// CommonJS modules: each is a function that is called at its first require().

const { commonJsResolve, commonJsScript } = __host;
const loaded = new Map();

// What packages ask of Node before they know where they are.
const process = Object.freeze({ env: Object.freeze({ NODE_ENV: "production" }) });

export function load(id) {
  const known = loaded.get(id);
  if (known !== undefined) return known.exports;
  const module = { id, filename: id, exports: {}, loaded: false, children: [], paths: [] };
  loaded.set(id, module);
  try {
    const run = commonJsScript(id);
    const require = (specifier) => load(commonJsResolve(id, String(specifier)));
    require.cache = {};
    require.resolve = (specifier) => commonJsResolve(id, String(specifier));
    const folder = id.slice(0, Math.max(id.lastIndexOf("/"), 0));
    Reflect.apply(run, module.exports, [module.exports, require, module, id, folder, process, globalThis]);
  } catch (error) {
    loaded.delete(id);
    throw error;
  }
  module.loaded = true;
  return module.exports;
}

// The names that `import { name }` can ask for.
__host.commonJsNames = (id) => {
  const exports = load(id);
  if ((typeof exports !== "object" && typeof exports !== "function") || exports === null) return [];
  return Object.keys(exports).filter((name) => name !== "default" && /^[A-Za-z_$][\w$]*$/.test(name));
};

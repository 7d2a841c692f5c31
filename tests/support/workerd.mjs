/** How esbuild bundles what workerd runs. */
export const WORKER_BUNDLE = Object.freeze({
  bundle: true,
  conditions: ['workerd', 'worker', 'browser'],
  format: 'esm',
  target: 'es2022',
  write: false,
});

/** What Miniflare is given to run a bundle in workerd. */
export function workerOptions(script, compatibilityFlags) {
  // `cf` would be asked for at Cloudflare.
  return { modules: true, script, compatibilityDate: '2026-04-26', compatibilityFlags, cf: false };
}

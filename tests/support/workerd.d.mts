export const WORKER_BUNDLE: { bundle: true; conditions: string[]; format: 'esm'; target: 'es2022'; write: false };

export function workerOptions(
  script: string,
  compatibilityFlags: string[],
): { modules: true; script: string; compatibilityDate: string; compatibilityFlags: string[]; cf: false };

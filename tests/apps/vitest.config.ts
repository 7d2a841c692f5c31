import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 120_000,
    // What is built and the package run as Node runs them, not as Vite transforms them.
    server: { deps: { external: [/\/npm\/kontract\//, /\/kontract-apps-/] } },
  },
});

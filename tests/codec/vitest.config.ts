import { defineConfig } from 'vitest/config';

const minutes = 60_000;

export default defineConfig({
  test: {
    expect: { poll: { timeout: 20_000 } },
    include: ['*.test.ts'],
    globalSetup: ['support/build.ts'],
    testTimeout: (process.env.KONTRACT_PROVE ? 60 : 3) * minutes,
    hookTimeout: 3 * minutes,
    // What is built and the package run as Node runs them, not as Vite transforms them.
    server: { deps: { external: [/\/npm\/kontract\//, /\/kontract-codec-/] } },
  },
});

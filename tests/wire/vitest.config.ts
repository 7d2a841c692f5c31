import { defineConfig } from 'vitest/config';

const minutes = 60_000;

export default defineConfig({
  test: {
    expect: { poll: { timeout: 20_000 } },
    include: ['*.test.ts'],
    // Real processes, sockets and browsers: where a machine stalls, a second try tells, and it is
    // named. On a contributor's machine nothing is tried twice.
    retry: process.env.CI ? 1 : 0,
    reporters: ['default', '../flaky-reporter.ts'],
    testTimeout: (process.env.KONTRACT_PROVE ? 60 : 3) * minutes,
    hookTimeout: minutes,
    // The package runs as Node runs it, not as Vite transforms it.
    server: { deps: { external: [/\/npm\/kontract\//] } },
  },
});

import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    expect: { poll: { timeout: 20_000 } },
    include: ['*.test.ts'],
    // Real processes, sockets and browsers: where a machine stalls, a second try tells, and it is
    // named. On a contributor's machine nothing is tried twice.
    retry: process.env.CI ? 1 : 0,
    reporters: ['default', '../flaky-reporter.ts'],
    testTimeout: 60_000,
    hookTimeout: 180_000,
  },
});

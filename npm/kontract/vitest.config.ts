import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const source = (path: string): string => fileURLToPath(new URL(`./src/${path}`, import.meta.url));

export default defineConfig({
  resolve: {
    // The compiled application in test/app imports the package by its name.
    alias: [
      { find: /^kontract$/, replacement: source("index.ts") },
      { find: /^kontract\/(client|codec|runtime|memory|node|postgres)$/, replacement: source("$1/index.ts") },
    ],
  },
  test: {
    expect: { poll: { timeout: 20_000 } },
    include: ["src/**/*.test.ts"],
    // Hashing passwords takes its time on a busy machine.
    testTimeout: 60_000,
    coverage: {
      provider: "v8",
      include: ["src/**/*.ts"],
      // What runs in the gateway's isolates is tested there, what asks PostgreSQL in tests/apps, what
      // asks the compiler in tests/vite.
      exclude: [
        "src/**/*.test.ts",
        "src/testing/**",
        "src/gateway/**",
        "src/postgres/**",
        "src/node/postgres-auth.ts",
        "src/compiler/**",
        "src/vite/**",
        "src/loader/**",
      ],
      thresholds: { lines: 90, statements: 90, branches: 85, functions: 90 },
    },
  },
});

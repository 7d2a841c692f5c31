import { defineConfig } from 'vitest/config';

export default defineConfig({
  // `@/client` as in tsconfig.json.
  resolve: { tsconfigPaths: true },
});

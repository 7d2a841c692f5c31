import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

// `kontract dev` starts Vite and says where it listens itself.
const gateway = { target: process.env.KONTRACT_URL ?? 'http://127.0.0.1:8787' };

export default defineConfig({
  plugins: [react()],
  // `@/client` as in tsconfig.json.
  resolve: { tsconfigPaths: true },
  server: { proxy: { '/rpc': gateway, '/auth': gateway } },
  // `kontract build` keeps the rest of dist.
  build: { outDir: 'dist/web', emptyOutDir: true },
});

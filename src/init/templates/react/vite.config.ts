import react from '@vitejs/plugin-react';
import kontract from 'kontract/vite';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  // Calls go to where `kontract dev` says that it listens.
  plugins: [kontract(), react()],
  // `kontract build` keeps the rest of dist.
  build: { outDir: 'dist/web', emptyOutDir: true },
});

// How the page is built, served while developing, and tested.
import { fileURLToPath } from 'node:url'

import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'

import { gzipBeside, onlyWoff2 } from './vite.plugins.ts'

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

// Of fonts: the page's policy is `font-src 'self'`, which refuses a font inlined as data.
const FONT = /\.woff2?$/

export default defineConfig({
  // The page may live below any path of a reverse proxy.
  base: './',
  plugins: [vue({ features: { optionsAPI: false } }), onlyWoff2(), gzipBeside()],
  resolve: { alias: { '@': here('./src') } },
  server: { port: 5173, strictPort: true, proxy: { '/api': 'http://127.0.0.1:8000' } },
  build: {
    outDir: here('../backend/src/dragoman/_web'),
    emptyOutDir: true,
    sourcemap: false,
    reportCompressedSize: false,
    modulePreload: { polyfill: false },
    assetsInlineLimit: (path) => (FONT.test(path) ? false : undefined),
  },
  test: {
    environment: 'jsdom',
    // One less than all would leave one on a machine of two.
    maxWorkers: '100%',
    setupFiles: ['tests/setup.ts'],
    include: ['src/**/*.test.ts', 'tests/**/*.test.ts'],
    // A guard against hanging, not a measure of speed.
    testTimeout: 30_000,
    restoreMocks: true,
    unstubGlobals: true,
  },
})

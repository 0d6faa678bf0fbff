// How the page is built, served while developing, and tested.
import { fileURLToPath } from 'node:url'

import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'

import { gzipBeside, onlyWoff2 } from './vite.plugins.ts'

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

// Of fonts: the page's policy is `font-src 'self'`, which refuses a font inlined as data.
const FONT = /\.woff2?$/

// The tests that need elements.
const DRAWN = [
  'tests/page/*.test.ts',
  'tests/hostile/*.test.ts',
  'tests/markdown/{Markdown,MathFormula,ScrollArea,typeset}.test.ts',
]

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
    // One less than all would leave one on a machine of two.
    maxWorkers: '100%',
    // A guard against hanging, not a measure of speed.
    testTimeout: 30_000,
    restoreMocks: true,
    unstubGlobals: true,
    // What a test leaves behind is taken away after it, so that files can share a worker: most of
    // the time went into loading jsdom and the page for each of them anew. Those of a kind run one
    // after the other for that.
    isolate: false,
    projects: [
      {
        extends: true,
        test: {
          name: 'drawn',
          environment: 'jsdom',
          setupFiles: ['tests/setup.ts'],
          include: DRAWN,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'plain',
          environment: 'node',
          include: ['tests/**/*.test.ts'],
          exclude: DRAWN,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
})

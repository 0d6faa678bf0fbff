// The page before the fake server, developed or built: `vite --config tests/fake/vite.config.ts`.
import type { Plugin } from 'vite'
import { mergeConfig } from 'vite'

import base from '../../vite.config.ts'
import { answering } from './middleware.ts'
import { showcase } from './showcase.ts'

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  'trusted-types vue',
].join('; ')

function fakeServer(): Plugin {
  const server = showcase(process.env['SIGHT'] ?? 'full')
  return {
    name: 'fake-server',
    configureServer: (vite) => void vite.middlewares.use(answering(server)),
    configurePreviewServer: (vite) => void vite.middlewares.use(answering(server)),
  }
}

export default mergeConfig(base, {
  plugins: [fakeServer()],
  server: { proxy: undefined },
  preview: { headers: { 'content-security-policy': POLICY } },
})

// `npm run e2e`, `npm run bench`: runs what needs a browser where everything it needs is there, and
// says what is not.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const frontend = fileURLToPath(new URL('..', import.meta.url))

const BROWSERS = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

const onPath = (name) =>
  (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find(existsSync)

const needed = {
  DRAGOMAN_CHROMIUM: {
    found: process.env.DRAGOMAN_CHROMIUM ?? BROWSERS.map(onPath).find(Boolean),
    cure: 'install Chromium (Debian, Ubuntu: apt install chromium), or name one',
  },
  DRAGOMAN_PROGRAM: {
    found: process.env.DRAGOMAN_PROGRAM ?? join(root, '.venv/bin/dragoman'),
    cure: 'make setup',
  },
  DRAGOMAN_LLMOCK: {
    found: process.env.DRAGOMAN_LLMOCK ?? join(root, '.tools/llmock/bin/llmock'),
    cure: 'make setup-test',
  },
}
const missing = Object.entries(needed).filter(([, { found }]) => !found || !existsSync(found))

if (missing.length > 0) {
  const required = process.env.DRAGOMAN_REQUIRE_BROWSER === '1'
  const verdict = required ? 'FAILED' : 'SKIPPED'
  for (const [variable, { found, cure }] of missing) {
    const problem = found ? `${found} is not there` : 'there is none'
    console.error(`${verdict}: the browser tests need ${variable}; ${problem}: ${cure}`)
  }
  process.exit(required ? 1 : 0)
}

const vitest = join(frontend, 'node_modules/vitest/vitest.mjs')
const [, , ...asked] = process.argv
const isBench = asked[0] === '--bench'
const config = isBench ? 'vitest.bench.config.ts' : 'vitest.e2e.config.ts'
const words = [vitest, 'run', '--config', config, ...asked.slice(isBench ? 1 : 0)]
const found = Object.fromEntries(Object.entries(needed).map(([name, { found }]) => [name, found]))
const done = spawnSync(process.execPath, words, {
  cwd: frontend,
  env: { ...process.env, ...found },
  stdio: 'inherit',
})
process.exit(done.status ?? 1)

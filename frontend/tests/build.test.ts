import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'

import { expect, test } from 'vitest'

import { withoutOlderFonts } from '../vite.plugins.ts'

const sheet = createRequire(import.meta.url).resolve('katex/dist/katex.min.css')

test('each font of KaTeX stays, in one format only', async () => {
  const whole = await readFile(sheet, 'utf8')

  const slim = withoutOlderFonts(whole)

  expect(slim).not.toMatch(/\.ttf|\.woff\b/)
  expect(slim.match(/@font-face/g)).toEqual(whole.match(/@font-face/g))
  expect(slim.match(/\.woff2/g)).toEqual(whole.match(/\.woff2/g))
})

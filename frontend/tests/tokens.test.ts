import { readFileSync } from 'node:fs'

import { describe, expect, test } from 'vitest'

const sheet = readFileSync(new URL('../src/styles/tokens.css', import.meta.url), 'utf8')

const PAIR = /--([\w-]+):\s*light-dark\((#[0-9a-f]{6}),\s*(#[0-9a-f]{6})\)/g

const THEMES = ['light', 'dark'] as const
type Theme = (typeof THEMES)[number]

const tokens = new Map(
  Array.from(sheet.matchAll(PAIR), ([, name = '', light = '', dark = '']) => [
    name,
    { light, dark },
  ]),
)

function colour(name: string, theme: Theme): string {
  const pair = tokens.get(name)
  if (pair === undefined) throw new Error(`there is no token --${name}`)
  return pair[theme]
}

// https://www.w3.org/TR/WCAG22/#dfn-relative-luminance
function luminance(hex: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const channel = parseInt(hex.slice(at, at + 2), 16) / 255
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

function contrast(one: string, other: string): number {
  const [light = 0, dark = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a)
  return (light + 0.05) / (dark + 0.05)
}

const EVERYWHERE = ['bg', 'surface', 'raise', 'user', 'alert']
const CODE = ['comment', 'keyword', 'string', 'number', 'title'].map((name) => `code-${name}`)

// What is read, and what it is read on.
const TEXT: readonly (readonly [string, readonly string[]])[] = [
  ['ink', [...EVERYWHERE, 'mark']],
  ['ink2', [...EVERYWHERE, 'mark']],
  ['accent', ['bg', 'surface', 'raise']],
  ['on-accent', ['accent', 'accent-strong']],
  ['ok', ['bg', 'surface', 'raise']],
  ['warn', ['bg', 'surface', 'raise']],
  ['err', ['bg', 'surface', 'raise', 'alert']],
  ...CODE.map((name) => [name, ['surface']] as const),
]

// What has to be seen to use a control.
const SHAPES: readonly (readonly [string, readonly string[]])[] = [
  ['control', EVERYWHERE],
  ['focus', EVERYWHERE],
  ['accent', ['bg', 'surface', 'raise']],
  ['err', ['bg', 'alert']],
]

describe.each(THEMES)('in %s', (theme) => {
  test.each(TEXT)('--%s can be read', (name, grounds) => {
    for (const ground of grounds) {
      const ratio = contrast(colour(name, theme), colour(ground, theme))
      expect(ratio, `--${name} on --${ground}`).toBeGreaterThanOrEqual(4.5)
    }
  })

  test.each(SHAPES)('--%s can be seen', (name, grounds) => {
    for (const ground of grounds) {
      const ratio = contrast(colour(name, theme), colour(ground, theme))
      expect(ratio, `--${name} on --${ground}`).toBeGreaterThanOrEqual(3)
    }
  })
})

test('the contrast is computed as the standard does', () => {
  expect(contrast('#000000', '#ffffff')).toBeCloseTo(21)
  expect(contrast('#777777', '#ffffff')).toBeCloseTo(4.48, 2)
})

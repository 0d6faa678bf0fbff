import { render } from '@testing-library/vue'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { Markdown } from '@/markdown'

import { settled } from '../markdown/settled'
import type { Cases } from './case'
import { CODE_CASES } from './code'
import { DESTINATION_CASES } from './destinations'
import { HTML_CASES } from './html'
import { offences } from './inspect'
import { MARKDOWN_CASES } from './markdown'
import { MATH_CASES } from './math'
import { TEXT_CASES } from './text'

const CHUNK = 9

// More steps show nothing new of a text that repeats itself.
const MOST_STEPS = 6

const called = vi.fn()

beforeEach(() => {
  called.mockReset()
  for (const name of ['alert', 'msgbox', 'fetch', 'open', 'XMLHttpRequest', 'Image', 'WebSocket']) {
    vi.stubGlobal(name, called)
  }
})

afterEach(() => {
  expect(called).not.toHaveBeenCalled()
})

/** Shows a text as it arrives, then whole, and looks at every step. */
async function expectInert(text: string): Promise<void> {
  const { container, rerender } = render(Markdown, { props: { source: '', done: false } })
  const step = Math.max(CHUNK, Math.ceil(text.length / MOST_STEPS))
  for (let end = step; end < text.length; end += step) {
    await rerender({ source: text.slice(0, end), done: false })
    expect(offences(container)).toEqual([])
  }
  await rerender({ source: text, done: true })
  await settled()
  expect(offences(container)).toEqual([])
}

const CORPUS: Readonly<Record<string, Cases>> = {
  addresses: DESTINATION_CASES,
  HTML: HTML_CASES,
  Markdown: MARKDOWN_CASES,
  characters: TEXT_CASES,
  formulas: MATH_CASES,
  code: CODE_CASES,
}

describe.each(Object.entries(CORPUS))('hostile %s', (_, cases) => {
  test.each(Object.entries(cases))('%s', async (_, text) => {
    await expectInert(text)
  })
})

describe('the inspection itself', () => {
  test.each([
    ['a script', 'script', {}],
    ['a handler', 'p', { onclick: 'alert(1)' }],
    ['a picture', 'img', { src: 'https://evil.example' }],
    ['a style', 'p', { style: 'position:fixed' }],
    ['an id', 'p', { id: 'app' }],
    ['a link that runs', 'a', { ...leaving(), href: 'javascript:alert(1)' }],
    ['a link with data', 'a', { ...leaving(), href: 'data:text/html,x' }],
    ['a link to our own page', 'a', { ...leaving(), href: '/api' }],
    ['a link with a user name', 'a', { ...leaving(), href: 'https://a@b.example/' }],
    ['a link in this window', 'a', { href: 'https://a.example/', rel: 'noopener noreferrer' }],
    ['a class of the page', 'div', { class: 'app-dialog' }],
  ])('finds %s', (_, tag, attributes) => {
    const root = document.createElement('div')
    const planted = document.createElement(tag)
    for (const [name, value] of Object.entries(attributes)) planted.setAttribute(name, value)
    root.append(planted)

    expect(offences(root)).toHaveLength(1)
  })

  test('finds a script and an address in a formula', () => {
    const root = document.createElement('div')
    const formula = root.appendChild(document.createElement('span'))
    formula.className = 'katex'
    formula.append(document.createElement('script'), document.createElement('a'))
    formula.style.backgroundImage = 'url("https://evil.example")'

    expect(offences(root)).toHaveLength(3)
  })
})

function leaving(): Record<string, string> {
  return { target: '_blank', rel: 'noopener noreferrer' }
}

test('the corpus has at least two hundred cases', () => {
  const count = Object.values(CORPUS).reduce((sum, cases) => sum + Object.keys(cases).length, 0)

  expect(count).toBeGreaterThanOrEqual(200)
})

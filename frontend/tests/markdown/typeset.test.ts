import { describe, expect, test } from 'vitest'

import { typeset } from '@/markdown/typeset'

function formula(tex: string, display = false): { element: HTMLElement; isTypeset: boolean } {
  const element = document.createElement('span')
  element.textContent = 'before'
  return { isTypeset: typeset(tex, display, element), element }
}

describe('a formula is typeset', () => {
  test.each([
    'x',
    '\\frac{-b \\pm \\sqrt{b^2-4ac}}{2a}',
    '\\begin{aligned} a &= b \\\\ c &= d \\end{aligned}',
    '\\begin{pmatrix} 1 & 0 \\\\ 0 & 1 \\end{pmatrix}',
    '\\text{Größe } \\mathbb{R} → ∞',
    '\\int_0^\\infty e^{-x^2}\\,dx = \\frac{\\sqrt\\pi}{2}',
  ])('%s', (tex) => {
    const { element, isTypeset } = formula(tex, true)

    expect(isTypeset).toBe(true)
    expect(element.querySelector('annotation')).toHaveTextContent(tex, {
      normalizeWhitespace: false,
    })
    expect(element).not.toHaveTextContent('before')
  })

  test('in a line or on its own', () => {
    expect(formula('x', false).element.querySelector('.katex-display')).toBeNull()
    expect(formula('x', true).element.querySelector('.katex-display')).not.toBeNull()
  })
})

describe('a formula is refused, and leaves nothing behind', () => {
  test.each([
    ['a mistake', '\\frac{1'],
    ['an unknown command', '\\nosuchcommand'],
    ['an endless macro', '\\def\\a{\\a\\a}\\a'],
    ['too deep', `${'{'.repeat(51)}x${'}'.repeat(51)}`],
    ['too long', 'x+'.repeat(3000)],
    ['a class', '\\htmlClass{a}{x}'],
  ])('%s', (_, tex) => {
    const { element, isTypeset } = formula(tex)

    expect(isTypeset).toBe(false)
    expect(element.childNodes).toHaveLength(0)
  })

  test('a link is not followed but marked as refused', () => {
    const { element } = formula('\\href{https://evil.example}{x}')

    expect(element.querySelector('a')).toBeNull()
  })

  test('a macro of one formula is not known in the next', () => {
    expect(formula('\\gdef\\mine{x}\\mine').isTypeset).toBe(true)
    expect(formula('\\mine').isTypeset).toBe(false)
  })
})

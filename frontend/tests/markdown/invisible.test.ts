import { describe, expect, test } from 'vitest'

import { visible } from '@/markdown/invisible'

const shown = (text: string, kind: 'prose' | 'code'): string =>
  visible(text, kind)
    .map((piece) => (piece.stands === undefined ? piece.text : `«${piece.text}»`))
    .join('')

describe('what cannot be seen is shown', () => {
  test('a plain text is one piece', () => {
    expect(visible('plain\ttext\nmore', 'prose')).toEqual([{ text: 'plain\ttext\nmore' }])
    expect(visible('', 'prose')).toEqual([])
  })

  test('colours for a terminal', () => {
    expect(shown('\u001b[31mred\u007f\u009b0m', 'prose')).toBe('«␛»[31mred«␡»«[U+009B]»0m')
  })

  test('text that is turned around', () => {
    expect(shown('user\u202e nimda', 'prose')).toBe('user«[U+202E]» nimda')
    expect(visible('\u202e', 'prose')).toEqual([{ text: '[U+202E]', stands: 'U+202E' }])
  })

  test('in code also what is empty and what only isolates', () => {
    const text = 'a\u200bb\u2066c\ufeffd\u{1f3f4}\u{e0041}e\u00adf\u200dg'

    expect(shown(text, 'prose')).toBe(text)
    expect(shown(text, 'code')).toBe(
      'a«[U+200B]»b«[U+2066]»c«[U+FEFF]»d\u{1f3f4}«[U+E0041]»e«[U+00AD]»f«[U+200D]»g',
    )
  })

  test('words spelled in tags, but not the flag of a region', () => {
    const flag = '\u{1f3f4}\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}'

    expect(shown(`hi\u{e0068}\u{e0069}`, 'prose')).toBe('hi«[U+E0068]»«[U+E0069]»')
    expect(shown(flag, 'prose')).toBe(flag)
    expect(shown(`${flag}\u{e0068}`, 'prose')).toBe(`${flag}«[U+E0068]»`)
  })

  test('letters of every script and emoji stay as they are', () => {
    const text = 'שלום مرحبا नमस्ते می‌خواهم 👩‍💻 ‏שלום‎'

    expect(shown(text, 'prose')).toBe(text)
  })
})

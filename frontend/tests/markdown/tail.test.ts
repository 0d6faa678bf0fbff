import { describe, expect, test } from 'vitest'

import { closed, withoutHalfMarker } from '@/markdown/tail'

import { EXAMPLES } from './examples'

describe('what is open at the end of a paragraph is closed', () => {
  test.each([
    ['a **b', 'a **b**'],
    ['a **b ', 'a **b**'],
    ['a **b*', 'a **b**'],
    ['a **b**', 'a **b**'],
    ['a **', 'a '],
    ['a *b **c', 'a *b **c***'],
    ['a *b **c** d', 'a *b **c** d*'],
    ['a ~~b', 'a ~~b~~'],
    ['***all', '***all***'],
    ['a `b', 'a `b`'],
    ['a ``b ` c', 'a ``b ` c``'],
    ['a `b` c', 'a `b` c'],
    ['a `', 'a '],
    ['**a `b', '**a `b`**'],
    ['**a `', '**a**'],
    ['a **`', 'a'],
    ['`**` b', '`**` b'],
    ['2 * 3 and snake_case', '2 * 3 and snake_case'],
    ['\\**a', '\\**a*'],
    ['line\\', 'line'],
    ['line\\\\', 'line\\\\'],
    ['see [the manual](https://exa', 'see the manual'],
    ['see [the manual](https://exa "Tit', 'see the manual'],
    ['see [the manual](https://a.example)', 'see [the manual](https://a.example)'],
    ['**see [it](http', '**see it**'],
    ['an ![image](https://exa', 'an '],
    ['an array[1] and (x', 'an array[1] and (x'],
    ['', ''],
  ])('%j is shown as %j', (content, expected) => {
    expect(closed(content)).toBe(expected)
  })
})

describe('a marker alone on the last line waits', () => {
  test.each([
    ['text\n-', 'text\n'],
    ['text\n- ', 'text\n'],
    ['text\n---', 'text\n'],
    ['#', ''],
    ['a\n\n```', 'a\n\n'],
    ['> -', ''],
    ['a\n12', 'a\n12'],
    ['a\n12.', 'a\n12'],
    ['a\n12. b', 'a\n12. b'],
    ['- a', '- a'],
    ['a -', 'a -'],
    ['text\n', 'text\n'],
  ])('of %j this is shown: %j', (source, expected) => {
    expect(withoutHalfMarker(source)).toBe(expected)
  })

  test('what is shown is always a beginning of what is shown next', () => {
    for (const text of EXAMPLES) {
      let shown = ''
      for (let end = 0; end <= text.length; end++) {
        const next = withoutHalfMarker(text.slice(0, end))
        if (!next.startsWith(shown)) expect(next).toBe(`${shown}…`)
        shown = next
      }
      expect(text.startsWith(shown)).toBe(true)
    }
  })
})

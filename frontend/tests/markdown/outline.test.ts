import { describe, expect, test } from 'vitest'

import { MarkdownDocument } from '@/markdown/document'
import { outline } from '@/markdown/outline'

const levels = (source: string, base = 2): readonly string[] =>
  outline(new MarkdownDocument().read(source), base)

describe('the headings of a text take their place below the one above them', () => {
  test('levels that follow each other stay apart', () => {
    expect(levels('# a\n## b\n## c\n### d\n# e')).toEqual(['3', '4', '4', '5', '3'])
  })

  test('a text that begins deep or leaves levels out makes no gap', () => {
    expect(levels('### a\n###### b\n## c\n# d\n#### e')).toEqual(['3', '4', '3', '3', '4'])
  })

  test('nothing is deeper than an h6', () => {
    expect(levels('# a\n## b\n### c\n#### d\n##### e', 3)).toEqual(['4', '5', '6', '6', '6'])
  })

  test('a block may hold none or several', () => {
    expect(levels('text\n\n> # a\n> ## b\n\n- # c')).toEqual(['', '34', '3'])
  })
})

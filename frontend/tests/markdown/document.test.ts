import { describe, expect, test } from 'vitest'

import { MarkdownDocument, type Block } from '@/markdown/document'
import { parse, type Token } from '@/markdown/parser'

import { EXAMPLES } from './examples'
import { pick, randomFrom } from './random'

const CHUNK_SIZES = [1, 3, 7, 64]

/** What may not differ between two readings of the same text. */
const essence = (token: Token, firstLine: number): unknown => ({
  ...token,
  map: token.map?.map((line) => line + firstLine) ?? null,
  children: token.children?.map((child) => essence(child, firstLine)) ?? null,
})

const ofBlocks = (blocks: readonly Block[]): unknown[] =>
  blocks.flatMap(({ tokens, firstLine }) => tokens.map((token) => essence(token, firstLine)))

const ofWhole = (source: string): unknown[] => parse(source, {}).map((token) => essence(token, 0))

function prefixes(text: string, size: () => number): string[] {
  const cuts: string[] = []
  for (let end = size(); end < text.length; end += size()) cuts.push(text.slice(0, end))
  return [...cuts, text]
}

/** Comparing as text is far quicker; the values are compared only to say what differs. */
function expectTheWhole(document: MarkdownDocument, prefix: string): void {
  const [blocks, whole] = [ofBlocks(document.read(prefix)), ofWhole(prefix)]
  if (JSON.stringify(blocks) !== JSON.stringify(whole)) {
    expect({ prefix, tokens: blocks }).toEqual({ prefix, tokens: whole })
  }
}

/** How many prefixes it was held over. */
function expectTheLaw(text: string, size: () => number): number {
  const document = new MarkdownDocument()
  const read = prefixes(text, size)
  for (const prefix of read) expectTheWhole(document, prefix)
  return read.length
}

describe('at every prefix the blocks together are what one parse of the whole gives', () => {
  test.each(CHUNK_SIZES)('in chunks of %i', (size) => {
    let held = 0
    for (const text of EXAMPLES) held += expectTheLaw(text, () => size)
    expect(held).toBeGreaterThanOrEqual(EXAMPLES.length)
  })

  test('in chunks of any size', () => {
    const random = randomFrom(1)
    let held = 0
    for (const text of EXAMPLES) held += expectTheLaw(text, () => 1 + Math.floor(random() * 20))
    expect(held).toBeGreaterThanOrEqual(EXAMPLES.length)
  })

  test('when one example follows another, with and without a blank line', () => {
    const random = randomFrom(2)
    let held = 0
    for (let round = 0; round < 400; round++) {
      const parts = Array.from({ length: 3 }, () => pick(EXAMPLES, random))
      held += expectTheLaw(
        parts.join(pick(['', '\n', '\n\n'], random)),
        () => 1 + Math.floor(random() * 40),
      )
    }
    expect(held).toBeGreaterThan(400)
  })

  test('when lines that quarrel meet in any order', () => {
    const random = randomFrom(3)
    let held = 0
    for (let round = 0; round < 3000; round++) {
      const lines = Array.from({ length: 2 + Math.floor(random() * 8) }, () => pick(LINES, random))
      held += expectTheLaw(lines.join(''), () => 1 + Math.floor(random() * 9))
    }
    expect(held).toBeGreaterThan(3000)
  })
})

const LINES = [
  ...['\n', '\n', '\n', '  \n', 'text\n', 'more *text*\n', '    deep\n', '\ttab\n', '  two\n'],
  ...['# h\n', '#\n', '===\n', '---\n', '-\n', '- a\n', '- \n', '  - b\n', '* c\n', '1. d\n'],
  ...['2. e\n', '> q\n', '>\n', '> - r\n', '```\n', '~~~\n', '````\n', '> ```\n', '- ```\n'],
  ...[
    '$$\n',
    '$$ x $$\n',
    '\\[\n',
    '\\]\n',
    'a $$\n',
    '> $$\n',
    '- $$\n',
    '| a | b |\n',
    '|---|---|\n',
  ],
  ...['| a |\n', '|-|\n', 'a | b\n', '[a]: /x\n', '[a]\n', '[a]:\n', '/y\n', "'t\n", "u'\n"],
  ...['[b]: /z "v"\n', '[b][a]\n', '[a\n', 'b]: /w\n', '"t"\n', '***\n', '<div>\n', '\r\n', '\r'],
]

describe('what is finished stays as it is', () => {
  test('a block before a later one is the same value in every later reading', () => {
    const document = new MarkdownDocument()
    const before = document.read('# Title\n\nA paragraph.\n\nThe last\non')

    const after = document.read('# Title\n\nA paragraph.\n\nThe last\none grows\n\n- and goes on')

    expect(before.map(({ frozen }) => frozen)).toEqual([true, true, false])
    expect(after[0]).toBe(before[0])
    expect(after[1]).toBe(before[1])
    expect(after[2]).not.toBe(before[2])
  })

  test('a definition further down changes only the blocks that asked for it', () => {
    const document = new MarkdownDocument()
    const before = document.read('See [a].\n\nSee [b].\n\nNothing.\n\n')

    const after = document.read('See [a].\n\nSee [b].\n\nNothing.\n\n[b]: https://b.example\n')

    expect(after[0]?.tokens).toBe(before[0]?.tokens)
    expect(after[1]?.tokens).not.toBe(before[1]?.tokens)
    expect(after[2]?.tokens).toBe(before[2]?.tokens)
    expect(JSON.stringify(after[1]?.tokens)).toContain('https://b.example')
  })

  test('a text that does not continue the one before is read from its beginning', () => {
    const document = new MarkdownDocument()
    document.read('[a]: /old\n\nOne\n\nTwo\n\nThree')

    for (const other of ['Something [a] else\n\nentirely', '[a]: /old\n\nOne', '']) {
      expect(ofBlocks(document.read(other))).toEqual(ofWhole(other))
    }
  })
})

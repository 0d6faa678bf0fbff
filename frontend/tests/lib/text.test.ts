import { describe, expect, test } from 'vitest'

import { highlighted } from '@/lib/highlighted'
import { redacted } from '@/lib/redact'
import { createReader } from '@/lib/sentences'
import { median, tokensPerSecond } from '@/lib/speed'

describe('what looks like a key is masked', () => {
  test.each([
    ['Incorrect API key: sk-proj-abc123DEF456.', 'Incorrect API key: •••.'],
    ['sent Bearer abcdefgh12345678== there', 'sent ••• there'],
    ['AIzaSyA1234567890abcdefghijk', '•••'],
    ['{"api_key": "verysecret123"}', '{"•••"}'],
    ['token=abcdef123', '•••'],
    ['eyJhbGciOiJIUzI1.eyJzdWIiOiIx.sig-1', '•••'],
  ])('%s', (text, masked) => {
    expect(redacted(text)).toBe(masked)
  })

  test.each(['a task-based approach', 'set OPENAI_API_KEY', '812 tokens in', 'the key is missing'])(
    'but not: %s',
    (text) => {
      expect(redacted(text)).toBe(text)
    },
  )
})

describe('growing text is read out by sentences', () => {
  const read = (...growing: string[]): string[] => {
    const reader = createReader()
    const parts = growing.map((text) => reader.next(text))
    return [...parts, reader.rest(growing.at(-1) ?? '')]
  }

  test('each once it is whole', () => {
    expect(read('It was', 'It was dark. And', 'It was dark. And cold.')).toEqual([
      '',
      'It was dark.',
      '',
      'And cold.',
    ])
  })

  test('the signs of markdown are not spelled', () => {
    expect(read('## So\n\n- **Yes**, see [here](https://example.com/a.b).\n- `No`.\n')).toEqual([
      'So Yes, see here. No.',
      '',
    ])
  })

  test('code is named, once it is over', () => {
    expect(read('Look:\n\n```py\nprint(1). x', 'Look:\n\n```py\nprint(1). x\n```\nDone. ')).toEqual(
      ['Look:', '(code) Done.', ''],
    )
  })

  test('the number of a list is no sentence', () => {
    expect(read('1. One', '1. One.\n2. Two')).toEqual(['', '1. One.', '2. Two'])
  })

  test('however the text is cut, every word is read once', () => {
    const text = 'One. Two! Three?\n\n* four\n* five\n\n```\nsix\n```\n\nSeven. Eight'
    const reader = createReader()
    const parts = Array.from(text, (_, index) => reader.next(text.slice(0, index + 1)))

    const heard = [...parts, reader.rest(text)].filter(Boolean).join(' ')

    expect(heard).toBe('One. Two! Three? four five (code) Seven. Eight')
  })
})

describe('what was sought is marked', () => {
  test('every word of it, wherever it stands', () => {
    expect(highlighted('Sourdough rests; SOUR milk', 'sour rest')).toEqual([
      { text: 'Sour', hit: true },
      { text: 'dough ', hit: false },
      { text: 'rest', hit: true },
      { text: 's; ', hit: false },
      { text: 'SOUR', hit: true },
      { text: ' milk', hit: false },
    ])
  })

  test('signs are signs', () => {
    expect(highlighted('a.b (c', '. (')).toEqual([
      { text: 'a', hit: false },
      { text: '.', hit: true },
      { text: 'b ', hit: false },
      { text: '(', hit: true },
      { text: 'c', hit: false },
    ])
  })
})

describe('speed', () => {
  const usage = {
    inputTokens: 1,
    outputTokens: 100,
    totalTokens: 101,
    cacheReadTokens: null,
    cacheWriteTokens: null,
    reasoningTokens: null,
  }

  test('is counted from the first token on', () => {
    expect(tokensPerSecond(usage, { firstTokenMs: 500, totalMs: 2_500 })).toBe(50)
  })

  test('is not known where a count or a time is not, or where all came at once', () => {
    expect(tokensPerSecond(null, { firstTokenMs: 500, totalMs: 2_500 })).toBeNull()
    expect(tokensPerSecond({ ...usage, outputTokens: null }, null)).toBeNull()
    expect(tokensPerSecond(usage, { firstTokenMs: 500, totalMs: 510 })).toBeNull()
  })

  test('the usual is the one in the middle', () => {
    expect(median([900, 100, 400])).toBe(400)
    expect(median([])).toBeNull()
  })
})

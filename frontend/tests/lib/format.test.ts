import { expect, test } from 'vitest'

import { dayGroup, duration, moment, rate, tokens, wordCount } from '@/lib/format'

test.each([
  [0, '0 ms'],
  [410, '410 ms'],
  [999.6, '1.0 s'],
  [2_140, '2.1 s'],
  [9_960, '10 s'],
  [59_400, '59 s'],
  [65_000, '1 min 5 s'],
])('%d ms are %s', (ms, text) => {
  expect(duration(ms)).toBe(text)
})

test.each([
  [812, '812'],
  [1_000, '1k'],
  [6_156, '6.2k'],
  [9_960, '10k'],
  [200_000, '200k'],
  [999_600, '1M'],
  [1_050_000, '1.1M'],
])('%d tokens are %s', (count, text) => {
  expect(tokens(count)).toBe(text)
})

test.each([
  [92.4, '92'],
  [8.25, '8.3'],
  [9.97, '10'],
  [4, '4'],
])('%d a second are %s', (perSecond, text) => {
  expect(rate(perSecond)).toBe(text)
})

const NOON = new Date(2026, 10, 22, 12).getTime()
const at = (day: number, hour: number): string => new Date(2026, 10, day, hour).toISOString()

test.each([
  [at(22, 0), 'Today'],
  [at(21, 23), 'Yesterday'],
  [at(15, 12), 'The last seven days'],
  [at(14, 23), 'Older'],
  [at(23, 1), 'Today'],
])('%s stands under %s', (iso, group) => {
  expect(dayGroup(iso, NOON)).toBe(group)
})

test('a moment of another day names the day', () => {
  expect(moment(at(22, 9), NOON)).not.toContain('2026')
  expect(moment(at(20, 9), NOON)).toContain('2026')
  expect(moment('not a time', NOON)).toBe('')
})

test('words are counted by the gaps between them', () => {
  expect(wordCount('  one two\nthree ')).toBe(3)
  expect(wordCount(' ')).toBe(0)
})

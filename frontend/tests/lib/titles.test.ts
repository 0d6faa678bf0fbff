import { expect, test } from 'vitest'

import { titleOfQuestion } from '@/lib/titles'

// The cases of the server's own test.
test.each([
  ['Why is the sky blue?', 'Why is the sky blue?'],
  ['  Two\n\nlines\tand  spaces ', 'Two lines and spaces'],
  ['x'.repeat(60), 'x'.repeat(60)],
  ['x'.repeat(61), `${'x'.repeat(59)}…`],
  [
    'Explain the difference between a process and a thread to a child of six',
    'Explain the difference between a process and a thread to a…',
  ],
  [`${'word '.repeat(11)}four, and more`, `${'word '.repeat(11)}four…`],
  ['龍'.repeat(100), `${'龍'.repeat(59)}…`],
])('a title is cut as the server cuts it: %j', (message, title) => {
  expect(titleOfQuestion(message)).toBe(title)
})

test.each([
  ['a character of two halves is one', '😀'.repeat(61), `${'😀'.repeat(59)}…`],
  ['a separator is a space', 'one\u001cand\u0085two', 'one and two'],
  ['a mark of byte order is none', 'one\ufeffword', 'one\ufeffword'],
  ['a number is a word', `${'x'.repeat(50)} 123456789²³`, `${'x'.repeat(50)}…`],
])('%s', (_, message, title) => {
  expect(titleOfQuestion(message)).toBe(title)
})

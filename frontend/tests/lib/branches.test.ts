import { expect, test } from 'vitest'

import type { Message } from '@/api/types'
import { leafBelow, turnsTo, withMessage } from '@/lib/branches'

const message = (id: string, parentId: string | null, sender: Message['sender']): Message => ({
  id,
  parentId,
  sender,
  text: id,
  state: 'complete',
  model: null,
  provider: null,
  timestamp: '',
  usage: null,
  timing: null,
  error: null,
  stopReason: null,
  reasoning: null,
  receipts: [],
})
const asked = (id: string, parentId: string | null): Message => message(id, parentId, 'user')
const replied = (id: string, parentId: string): Message => message(id, parentId, 'system')

// q1 ─┬─ a1 ── q2 ── a3
//     └─ a2
// q1' ── a4
const TREE = [
  asked('q1', null),
  replied('a1', 'q1'),
  replied('a2', 'q1'),
  asked('q2', 'a1'),
  replied('a3', 'q2'),
  asked('q1b', null),
  replied('a4', 'q1b'),
]

const path = (leaf: string | null): string[] =>
  turnsTo(TREE, leaf).map(({ message: { id }, versions }) =>
    versions.length > 1 ? `${id} of ${versions.map((version) => version.id).join()}` : id,
  )

test('the path to a leaf knows what else could stand at each place', () => {
  expect(path('a3')).toEqual(['q1 of q1,q1b', 'a1 of a1,a2', 'q2', 'a3'])
  expect(path('a2')).toEqual(['q1 of q1,q1b', 'a2 of a1,a2'])
  expect(path('a4')).toEqual(['q1b of q1,q1b', 'a4'])
})

test('without a leaf, or with an unknown one, nothing is shown', () => {
  expect(path(null)).toEqual([])
  expect(path('elsewhere')).toEqual([])
})

test('a parent that is not loaded ends the path', () => {
  expect(turnsTo(TREE.slice(3), 'a3').map((turn) => turn.message.id)).toEqual(['q2', 'a3'])
})

test('a branch ends at its newest leaf', () => {
  expect(leafBelow(TREE, 'q1')).toBe('a2')
  expect(leafBelow(TREE, 'a1')).toBe('a3')
  expect(leafBelow(TREE, 'a3')).toBe('a3')
})

test('messages that are their own ancestors hold nobody up', () => {
  const circle = [asked('one', 'two'), replied('two', 'one')]

  expect(turnsTo(circle, 'one')).toHaveLength(2)
  expect(['one', 'two']).toContain(leafBelow(circle, 'one'))
})

test('a message takes the place of the one of its id, or the last place', () => {
  const changed = { ...replied('a1', 'q1'), text: 'changed' }

  expect(withMessage(TREE, changed)[1]).toBe(changed)
  expect(withMessage(TREE, asked('q3', 'a3')).at(-1)?.id).toBe('q3')
})

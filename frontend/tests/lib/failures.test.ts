import { expect, test } from 'vitest'

import type { Failure } from '@/api/types'
import { alternatives, categoryOf, retryAfterOf } from '@/lib/failures'

import { CLAUDE, GPT, MINI, MODELS, TOY } from '../fake/offering'

const failure = (facts: Partial<Failure>): Failure => ({
  code: 'UNKNOWN',
  reason: 'unhandled',
  message: '',
  ...facts,
})

test.each([
  [{ detail: { category: 'quota_exhausted' }, code: 'RATE_LIMIT' }, 'quota_exhausted'],
  [{ reason: 'stream_interrupted', code: 'CONNECTION_ERROR' }, 'stream_interrupted'],
  [{ reason: 'storage_full', code: 'UNKNOWN' }, 'storage'],
  [{ code: 'TIMEOUT', reason: 'timeout_idle' }, 'timeout'],
  [{ detail: { category: 'something new' }, code: 'LLM_ERROR' }, 'bad_response'],
  [{ detail: { category: 'constructor' } }, 'internal'],
  [{}, 'internal'],
])('%j is %s', (facts, category) => {
  expect(categoryOf(failure(facts))).toBe(category)
})

test('the wait is told by the failure or by its detail', () => {
  expect(retryAfterOf(failure({ retryAfter: 7 }))).toBe(7)
  expect(retryAfterOf(failure({ detail: { retryAfter: 3 } }))).toBe(3)
  expect(retryAfterOf(failure({}))).toBeNull()
})

const ids = (...args: Parameters<typeof alternatives>): string[] =>
  alternatives(...args).map(({ id }) => id)
const failed = { model: GPT.id, provider: GPT.provider }

test('where the whole provider fails, another provider is asked, a toy last', () => {
  expect(ids([TOY, ...MODELS], failed, 'rate_limit')).toEqual([CLAUDE.id, TOY.id, TOY.id])
})

test('where one model fails, its siblings may do', () => {
  expect(ids(MODELS, failed, 'content_filtered')).toEqual([MINI.id, CLAUDE.id, TOY.id])
})

test('only models that are ready are offered', () => {
  expect(ids([GPT, { ...CLAUDE, state: 'failed' }], failed, 'timeout')).toEqual([])
})

test('what is too long for one needs one with a larger window', () => {
  const small = { model: CLAUDE.id, provider: CLAUDE.provider }

  expect(ids(MODELS, small, 'context_too_long')).toEqual([GPT.id])
  expect(ids(MODELS, failed, 'context_too_long')).toEqual([])
})

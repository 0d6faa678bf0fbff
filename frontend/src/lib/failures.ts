// What can be done about each kind of error, and by which other model.
import type { Failure, Message, Model } from '@/api/types'

import { isToy } from './models'
import { words } from './words'

export type Category = keyof typeof words.failure.titles

/** What the card offers beside other models. */
export type Remedy = 'retry' | 'edit' | 'fresh'

// The likeliest help first.
const REMEDIES: Readonly<Partial<Record<Category, readonly Remedy[]>>> = {
  invalid_request: ['edit', 'retry'],
  content_filtered: ['edit', 'retry'],
  unsupported: ['edit', 'retry'],
  context_too_long: ['fresh', 'edit'],
}

export const remediesOf = (category: Category): readonly Remedy[] => REMEDIES[category] ?? ['retry']

// Where one model of a provider fails thus, its others do as well.
const OF_THE_WHOLE_PROVIDER: ReadonlySet<Category> = new Set<Category>([
  'authentication',
  'permission',
  'quota_exhausted',
  'rate_limit',
  'overloaded',
  'timeout',
  'connection',
  'bad_response',
])

// For failures that carry no category: those that never got as far as a provider.
const BY_CODE: Readonly<Record<string, Category>> = {
  AUTH_ERROR: 'authentication',
  RATE_LIMIT: 'rate_limit',
  TIMEOUT: 'timeout',
  CONNECTION_ERROR: 'connection',
  LLM_ERROR: 'bad_response',
  INVALID_REQUEST: 'invalid_request',
  STORAGE_ERROR: 'storage',
}

const isCategory = (word: string): word is Category => Object.hasOwn(words.failure.titles, word)

/** The category, from the finest word that says it. */
export function categoryOf({ detail, reason, code }: Failure): Category {
  const said = detail?.category ?? reason
  if (isCategory(said)) return said
  if (reason.startsWith('storage_')) return 'storage'
  return BY_CODE[code] ?? 'internal'
}

/** The error in plain words; `provider` is the name that people know it by. */
export const titleOf = (failure: Failure, provider: string): string =>
  words.failure.titles[categoryOf(failure)](provider)

/** How long the provider wants to be left alone, in seconds; null where it did not say. */
export const retryAfterOf = ({ retryAfter, detail }: Failure): number | null =>
  retryAfter ?? detail?.retryAfter ?? null

/** Models that can take over, the likeliest to succeed first. */
export function alternatives(
  models: readonly Model[],
  failed: Pick<Message, 'model' | 'provider'>,
  category: Category,
): readonly Model[] {
  const failedWindow = models.find(({ id }) => id === failed.model)?.contextWindow ?? 0
  const helps = ({ id, provider, contextWindow }: Model): boolean => {
    if (id === failed.model) return false
    if (category === 'context_too_long') return (contextWindow ?? 0) > failedWindow
    return !(OF_THE_WHOLE_PROVIDER.has(category) && provider === failed.provider)
  }
  return models
    .filter((model) => model.state === 'ready' && helps(model))
    .sort((one, other) => Number(isToy(one)) - Number(isToy(other)))
}

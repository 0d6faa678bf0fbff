// The list of conversations: the last used first, searched by the server.
import { computed, shallowRef, type ComputedRef, type ShallowRef } from 'vue'

import type { Gateway } from '@/api/gateway'
import type { Conversation, ConversationPage, ConversationSummary } from '@/api/types'

export interface History {
  readonly phase: Readonly<ShallowRef<'loading' | 'known' | 'failed'>>
  readonly items: Readonly<ShallowRef<readonly ConversationSummary[]>>
  readonly search: Readonly<ShallowRef<string>>
  /** Whether there are older ones than those loaded. */
  readonly more: ComputedRef<boolean>
  refresh(): Promise<void>
  find(search: string): Promise<void>
  loadMore(): Promise<void>
  /** Puts a conversation that was just used at the head, without asking the server. */
  touch(used: Pick<Conversation, 'id' | 'title'> & Partial<ConversationSummary>): void
  /** Changes what the list shows of one. */
  retitle(id: string, title: string): void
  drop(id: string): void
}

export function createHistory(gateway: Gateway, now: () => number): History {
  const phase = shallowRef<'loading' | 'known' | 'failed'>('loading')
  const items = shallowRef<readonly ConversationSummary[]>([])
  const search = shallowRef('')
  const cursor = shallowRef<string | null>(null)
  let asked = 0

  // Answers may overtake each other: only the last question's counts.
  async function load(from: string | null, kept: readonly ConversationSummary[]): Promise<void> {
    const question = (asked += 1)
    try {
      const page = await gateway.conversations(search.value, from)
      if (question !== asked) return
      phase.value = 'known'
      if (from === null) showFirst(page, kept)
      else showNext(page, kept)
    } catch {
      if (question === asked && phase.value !== 'known') phase.value = 'failed'
    }
  }

  // The pages below the first stay as they were loaded, so that the list does not jump.
  function showFirst(page: ConversationPage, kept: readonly ConversationSummary[]): void {
    const last = page.conversations.at(-1)?.updatedAt ?? ''
    const below = page.nextCursor === null ? [] : kept.filter(({ updatedAt }) => updatedAt < last)
    items.value = [...page.conversations, ...without(below, page)]
    if (below.length === 0) cursor.value = page.nextCursor
  }

  function showNext(page: ConversationPage, kept: readonly ConversationSummary[]): void {
    items.value = [...without(kept, page), ...page.conversations]
    cursor.value = page.nextCursor
  }

  return {
    phase,
    items,
    search,
    more: computed(() => cursor.value !== null),
    refresh: () => load(null, items.value),
    find(words) {
      search.value = words.trim()
      return load(null, [])
    },
    loadMore: () => (cursor.value === null ? Promise.resolve() : load(cursor.value, items.value)),
    touch(used) {
      if (search.value !== '') return
      const at = new Date(now()).toISOString()
      const known = items.value.find(({ id }) => id === used.id)
      const blank = { createdAt: at, model: null, models: [] }
      const others = items.value.filter(({ id }) => id !== used.id)
      items.value = [{ ...blank, ...known, ...used, updatedAt: at }, ...others]
    },
    retitle(id, title) {
      items.value = items.value.map((item) => (item.id === id ? { ...item, title } : item))
    },
    drop(id) {
      items.value = items.value.filter((item) => item.id !== id)
    },
  }
}

function without(
  items: readonly ConversationSummary[],
  { conversations }: ConversationPage,
): readonly ConversationSummary[] {
  const known = new Set(conversations.map(({ id }) => id))
  return items.filter(({ id }) => !known.has(id))
}

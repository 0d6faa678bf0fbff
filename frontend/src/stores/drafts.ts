// What is typed and not sent, by conversation; of this tab alone, and it survives a reload.
import { shallowReactive } from 'vue'

import type { Shelf } from '@/lib/shelf'

export interface Drafts {
  /** The draft for a conversation; `null` is the one that is yet to begin. */
  of(conversation: string | null): string
  keep(conversation: string | null, text: string): void
  /** Gives back what could not be sent, before anything typed since. */
  giveBack(conversation: string | null, text: string): void
}

const keyOf = (conversation: string | null): string => `draft.${conversation ?? 'new'}`

export function createDrafts(shelf: Shelf): Drafts {
  const drafts = shallowReactive(new Map<string, string>())

  function of(conversation: string | null): string {
    const key = keyOf(conversation)
    return drafts.get(key) ?? shelf.read(key) ?? ''
  }

  function keep(conversation: string | null, text: string): void {
    const key = keyOf(conversation)
    drafts.set(key, text)
    shelf.write(key, text)
  }

  return {
    of,
    keep,
    giveBack(conversation, text) {
      const since = of(conversation)
      keep(conversation, since === '' || since === text ? text : `${text}\n\n${since}`)
    },
  }
}

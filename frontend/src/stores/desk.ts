// What is done with whole conversations: rename, delete, and take that back.
import type { Gateway } from '@/api/gateway'
import type { Conversation } from '@/api/types'
import { words } from '@/lib/words'
import type { Router } from '@/router'

import type { Announcer } from './announcer'
import type { History } from './history'
import type { Notices } from './notices'
import type { Tabs } from './tabs'
import type { Thread } from './thread'

export interface Desk {
  rename(id: string, title: string): Promise<void>
  /** Deletes it, and offers to take that back. */
  remove(conversation: Pick<Conversation, 'id' | 'title'>): Promise<void>
}

export interface DeskTools {
  readonly gateway: Gateway
  readonly thread: Thread
  readonly history: History
  readonly notices: Notices
  readonly announcer: Announcer
  readonly tabs: Tabs
  readonly router: Router
}

export function createDesk(tools: DeskTools): Desk {
  const { gateway, thread, history, notices, announcer, tabs, router } = tools

  const complain = (error: unknown): void => {
    if (error instanceof Error) notices.show({ text: error.message })
  }

  function show(id: string, title: string): void {
    history.retitle(id, title)
    if (thread.id.value === id) thread.retitle(title)
  }

  async function restore(id: string, title: string, wasOpen: boolean): Promise<void> {
    try {
      await gateway.restore(id)
    } catch (error) {
      complain(error)
      return
    }
    announcer.say(words.conversation.restored(title))
    tabs.tell({ of: 'conversation', id })
    await history.refresh()
    if (wasOpen) router.go({ name: 'conversation', id })
  }

  return {
    async rename(id, title) {
      const before = history.items.value.find((item) => item.id === id)?.title
      show(id, title)
      try {
        await gateway.change(id, { title })
        announcer.say(words.conversation.renamed(title))
        tabs.tell({ of: 'conversation', id })
      } catch (error) {
        if (before !== undefined) show(id, before)
        complain(error)
      }
    },
    async remove({ id, title }) {
      try {
        await gateway.remove(id)
      } catch (error) {
        complain(error)
        return
      }
      const wasOpen = thread.id.value === id
      history.drop(id)
      if (wasOpen) router.go({ name: 'new' }, { replace: true })
      tabs.tell({ of: 'conversation', id })
      notices.show({
        text: words.conversation.removed(title),
        action: {
          label: words.conversation.undo,
          run: () => void restore(id, title, wasOpen),
        },
      })
    },
  }
}

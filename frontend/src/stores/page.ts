// The whole of the page's state, put together from the world it is given.
import { inject, watch, type InjectionKey } from 'vue'

import { createClient, type Fetch } from '@/api/client'
import { createGateway } from '@/api/gateway'
import { createShelf } from '@/lib/shelf'
import { createRouter, type Router } from '@/router'

import { createAnnouncer, type Announcer } from './announcer'
import { createCatalogue, type Catalogue } from './catalogue'
import { createChoice, type Choice } from './choice'
import { createConnection, type Connection } from './connection'
import { createDesk, type Desk } from './desk'
import { createDrafts, type Drafts } from './drafts'
import { createExchange, type Exchange } from './exchange'
import { createHistory, type History } from './history'
import { createNotices, type Notices } from './notices'
import { createPreferences, type PreferenceStore } from './preferences'
import { createTabs, type Channel } from './tabs'
import { createThread, type Thread } from './thread'
import { startWatching } from './watching'

export interface World {
  readonly view: Window
  readonly fetch: Fetch
  readonly now: () => number
  /** Between the tabs of this page; null where the browser has none. */
  readonly channel: Channel | null
}

export interface Page {
  readonly router: Router
  readonly connection: Connection
  readonly catalogue: Catalogue
  readonly history: History
  readonly thread: Thread
  readonly choice: Choice
  readonly exchange: Exchange
  readonly desk: Desk
  readonly drafts: Drafts
  readonly preferences: PreferenceStore
  readonly announcer: Announcer
  readonly notices: Notices
  readonly now: () => number
  dispose(): void
}

export function createPage({ view, fetch, now, channel }: World): Page {
  const base = view.document.baseURI
  const connection = createConnection(fetch, { base, now, view })
  const gateway = createGateway(createClient(connection.fetch, base))
  const tabs = createTabs(channel)
  const router = createRouter(view)
  const stored = createPreferences(
    createShelf(() => view.localStorage),
    view.document,
  )
  const preferences: PreferenceStore = {
    ...stored,
    set(change) {
      stored.set(change)
      tabs.tell({ of: 'preferences' })
    },
  }
  const drafts = createDrafts(createShelf(() => view.sessionStorage))
  const announcer = createAnnouncer(() => preferences.value.value.announce)
  const notices = createNotices()
  const catalogue = createCatalogue(gateway)
  const history = createHistory(gateway, now)
  const thread = createThread(gateway)
  const choice = createChoice(thread, catalogue, preferences)
  const shared = { gateway, thread, history, announcer, tabs }
  const desk = createDesk({ ...shared, notices, router })
  const exchange = createExchange({
    ...shared,
    catalogue,
    drafts,
    now,
    begun: ({ id }) => router.go({ name: 'conversation', id }),
  })
  const ends = [
    startWatching({ ...shared, exchange, catalogue, connection, preferences, view }),
    watch(router.place, (place) => void thread.open(place.name === 'new' ? null : place.id), {
      immediate: true,
    }),
    connection.dispose,
    router.dispose,
    tabs.dispose,
  ]
  void catalogue.refresh()
  void history.refresh()

  return {
    router,
    connection,
    catalogue,
    history,
    thread,
    choice,
    exchange,
    desk,
    drafts,
    preferences,
    announcer,
    notices,
    now,
    dispose: () => ends.forEach((end) => end()),
  }
}

export const PAGE: InjectionKey<Page> = Symbol('the page')

export function usePage(): Page {
  const page = inject(PAGE)
  if (page === undefined) throw new Error('no page is provided')
  return page
}

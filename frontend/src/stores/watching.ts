// Looks again at what changes without our doing: a reply that another tab, or this one before it
// was reloaded, has begun; models that are being loaded; everything, when the reader comes back.
import { computed, watch } from 'vue'

import { words } from '@/lib/words'

import type { Announcer } from './announcer'
import type { Catalogue } from './catalogue'
import type { Connection } from './connection'
import type { Exchange } from './exchange'
import type { History } from './history'
import type { PreferenceStore } from './preferences'
import type { Tabs } from './tabs'
import type { Thread } from './thread'

const REPLY_MS = 1_000
const LOADING_MS = 2_000
const SETTING_UP_MS = 10_000
const CATALOGUE_MS = 60_000

export interface Watched {
  readonly thread: Thread
  readonly exchange: Exchange
  readonly history: History
  readonly catalogue: Catalogue
  readonly connection: Connection
  readonly preferences: PreferenceStore
  readonly announcer: Announcer
  readonly tabs: Tabs
  readonly view: Window
}

/** Begins to look; returns the way to end it. */
export function startWatching(watched: Watched): () => void {
  const { thread, exchange, history, catalogue, connection, announcer, tabs, view } = watched

  const isOurs = computed(() => exchange.live(thread.id.value) !== undefined)
  const isWrittenElsewhere = computed(
    () => !isOurs.value && thread.messages.value.some(({ state }) => state === 'streaming'),
  )
  const reloadThread = async (): Promise<void> => {
    if (!isOurs.value) await thread.reload()
  }
  const everything = (): void => {
    if (view.document.visibilityState === 'hidden') return
    void catalogue.refresh()
    void history.refresh()
    void reloadThread()
  }

  const ends = [
    repeat(isWrittenElsewhere, () => REPLY_MS, reloadThread),
    repeat(
      computed(() => connection.state.value === 'up'),
      () => pauseBetween(catalogue, thread),
      () => (view.document.visibilityState === 'hidden' ? undefined : catalogue.refresh()),
    ),
    watch(isWrittenElsewhere, (is) => {
      if (!is && !isOurs.value && thread.phase.value === 'open') {
        announcer.say(words.announce.elsewhereDone)
      }
    }),
  ]

  tabs.onChange((change) => {
    if (change.of === 'preferences') watched.preferences.reread()
    else void history.refresh()
    if (change.of === 'conversation' && change.id === thread.id.value) void reloadThread()
  })
  connection.onReturn(everything)
  view.addEventListener('focus', everything)
  view.document.addEventListener('visibilitychange', everything)

  return () => {
    for (const end of ends) end()
    view.removeEventListener('focus', everything)
    view.document.removeEventListener('visibilitychange', everything)
  }
}

/** How long what is known of the models may be thought true, in ms. */
function pauseBetween({ models, able, toyOnly, phase }: Catalogue, thread: Thread): number {
  if (models.value.some(({ state }) => state === 'loading')) return LOADING_MS
  // Whoever is shown what to set up is probably at it.
  const isSettingUp = phase.value !== 'known' || !able.value || toyOnly.value
  return isSettingUp && thread.phase.value === 'new' ? SETTING_UP_MS : CATALOGUE_MS
}

/** Does `act` again and again while `wanted`, each time a pause after the last has ended. */
function repeat(
  wanted: { readonly value: boolean },
  pauseMs: () => number,
  act: () => Promise<void> | undefined,
): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  const plan = (): void => {
    clearTimeout(timer)
    if (wanted.value) timer = setTimeout(() => void round(), pauseMs())
  }
  const round = async (): Promise<void> => {
    await act()
    plan()
  }
  const end = watch(() => wanted.value, plan, { immediate: true })
  return () => {
    end()
    clearTimeout(timer)
  }
}

// Whether our own server answers: judged by its answers, for a laptop without a network still
// reaches a server on itself.
import { computed, shallowRef, type ComputedRef, type ShallowRef } from 'vue'

import type { Fetch } from '@/api/client'

export interface Connection {
  readonly state: Readonly<ShallowRef<'up' | 'down'>>
  /** Down, and the browser says that there is no network at all. */
  readonly offline: ComputedRef<boolean>
  /** When it will be tried again, in ms since 1970; null while it is being tried, or up. */
  readonly nextTry: Readonly<ShallowRef<number | null>>
  /** Asks once more, now. */
  retry(): Promise<void>
  /** `fetch`, watched: its failures and successes are what we know of the server. */
  readonly fetch: Fetch
  /** Calls `then` each time the server is back. */
  onReturn(then: () => void): void
  dispose(): void
}

const PAUSES_MS = [1_000, 2_000, 4_000, 8_000, 15_000] as const
const LONGEST_PAUSE_MS = 15_000

export function createConnection(
  fetch: Fetch,
  options: { base: string; now: () => number; view: Window },
): Connection {
  const { base, now, view } = options
  const state = shallowRef<'up' | 'down'>('up')
  const networkGone = shallowRef(false)
  const nextTry = shallowRef<number | null>(null)
  const returned: (() => void)[] = []
  let failures = 0
  let timer: ReturnType<typeof setTimeout> | undefined

  function up(): void {
    clearTimeout(timer)
    failures = 0
    nextTry.value = null
    if (state.value === 'up') return
    state.value = 'up'
    for (const then of returned) then()
  }

  function down(): void {
    state.value = 'down'
    networkGone.value = !view.navigator.onLine
    const pause = PAUSES_MS[failures] ?? LONGEST_PAUSE_MS
    failures += 1
    nextTry.value = now() + pause
    clearTimeout(timer)
    timer = setTimeout(() => void retry(), pause)
  }

  const watched: Fetch = async (url, init) => {
    try {
      const response = await fetch(url, init)
      up()
      return response
    } catch (error) {
      if (!init.signal?.aborted) down()
      throw error
    }
  }

  async function retry(): Promise<void> {
    clearTimeout(timer)
    nextTry.value = null
    await watched(new URL('health', base), {}).catch(() => undefined)
  }

  const look = (): void => void retry()
  view.addEventListener('online', look)
  view.addEventListener('offline', look)

  return {
    state,
    offline: computed(() => state.value === 'down' && networkGone.value),
    nextTry,
    retry,
    fetch: watched,
    onReturn: (then) => void returned.push(then),
    dispose() {
      clearTimeout(timer)
      view.removeEventListener('online', look)
      view.removeEventListener('offline', look)
    },
  }
}

// The time, ticking while somebody looks at it.
import { onScopeDispose, shallowRef, watchEffect, type ShallowRef } from 'vue'

const TICK_MS = 1_000

/** The time in ms since 1970, to the second; it stands still unless `runs`. */
export function useClock(now: () => number, runs: () => boolean): Readonly<ShallowRef<number>> {
  const time = shallowRef(now())
  let timer: ReturnType<typeof setInterval> | undefined
  watchEffect(() => {
    clearInterval(timer)
    if (!runs()) return
    time.value = now()
    timer = setInterval(() => (time.value = now()), TICK_MS)
  })
  onScopeDispose(() => clearInterval(timer))
  return time
}

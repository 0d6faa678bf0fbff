// The one notice at the foot of the page: what was done, and how to take it back.
import { shallowRef, type ShallowRef } from 'vue'

export interface Notice {
  readonly text: string
  readonly action?: { readonly label: string; run(): void }
}

export interface Notices {
  readonly current: Readonly<ShallowRef<Notice | null>>
  show(notice: Notice): void
  dismiss(): void
  /** Keeps the notice as long as somebody is at it. */
  hold(): void
  release(): void
}

// Long enough to be read out and reached by keyboard.
const SHOWN_MS = 20_000

export function createNotices(): Notices {
  const current = shallowRef<Notice | null>(null)
  let timer: ReturnType<typeof setTimeout> | undefined

  function dismiss(): void {
    clearTimeout(timer)
    current.value = null
  }

  function release(): void {
    clearTimeout(timer)
    timer = setTimeout(dismiss, SHOWN_MS)
  }

  return {
    current,
    show(notice) {
      current.value = notice
      release()
    },
    dismiss,
    hold: () => clearTimeout(timer),
    release,
  }
}

// A reply's text as it grows, drawn no more often than a screen is.
import { shallowRef, type ShallowRef } from 'vue'

export interface Progress {
  readonly phase: 'waiting' | 'writing' | 'stopping' | 'reconnecting'
  readonly text: string
  readonly reasoning: string
  /** In ms since 1970; null before the first token. */
  readonly firstTokenAt: number | null
}

export interface Pen {
  readonly progress: ShallowRef<Progress>
  write(part: 'text' | 'reasoning', content: string): void
  /** Puts down all that there is, in the place of what was written. */
  copy(text: string, reasoning: string): void
  enter(phase: Progress['phase']): void
  /** Draws what is not drawn yet, and gives it all. */
  lift(): Progress
}

const DRAW_MS = 32

export function createPen(now: () => number, drawn: (text: string) => void): Pen {
  const progress = shallowRef<Progress>({
    phase: 'waiting',
    text: '',
    reasoning: '',
    firstTokenAt: null,
  })
  let ahead = progress.value
  let timer: ReturnType<typeof setTimeout> | undefined

  function draw(): void {
    clearTimeout(timer)
    timer = undefined
    if (progress.value === ahead) return
    progress.value = ahead
    drawn(ahead.text)
  }

  return {
    progress,
    write(part, content) {
      ahead = {
        ...ahead,
        [part]: ahead[part] + content,
        phase: ahead.phase === 'stopping' ? 'stopping' : 'writing',
        firstTokenAt: ahead.firstTokenAt ?? now(),
      }
      timer ??= setTimeout(draw, DRAW_MS)
    },
    copy(text, reasoning) {
      if (text === ahead.text && reasoning === ahead.reasoning) return
      ahead = { ...ahead, text, reasoning }
      draw()
    },
    enter(phase) {
      ahead = { ...ahead, phase }
      draw()
    },
    lift() {
      draw()
      return ahead
    },
  }
}

// A list that stays at its end while it grows, unless one scrolled away from it.
import { onMounted, onScopeDispose, shallowRef, type Ref, type ShallowRef } from 'vue'

export interface Sticking {
  readonly atEnd: Readonly<ShallowRef<boolean>>
  toEnd(): void
  /** Runs `change`, which adds above, so that what is seen does not move. */
  holding(change: () => Promise<void>): Promise<void>
}

// Lines of text are never shorter; below it one is at the end.
const NEAR = 24

export function useSticking(
  scroller: Readonly<Ref<HTMLElement | null>>,
  content: Readonly<Ref<HTMLElement | null>>,
): Sticking {
  const atEnd = shallowRef(true)

  function toEnd(): void {
    atEnd.value = true
    const { value: element } = scroller
    if (element !== null) element.scrollTop = element.scrollHeight
  }

  function look(): void {
    const { value: element } = scroller
    if (element === null) return
    const below = element.scrollHeight - element.scrollTop - element.clientHeight
    atEnd.value = below < NEAR
  }

  async function holding(change: () => Promise<void>): Promise<void> {
    const { value: element } = scroller
    const below = element === null ? 0 : element.scrollHeight - element.scrollTop
    await change()
    if (element !== null) element.scrollTop = element.scrollHeight - below
  }

  let observer: ResizeObserver | undefined
  onMounted(() => {
    scroller.value?.addEventListener('scroll', look, { passive: true })
    if (typeof ResizeObserver === 'undefined') return
    observer = new ResizeObserver(() => (atEnd.value ? toEnd() : look()))
    for (const element of [scroller.value, content.value]) {
      if (element !== null) observer.observe(element)
    }
  })
  onScopeDispose(() => observer?.disconnect())

  return { atEnd, toEnd, holding }
}

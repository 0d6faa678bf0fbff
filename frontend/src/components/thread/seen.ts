// Does something whenever an element comes into sight of what scrolls it, until it is out of sight.
import { onScopeDispose, watch, type Ref } from 'vue'

// Early enough that nobody waits who scrolls on.
const AHEAD = '600px 0px'

export function whenSeen(
  element: Readonly<Ref<HTMLElement | null>>,
  scroller: Readonly<Ref<HTMLElement | null>>,
  act: () => Promise<void>,
): void {
  if (typeof IntersectionObserver === 'undefined') return
  let observer: IntersectionObserver | undefined
  let isActing = false

  function observe(): void {
    observer?.disconnect()
    if (element.value === null) return
    const options = { root: scroller.value, rootMargin: AHEAD }
    observer = new IntersectionObserver((sights) => {
      if (sights.some(({ isIntersecting }) => isIntersecting)) void seen()
    }, options)
    observer.observe(element.value)
  }

  async function seen(): Promise<void> {
    if (isActing) return
    isActing = true
    try {
      await act()
      // To observe anew tells whether it can still be seen.
      observe()
    } catch {
      // Whoever scrolls on, or presses it, tries again.
    } finally {
      isActing = false
    }
  }

  watch([element, scroller], observe, { immediate: true, flush: 'post' })
  onScopeDispose(() => observer?.disconnect())
}

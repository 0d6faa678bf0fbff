// A panel that opens at a button: above everything, inside the window, gone when one leaves it.
import { nextTick, onScopeDispose, readonly, shallowRef, type Ref, type ShallowRef } from 'vue'

export interface Floating {
  readonly open: Readonly<Ref<boolean>>
  /** Opens it; done when it can take the focus. */
  show(): Promise<void>
  /** Closes it; `refocus` gives the focus back to the button. */
  close(options?: { refocus?: boolean }): void
}

type Side = 'above' | 'below'
type Element = Readonly<ShallowRef<HTMLElement | null>>

const GAP = 6
const MARGIN = 8
const LEAST_HEIGHT = 120

export function useFloating(trigger: Element, panel: Element, preferred: Side): Floating {
  const open = shallowRef(false)

  function place(): void {
    if (trigger.value !== null && panel.value !== null) {
      placeAt(panel.value, trigger.value.getBoundingClientRect(), preferred)
    }
  }

  function pressed(event: PointerEvent): void {
    const at = event.target as Node
    if (!panel.value?.contains(at) && !trigger.value?.contains(at)) close()
  }

  function unlisten(): void {
    document.removeEventListener('pointerdown', pressed, true)
    document.removeEventListener('scroll', place, true)
    window.removeEventListener('resize', place)
  }

  async function show(): Promise<void> {
    unlisten()
    open.value = true
    document.addEventListener('pointerdown', pressed, true)
    document.addEventListener('scroll', place, true)
    window.addEventListener('resize', place)
    await nextTick()
    // The top layer is above dialogs too; a browser without it shows the panel where it stands.
    panel.value?.showPopover?.()
    place()
  }

  function close({ refocus = false } = {}): void {
    unlisten()
    open.value = false
    if (refocus) trigger.value?.focus()
  }

  onScopeDispose(unlisten)
  return { open: readonly(open), show, close }
}

function placeAt(panel: HTMLElement, button: DOMRect, preferred: Side): void {
  const { clientWidth: width, clientHeight: height } = document.documentElement
  const room = { above: button.top - GAP - MARGIN, below: height - button.bottom - GAP - MARGIN }
  const other: Side = preferred === 'above' ? 'below' : 'above'
  const fits = room[preferred] >= panel.scrollHeight || room[preferred] >= room[other]
  const side = fits ? preferred : other
  const left = Math.min(button.left, width - panel.offsetWidth - MARGIN)
  Object.assign(panel.style, {
    maxHeight: `${Math.max(LEAST_HEIGHT, room[side])}px`,
    top: side === 'below' ? `${button.bottom + GAP}px` : 'auto',
    bottom: side === 'above' ? `${height - button.top + GAP}px` : 'auto',
    left: `${Math.max(MARGIN, left)}px`,
  })
}

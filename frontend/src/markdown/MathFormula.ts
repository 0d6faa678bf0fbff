// A formula: its source at once, typeset as soon as the typesetter is here.
import { defineComponent, h, inject, onWatcherCleanup, shallowRef, watch } from 'vue'

import { ScrollArea } from './ScrollArea'
import { shownCode } from './shown'
import { inTurn } from './turns'
import { ENGLISH, MARKDOWN_WORDS } from './words'

export const MathFormula = defineComponent({
  name: 'MathFormula',
  props: {
    tex: { type: String, required: true },
    display: { type: Boolean, required: true },
  },
  setup(props) {
    const words = inject(MARKDOWN_WORDS, ENGLISH)
    // KaTeX fills this element; Vue is never told of what is inside.
    const typesetIn = shallowRef<HTMLElement | null>(null)
    const isTypeset = shallowRef(false)
    const isWide = shallowRef(false)

    watch(
      () => [props.tex, props.display, typesetIn.value] as const,
      async ([tex, display, element]) => {
        if (element === null) return
        let callOff = (): unknown => (isWanted = false)
        let isWanted = true
        onWatcherCleanup(() => callOff())
        const typeset = await loadTypeset()
        if (!isWanted) return
        callOff = inTurn(() => {
          isTypeset.value = typeset(tex, display, element)
          isWide.value = !display && tex.length > LONGEST_NARROW && isWiderThanItsLine(element)
        })
      },
      { flush: 'post', immediate: true },
    )

    const formula = () => [
      h('span', { ref: typesetIn }),
      isTypeset.value ? null : h('code', { class: 'md-tex' }, shownCode(props.tex)),
    ]
    const inLine = () =>
      isWide.value
        ? { class: 'md-math md-math-wide', role: 'group', 'aria-label': words.formula, tabindex: 0 }
        : { class: 'md-math' }
    const onItsOwn = { tag: 'span', label: words.formula, class: 'md-math md-math-display' }
    return () => (props.display ? h(ScrollArea, onItsOwn, formula) : h('span', inLine(), formula()))
  },
})

// Shorter ones fit on any screen, and are not worth making the browser measure.
const LONGEST_NARROW = 25

/** Whether a part that cannot be broken is wider than the paragraph it stands in. */
function isWiderThanItsLine(element: HTMLElement): boolean {
  const room = element.closest('p, li, td, th, h3, h4, h5, h6')?.clientWidth ?? 0
  const parts = element.querySelectorAll<HTMLElement>('.katex-base')
  return room > 0 && [...parts].some(({ offsetWidth }) => offsetWidth > room)
}

async function loadTypeset(): Promise<typeof import('./typeset').typeset> {
  try {
    return (await import('./typeset')).typeset
  } catch {
    // The chunk could not be fetched: the source stays on the page.
    return () => false
  }
}

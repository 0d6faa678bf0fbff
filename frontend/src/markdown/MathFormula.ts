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

    watch(
      () => [props.tex, props.display, typesetIn.value] as const,
      async ([tex, display, element]) => {
        if (element === null) return
        let callOff = (): unknown => (isWanted = false)
        let isWanted = true
        onWatcherCleanup(() => callOff())
        const typeset = await loadTypeset()
        if (!isWanted) return
        callOff = inTurn(() => (isTypeset.value = typeset(tex, display, element)))
      },
      { flush: 'post', immediate: true },
    )

    const formula = () => [
      h('span', { ref: typesetIn }),
      isTypeset.value ? null : h('code', { class: 'md-tex' }, shownCode(props.tex)),
    ]
    return () =>
      props.display
        ? h(
            ScrollArea,
            { tag: 'span', label: words.formula, class: 'md-math md-math-display' },
            formula,
          )
        : h('span', { class: 'md-math' }, formula())
  },
})

async function loadTypeset(): Promise<typeof import('./typeset').typeset> {
  try {
    return (await import('./typeset')).typeset
  } catch {
    // The chunk could not be fetched: the source stays on the page.
    return () => false
  }
}

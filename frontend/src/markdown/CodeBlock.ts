// A block of code: the name of its language, room for buttons, and colours once it is complete.
import { defineComponent, h, inject, onWatcherCleanup, shallowRef, watch } from 'vue'
import type { InjectionKey, VNodeChild } from 'vue'

import type { Run } from './highlight'
import { ScrollArea } from './ScrollArea'
import { shownCode } from './shown'
import { inTurn } from './turns'
import { ENGLISH, MARKDOWN_WORDS } from './words'

export interface Code {
  readonly code: string
  readonly language: string
}

/** What stands beside the language: a button that copies, for example. */
export const CODE_ACTIONS: InjectionKey<(code: Code) => VNodeChild> = Symbol('code actions')

// A highlighter reads with regular expressions; what is longer than a person reads stays plain.
const LONGEST_COLOURED = 50_000

export const CodeBlock = defineComponent({
  name: 'CodeBlock',
  props: {
    code: { type: String, required: true },
    language: { type: String, required: true },
    complete: { type: Boolean, required: true },
  },
  setup(props) {
    const words = inject(MARKDOWN_WORDS, ENGLISH)
    const actions = inject(CODE_ACTIONS, () => null)
    const coloured = shallowRef<readonly Run[] | null>(null)

    watch(
      () => [props.code, props.language, props.complete] as const,
      async ([code, language, complete]) => {
        coloured.value = null
        if (!complete || language === '' || code.length > LONGEST_COLOURED) return
        let callOff = (): unknown => (isWanted = false)
        let isWanted = true
        onWatcherCleanup(() => callOff())
        const highlighted = await loadHighlighter()
        if (!isWanted) return
        callOff = inTurn(() => (coloured.value = highlighted(code, language)))
      },
      { immediate: true },
    )

    return () =>
      h('div', { class: 'md-code' }, [
        h('div', { class: 'md-code-head' }, [
          h('span', { class: 'md-code-language' }, props.language),
          actions({ code: props.code, language: props.language }),
        ]),
        h(ScrollArea, { tag: 'pre', label: words.code(props.language), dir: 'ltr' }, () => [
          h('code', null, coloured.value?.map(colouredRun) ?? shownCode(props.code)),
        ]),
      ])
  },
})

async function loadHighlighter(): Promise<typeof import('./highlight').highlighted> {
  try {
    return (await import('./highlight')).highlighted
  } catch {
    // The chunk could not be fetched: plain code is whole too.
    return () => null
  }
}

const colouredRun = ({ text, scope }: Run): VNodeChild =>
  scope === '' ? shownCode(text) : h('span', { class: scope }, shownCode(text))

// One block of a text; drawn anew only when the block itself has changed.
import { defineComponent, inject, type PropType } from 'vue'

import type { Token } from './parser'
import { renderBlock } from './render'
import { ENGLISH, MARKDOWN_WORDS } from './words'

export const MarkdownBlock = defineComponent({
  name: 'MarkdownBlock',
  props: {
    tokens: { type: Array as PropType<readonly Token[]>, required: true },
    levels: { type: String, required: true },
    complete: { type: Boolean, required: true },
  },
  setup(props) {
    const words = inject(MARKDOWN_WORDS, ENGLISH)
    return () =>
      renderBlock(props.tokens, { words, levels: props.levels, complete: props.complete })
  },
})

// Text on the page, with nothing in it that cannot be seen.
import { h } from 'vue'

import { visible } from './invisible'
import type { Child } from './tree'

const shownAs = (text: string, kind: 'prose' | 'code'): Child[] =>
  visible(text, kind).map(({ text, stands }) =>
    stands === undefined ? text : h('span', { class: 'md-stands', title: stands }, text),
  )

export const shownProse = (text: string): Child[] => shownAs(text, 'prose')

export const shownCode = (text: string): Child[] => shownAs(text, 'code')

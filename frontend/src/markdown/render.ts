// Tokens become nodes of the page; no text is ever given to an HTML parser.
//
// What stands here is all that a text can cause: tags and attributes come from the tables below,
// from the text only the words between them, a number of a list, and the address of a safe link.
import { h } from 'vue'

import { CodeBlock } from './CodeBlock'
import { namesAnotherHost, safeLink, shownDestination, type SafeLink } from './links'
import { MathFormula } from './MathFormula'
import { attributeOf, languageOf, type Token } from './parser'
import { ScrollArea } from './ScrollArea'
import { shownCode, shownProse } from './shown'
import { element, Tree, type Child, type Close } from './tree'
import type { MarkdownWords } from './words'

export interface Surroundings {
  readonly words: MarkdownWords
  /** The levels of the block's headings on the page, one digit each. */
  readonly levels: string
  /** Whether the text of the block is all there, so that its code can be coloured. */
  readonly complete: boolean
}

interface Place extends Surroundings {
  readonly tree: Tree
  readonly tokens: readonly Token[]
  readonly index: number
  readonly inLink: boolean
  /** Which heading of the block this is, from 0. */
  readonly heading: number
}

/** The nodes of one block. */
export function renderBlock(tokens: readonly Token[], surroundings: Surroundings): Child[] {
  const tree = new Tree()
  let heading = -1
  tokens.forEach((token, index) => {
    if (token.type === 'heading_open') heading++
    const place = { ...surroundings, tree, tokens, index, inLink: false, heading }
    if (token.type === 'inline') renderInline(token, place)
    else render(token, place)
  })
  return tree.finish()
}

function renderInline(token: Token, around: Place): void {
  const done = around.tokens[around.index - 2]?.type === 'list_item_open' ? taskOf(token) : null
  if (done !== null) around.tree.add(checkbox(done, around.words))
  const tokens = done === null ? (token.children ?? []) : withoutTask(token)
  let links = 0
  tokens.forEach((child, index) => {
    if (child.type === 'link_close') links--
    render(child, { ...around, tokens, index, inLink: links > 0 })
    if (child.type === 'link_open') links++
  })
}

function render(token: Token, place: Place): void {
  switch (token.nesting) {
    case 1:
      return place.tree.open(OPENINGS[token.type]?.(token, place))
    case -1:
      return place.tree.close()
    case 0: {
      const leaf = LEAVES[token.type]
      const children = leaf === undefined ? shownProse(token.content) : leaf(token, place)
      for (const child of children) place.tree.add(child)
    }
  }
}

// The browser finds the direction of each of these from its own first letters.
const directed = (tag: string): Close => element(tag, { dir: 'auto' })

const OPENINGS: Record<string, (token: Token, place: Place) => Close | undefined> = {
  paragraph_open: ({ hidden }) => (hidden ? undefined : directed('p')),
  heading_open: heading,
  blockquote_open: () => element('blockquote'),
  bullet_list_open: () => element('ul'),
  ordered_list_open: (token) => element('ol', { start: attributeOf(token, 'start') || undefined }),
  list_item_open: listItem,
  table_open: (_, { words }) => table(words),
  thead_open: () => element('thead'),
  tbody_open: () => element('tbody'),
  tr_open: () => element('tr'),
  th_open: headerCell,
  td_open: (token) => element('td', { dir: 'auto', class: alignment(token) }),
  strong_open: () => element('strong'),
  em_open: () => element('em'),
  s_open: () => element('del'),
  link_open: link,
}

const LEAVES: Record<string, (token: Token, place: Place) => Child[]> = {
  softbreak: () => ['\n'],
  hardbreak: () => [h('br')],
  hr: () => [h('hr')],
  code_inline: ({ content }) => [h('code', { class: 'md-inline' }, shownCode(content))],
  code_block: code,
  fence: code,
  math_block: ({ content }) => [h(MathFormula, { tex: content, display: true })],
  math_inline: ({ content, markup }) => [
    h(MathFormula, { tex: content, display: markup === 'display' }),
  ],
  image,
}

function heading(token: Token, { levels, heading: nth }: Place): Close {
  const level = levels.charAt(nth) || '6'
  return element(`h${level}`, { dir: 'auto', class: `md-heading md-${token.tag}` })
}

function listItem(_: Token, { tokens, index }: Place): Close {
  const first = tokens[index + 2]
  const isTask = first?.type === 'inline' && taskOf(first) !== null
  return element('li', { dir: 'auto', class: isTask ? 'md-task' : undefined })
}

const TASK = /^\[([ xX])\]\s+/

/** Whether the task is done; null when the item is none. */
function taskOf(inline: Token): boolean | null {
  const first = inline.children?.[0]
  const mark = first?.type === 'text' ? TASK.exec(first.content)?.[1] : undefined
  return mark === undefined ? null : mark !== ' '
}

function withoutTask(inline: Token): readonly Token[] {
  const [first, ...others] = inline.children ?? []
  if (first === undefined) return []
  return [{ ...first, content: first.content.replace(TASK, '') }, ...others]
}

const checkbox = (done: boolean, words: MarkdownWords): Child =>
  h('input', {
    type: 'checkbox',
    disabled: true,
    checked: done,
    'aria-label': done ? words.taskDone : words.taskOpen,
  })

const table =
  (words: MarkdownWords): Close =>
  (children) => [
    h(ScrollArea, { tag: 'div', label: words.table, class: 'md-table' }, () => [
      h('table', null, children),
    ]),
  ]

function headerCell(token: Token): Close {
  const attributes = { dir: 'auto', class: alignment(token) }
  // A header without words heads nothing.
  return (children) =>
    children.length === 0
      ? [h('td', attributes)]
      : [h('th', { ...attributes, scope: 'col' }, children)]
}

const ALIGNMENT = /^text-align:(left|center|right)$/

function alignment(token: Token): string | undefined {
  const side = ALIGNMENT.exec(attributeOf(token, 'style'))?.[1]
  return side === undefined ? undefined : `md-${side}`
}

// A new tab, which learns nothing of this page, neither its window nor its address.
const LEAVING = { target: '_blank', rel: 'noopener noreferrer' }

function link(token: Token, { tokens, index, inLink }: Place): Close | undefined {
  // An address within the words of a link is words: it leads where they lead.
  if (inLink) return undefined
  const destination = attributeOf(token, 'href')
  const end = tokens.findIndex(
    ({ type, level }, at) => at > index && type === 'link_close' && level === token.level,
  )
  const words = textOf(tokens.slice(index + 1, end))
  const safe = safeLink(destination)
  return safe === null ? refusedLink(destination, words) : followedLink(safe, words)
}

const followedLink =
  (safe: SafeLink, words: string): Close =>
  (children) => {
    const shown = namesAnotherHost(words, safe) ? [...children, ` (${safe.host})`] : children
    return [h('a', { ...LEAVING, href: safe.href }, shown)]
  }

const refusedLink =
  (destination: string, words: string): Close =>
  (children) => {
    const isSaid = destination === '' || destination === words
    const address = isSaid ? [] : [' (', ...shownCode(shownDestination(destination)), ')']
    return [h('span', { class: 'md-refused' }, [...children, ...address])]
  }

function image(token: Token, { words, inLink }: Place): Child[] {
  const safe = safeLink(attributeOf(token, 'src'))
  const label = shownProse(words.image(textOf(token.children ?? []), safe?.host ?? ''))
  if (safe === null || inLink) return [h('span', { class: 'md-image' }, label)]
  return [h('a', { ...LEAVING, class: 'md-image', href: safe.href }, label)]
}

/** The words of inline tokens, without what they look like. */
function textOf(tokens: readonly Token[]): string {
  const waiting = [...tokens].reverse()
  let text = ''
  for (let token = waiting.pop(); token !== undefined; token = waiting.pop()) {
    if (token.type === 'softbreak' || token.type === 'hardbreak') text += ' '
    else if (token.children !== null) waiting.push(...token.children.toReversed())
    else text += token.content
  }
  return text
}

function code(token: Token, { complete }: Place): Child[] {
  const code = token.content.replace(/\n$/, '')
  const language = languageOf(token.info)
  return [h(CodeBlock, { code, language, complete: complete || isClosedFence(token) })]
}

/** A fence spans two lines more than its content once its end is there. */
function isClosedFence({ type, map, content }: Token): boolean {
  if (type !== 'fence' || map === null) return false
  const lines = content === '' ? 0 : content.replace(/\n$/, '').split('\n').length
  return map[1] - map[0] === lines + 2
}

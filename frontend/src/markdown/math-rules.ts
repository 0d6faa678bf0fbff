// Math in Markdown, as models write it: `$…$`, `$$…$$`, `\(…\)` and `\[…\]`.
//
// As a block, math starts a line and ends one; a blank line ends the attempt, so that a stray
// `$$` costs a paragraph at most, and what came before it is never read anew.
import type { MarkdownIt, StateBlock, StateInline } from 'markdown-it'

interface Delimiter {
  readonly open: string
  /** What ends a block: the closing delimiter, perhaps with a full stop that belongs to the text. */
  readonly end: RegExp
}

const BLOCK_DELIMITERS: readonly Delimiter[] = [
  { open: '$$', end: /^(.*?)\$\$\s*([.,;:!?]?)\s*$/ },
  { open: '\\[', end: /^(.*?)\\\]\s*([.,;:!?]?)\s*$/ },
]

// Each stops at the next delimiter of its kind, so that many unclosed ones are read only once.
const INLINE_FORMS: readonly { form: RegExp; display: boolean }[] = [
  { form: /\$\$(?!\$)((?:[^$\\]|\\[^])+)\$\$(?!\$)/y, display: true },
  {
    form: /\$(?![\s$])((?:[^$\\]|\\[^])*?(?:[^$\\\s]|\\[^\s]))\$(?![\p{L}\p{N}$])/uy,
    display: false,
  },
  { form: /\\\(((?:[^\\]|\\[^()])+)\\\)/y, display: false },
  { form: /\\\[((?:[^\\]|\\[^[\]])+)\\\]/y, display: true },
]

const DOLLAR = 0x24
const BACKSLASH = 0x5c
const WORD_OR_DOLLAR = /[\p{L}\p{N}$]/u

export function mathRules(parser: MarkdownIt): void {
  parser.block.ruler.before('fence', 'math_block', readBlock, {
    alt: ['paragraph', 'reference', 'blockquote', 'list'],
  })
  // Before `escape`, which would read `\(` as an escaped bracket.
  parser.inline.ruler.before('escape', 'math_inline', readInline)
}

function lineOf(state: StateBlock, line: number): string {
  const from = (state.bMarks[line] ?? 0) + (state.tShift[line] ?? 0)
  return state.src.slice(from, state.eMarks[line])
}

const indentOf = (state: StateBlock, line: number): number =>
  (state.sCount[line] ?? 0) - state.blkIndent

function readBlock(state: StateBlock, first: number, limit: number, silent: boolean): boolean {
  if (indentOf(state, first) >= 4) return false
  const opening = lineOf(state, first)
  const delimiter = BLOCK_DELIMITERS.find(({ open }) => opening.startsWith(open))
  if (delimiter === undefined || opening.startsWith('$$$')) return false

  const rest = opening.slice(delimiter.open.length)
  const closedAtOnce = delimiter.end.exec(rest)
  // `$$x$$ and more` is a paragraph that begins with a formula.
  if (closedAtOnce === null && rest.includes(delimiter.open === '$$' ? '$$' : '\\]')) return false
  if (silent) return true
  if (closedAtOnce !== null)
    return pushFormula(state, first, first + 1, formulaOf([], closedAtOnce))

  const lines = [rest]
  for (let line = first + 1; line < limit; line++) {
    if (state.isEmpty(line) || indentOf(state, line) < 0) return pushParagraph(state, first, line)
    const text = lineOf(state, line)
    const end = delimiter.end.exec(text)
    if (end !== null) return pushFormula(state, first, line + 1, formulaOf(lines, end))
    lines.push(text)
  }
  return pushParagraph(state, first, limit)
}

const formulaOf = (lines: readonly string[], end: RegExpExecArray): string =>
  [...lines, `${end[1] ?? ''}${end[2] ?? ''}`].join('\n').trim()

function pushFormula(state: StateBlock, first: number, next: number, formula: string): true {
  const token = state.push('math_block', 'math', 0)
  token.content = formula
  token.map = [first, next]
  state.line = next
  return true
}

function pushParagraph(state: StateBlock, first: number, next: number): true {
  state.push('paragraph_open', 'p', 1).map = [first, next]
  const inline = state.push('inline', '', 0)
  inline.content = state.getLines(first, next, state.blkIndent, false).trim()
  inline.map = [first, next]
  inline.children = []
  state.push('paragraph_close', 'p', -1)
  state.line = next
  return true
}

function readInline(state: StateInline, silent: boolean): boolean {
  const code = state.src.charCodeAt(state.pos)
  if (code !== DOLLAR && code !== BACKSLASH) return false
  // "US$5 and US$6", and the second dollar of an opening that was refused.
  if (code === DOLLAR && WORD_OR_DOLLAR.test(state.src.charAt(state.pos - 1))) return false

  for (const { form, display } of INLINE_FORMS) {
    form.lastIndex = state.pos
    const found = form.exec(state.src)
    if (found === null || form.lastIndex > state.posMax) continue
    if (!silent) {
      const token = state.push('math_inline', 'math', 0)
      token.content = (found[1] ?? '').trim()
      token.markup = display ? 'display' : ''
    }
    state.pos = form.lastIndex
    return true
  }
  return false
}

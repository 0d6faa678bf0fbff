// How the block at the end of a growing text is shown before it is finished.
import { parseInline, type References, type Token } from './parser'
import { closed } from './tail'

/** The tokens, with what is open in their last words closed; the same value when nothing is. */
export function withClosedEnd(tokens: readonly Token[], references: References): readonly Token[] {
  const last = tokens.findLastIndex(({ nesting }) => nesting >= 0)
  const inline = tokens[last]
  if (inline?.type !== 'inline') return tokens
  const content = closed(inline.content)
  if (content === inline.content) return tokens
  return tokens.with(last, { ...inline, content, children: parseInline(content, references) })
}

// Cuts growing markdown into spoken sentences, for ears rather than eyes.

// A full stop, but not that of `1.` at the head of a line; the end of a paragraph or a list item.
const END = /(?<!^\s*\d+)[.!?…](?=["'”’)\]*_]*\s)|[。！？]|\n\s*\n|\n(?=\s*[-*#>\d])/gm

const CLOSED_CODE = /^(`{3,}|~{3,})[^\n]*\n[\s\S]*?^\1[ \t]*$/gm
const OPEN_CODE = /^(?:`{3,}|~{3,})[\s\S]*/m

/** Reads growing text out, sentence by sentence. */
export interface Reader {
  /** What became whole since the last time, ready to be spoken; empty if nothing did. */
  next(markdown: string): string
  /** What is left at the end. */
  rest(markdown: string): string
}

export function createReader(): Reader {
  let position = 0
  const take = (prose: string, end: number): string => {
    const taken = spoken(prose.slice(position, end))
    position = end
    return taken
  }
  return {
    next(markdown) {
      const prose = withoutCode(markdown)
      return take(prose, endOfSentences(prose, position))
    },
    rest(markdown) {
      const prose = withoutCode(markdown)
      return take(prose, prose.length)
    },
  }
}

// What stands before an open fence is the same before and after the fence is closed.
const withoutCode = (markdown: string): string =>
  markdown.replace(CLOSED_CODE, '(code)\n').replace(OPEN_CODE, '')

function endOfSentences(prose: string, from: number): number {
  END.lastIndex = from
  let end = from
  for (let match = END.exec(prose); match !== null; match = END.exec(prose)) end = END.lastIndex
  return end
}

function spoken(prose: string): string {
  return prose
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/^[ \t]*(?:[#>]+|[-*+])[ \t]+/gm, '')
    .replace(/[*_`~|]+/g, '')
    .replace(/\s+/g, ' ')
    .trim()
}

// The end of a text that is still being written, shown as it will most likely go on.

// "-", "##", "``" or "|" alone on a line: a list, a heading, a fence, a table in the next moment.
const HALF_MARKER = /^[\s>]*[-+*=#~`|:$_\\]*$/
const HALF_NUMBER = /^([\s>]*\d{1,9})[.)]$/

/**
 * The text without a last line that is nothing but a marker. Otherwise "text\n-" would for a
 * moment be a heading, and the page would jump. What is left never gets shorter as text arrives.
 */
export function withoutHalfMarker(source: string): string {
  const start = source.lastIndexOf('\n') + 1
  const line = source.slice(start).trimEnd()
  if (HALF_MARKER.test(line)) return source.slice(0, start)
  const number = HALF_NUMBER.exec(line)?.[1]
  return number === undefined ? source : source.slice(0, start) + number
}

// `[words](https://exa`: the destination is on its way.
const HALF_LINK = /(!?)\[([^[\]]*)\]\([^()\s]*(?:\s+["'][^"')]*)?$/

const PARTS =
  /\\[^]|(?<code>(?<!`)(?<fence>`+)(?!`)[^]*?(?<!`)\k<fence>(?!`))|(?<ticks>`+)|(?<marks>\*+|_+|~~)/g

const BLANK = /^\s*$/
const WORD = /[\p{L}\p{N}]/u

/** The content of a paragraph with what is open at its end closed: `a **b` becomes `a **b**`. */
export function closed(content: string): string {
  const text = content
    .replace(/(?<!\\)\\$/, '')
    .replace(HALF_LINK, (_, image: string, words: string) => (image === '' ? words : ''))
  const open: string[] = []
  for (const { 0: whole, index, groups } of text.matchAll(PARTS)) {
    const end = index + whole.length
    if (groups?.ticks !== undefined) {
      const empty = BLANK.test(text.slice(end))
      return empty ? closedWith(text.slice(0, index), open) : closedWith(text, [...open, whole])
    }
    if (groups?.marks === undefined) continue
    const [before, after] = [text.charAt(index - 1), text.charAt(end)]
    if (!BLANK.test(before) && open.includes(whole)) open.length = open.lastIndexOf(whole)
    else if (after === '') return closedWith(text.slice(0, index), open)
    else if (opens(whole, before, after)) open.push(whole)
  }
  return closedWith(text, open)
}

// An underscore inside a word opens nothing: `snake_case`.
const opens = (marks: string, before: string, after: string): boolean =>
  !BLANK.test(after) && !(marks.startsWith('_') && WORD.test(before))

function closedWith(text: string, open: readonly string[]): string {
  if (open.length === 0) return text
  const rest = [...open]
  let kept = text.trimEnd()
  // What was opened last and holds nothing yet is not shown at all.
  for (let last = rest.at(-1); last !== undefined && kept.endsWith(last); last = rest.at(-1)) {
    kept = kept.slice(0, -last.length).trimEnd()
    rest.pop()
  }
  return kept + rest.reverse().join('')
}

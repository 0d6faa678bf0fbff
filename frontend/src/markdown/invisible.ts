// Characters that work without being seen: they turn text around, colour terminals, hide words.

export interface Piece {
  readonly text: string
  /** The code point, as `U+202E`, when `text` stands for a character that cannot be seen. */
  readonly stands?: string
}

// Everywhere: control characters, and embeddings and overrides of direction (UAX #9), which no
// one writes by hand today. Isolates and joiners stay in prose: right-to-left text and emoji need
// them. In code nothing may hide (the "Trojan Source" of CVE-2021-42574).
const CONTROL = '\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f-\\u009f\\u202a-\\u202e'
const HIDDEN_IN_CODE =
  '\\u00ad\\u061c\\u180e\\u200b-\\u200f\\u2028\\u2029\\u2060-\\u206f\\ufeff\\ufff9-\\ufffb\\u{e0000}-\\u{e007f}'

// Letters of the "tags" block spell words that nobody sees; only a flag of a region needs a few.
const TAGS = '(?<!\\u{1f3f4}[\\u{e0020}-\\u{e007f}]{0,5})[\\u{e0000}-\\u{e007f}]'

const IN_PROSE = new RegExp(`[${CONTROL}]|${TAGS}`, 'gu')
const IN_CODE = new RegExp(`[${CONTROL}${HIDDEN_IN_CODE}]`, 'gu')

const CONTROL_PICTURES = 0x2400
const DELETE = 0x7f

/** The text in pieces, with each character that hides replaced by something that can be seen. */
export function visible(text: string, kind: 'prose' | 'code'): readonly Piece[] {
  const pieces: Piece[] = []
  let end = 0
  for (const { 0: hidden, index } of text.matchAll(kind === 'code' ? IN_CODE : IN_PROSE)) {
    if (index > end) pieces.push({ text: text.slice(end, index) })
    pieces.push(marked(hidden))
    end = index + hidden.length
  }
  if (end < text.length) pieces.push({ text: text.slice(end) })
  return pieces
}

function marked(character: string): Piece {
  const code = character.codePointAt(0) ?? 0
  const stands = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`
  if (code < 0x20) return { text: String.fromCharCode(CONTROL_PICTURES + code), stands }
  if (code === DELETE) return { text: '\u2421', stands }
  return { text: `[${stands}]`, stands }
}

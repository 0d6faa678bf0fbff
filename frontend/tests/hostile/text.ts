// Characters that are not seen, or that make others look different.
import { crossed, type Cases } from './case'

const CHARACTERS = {
  'a colour of a terminal': '\u001b[31mred\u001b[0m',
  'a title of a terminal': '\u001b]0;evil\u0007x',
  'a link of a terminal': '\u001b]8;;https://evil.example\u0007x\u001b]8;;\u0007',
  'a short control sequence': '\u009b31mred',
  'a cleared screen': '\u001b[2J\u001b[Hgone',
  backspaces: 'good\b\b\b\bevil',
  'a bell and deletes': '\u0007a\u007f\u007fb',
  'a NUL': 'a\0b',
  'text turned to the left': 'a\u202eb\u202cc',
  'text turned to the right': 'a\u202db\u202cc',
  'embeddings that do not end': 'a\u202ab\u202bc',
  'isolates that do not end': 'a\u2066b\u2067c\u2068d',
  'many overrides': '\u202e'.repeat(200),
  'marks of direction': 'a\u200eb\u200fc\u061cd',
  'a hidden comment (Trojan Source)': 'if (x) { /*\u202e } \u2066if (admin)\u2069 \u2066 begin */',
  'spaces without width': 'pass\u200bword\u200c \u200d\u2060\ufeff',
  'soft hyphens': 'pass\u00adword',
  'invisible operators': 'a\u2061b\u2062c\u2063d\u2064e',
  'letters made of tags': `x${[...'ignore this'].map((c) => String.fromCodePoint(0xe0000 + c.charCodeAt(0))).join('')}`,
  'selectors of variants': `x${'\ufe0f\ufe0e\u{e0100}'.repeat(50)}`,
  'marks piled up': `Z${'\u0300\u0301\u0302\u0315\u031b\u0321\u0489'.repeat(60)}`,
  'a Hangul filler': 'a\u3164b\u115fc\uffa0d',
  'half a character': 'a\ud83d b\udc00 c',
  'no character': 'a\ufffe\uffff\u{1ffff}b',
  'private characters': 'a\ue000\u{f0000}\u{10ffff}b',
  annotations: 'a\ufff9b\ufffac\ufffbd',
  'separators of lines': 'a\u2028b\u2029c\u0085d',
  'letters that look alike': '\u0430dmin \u1d00dmin аdmіn',
  'a word as wide as the page': 'x'.repeat(20_000),
  'a sign as tall as the page': '﷽'.repeat(500),
} as const

export const TEXT_CASES: Cases = crossed(CHARACTERS, {
  words: (text) => text,
  'a link': (text) => `[${text}](https://a.example/${text})`,
  code: (text) => `\`${text}\`\n\n\`\`\`js\n// ${text}\n\`\`\``,
  'a language': (text) => `\`\`\`${text}\nx\n\`\`\``,
  'a refused address': (text) => `[a](x:${text})`,
})

// The one reader of Markdown: CommonMark without HTML, with tables, strikethrough, links and math.
import MarkdownIt, { type Env, type Token as MarkdownItToken } from 'markdown-it'

import { mathRules } from './math-rules'

/** What a token says: plain values, never edited. */
export type Token = Readonly<
  Pick<
    MarkdownItToken,
    | 'type'
    | 'tag'
    | 'nesting'
    | 'level'
    | 'map'
    | 'attrs'
    | 'content'
    | 'markup'
    | 'info'
    | 'hidden'
  >
> & { readonly children: readonly Token[] | null }

/** Link reference definitions (`[label]: destination "title"`) by their normalised label. */
export type References = NonNullable<Env['references']>

// Longer than the name of any language; a head of a block is no place for an essay.
const LONGEST_LANGUAGE = 40

const parser = new MarkdownIt({ html: false, linkify: true }).use(mathRules)

// Only what names its scheme: "main.py" and "e.g.so" are no hosts in a talk about programs.
parser.linkify.set({ fuzzyLink: false, fuzzyEmail: false, fuzzyIP: false })
parser.linkify.add('ftp:', null).add('//', null)

// Every destination is let through to `links.ts`, which decides what may be followed and shows
// the rest as text. Refusing it here would leave the brackets of the source on the page.
parser.validateLink = () => true

// A host is shown as it was written, never prettied into letters that look like another's.
parser.normalizeLinkText = (url) => url

/** One way to break lines, and no NUL: the text that the functions below expect. */
export function normalised(source: string): string {
  return source.replace(/\r\n?/g, '\n').replaceAll('\0', '\uFFFD')
}

/** The tokens of a whole text at once; definitions in it are added, the first of a label wins. */
export function parse(text: string, references: References): readonly Token[] {
  return parser.parse(text, { references })
}

/** The tokens inside one paragraph, heading or cell. */
export function parseInline(content: string, references: References): readonly Token[] {
  return parser.parseInline(content, { references })[0]?.children ?? []
}

/** The block structure of a normalised text alone, what is inside paragraphs left unread. */
export function parseBlocks(text: string, references: References): readonly Token[] {
  const tokens: MarkdownItToken[] = []
  parser.block.parse(text, parser, { references }, tokens)
  return tokens
}

/** The language that the line of an opening fence names; empty when it names none. */
export function languageOf(info: string): string {
  return parser.utils.unescapeAll(info).trim().split(/\s+/, 1)[0]?.slice(0, LONGEST_LANGUAGE) ?? ''
}

/** An attribute that the parser gave a token; empty where it gave none. */
export function attributeOf(token: Token, name: string): string {
  return String(token.attrs?.find(([named]) => named === name)?.[1] ?? '')
}

// A Markdown text that grows: its finished blocks stay as they are, only its end is read again.
//
//   ┌ frozen ────────────────┐┌ tail ───────────┐
//   block block block … block  block … half a line
//
// The law: at every moment the blocks together are what one parse of the whole text would give.
// Two things make it hold. A block is frozen only when a later block has begun on a line that is
// complete. And words remember which reference labels they asked for: when the definition of one
// of them appears or changes further down, those words alone are read again.
//
// In the tail too, words that were read before are not read again: a long list costs little more
// than its last item.
import { normalised, parseBlocks, parseInline, type References, type Token } from './parser'

/** One top-level block: a paragraph, a list with all its items, a table, a fence … */
export interface Block {
  /** Its place in the text, from 0. */
  readonly key: number
  /** The line of the text on which it begins, from 0; `map` of its tokens counts from here. */
  readonly firstLine: number
  readonly tokens: readonly Token[]
  /** Whether later text can no longer make it longer. */
  readonly frozen: boolean
}

/** The source of a block with the blank lines after it, and its structure without its words. */
interface Section {
  readonly source: string
  readonly firstLine: number
  readonly structure: readonly Token[]
}

/** The words of one paragraph, heading or cell. */
interface Words {
  readonly tokens: readonly Token[]
  /** The labels of references that they mention. */
  readonly asked: ReadonlySet<string>
}

interface KnownBlock extends Block {
  readonly source: string
  /** By their source. */
  readonly words: ReadonlyMap<string, Words>
}

export class MarkdownDocument {
  #raw = ''
  #text = ''
  #blocks: readonly KnownBlock[] = []
  #references: References = {}
  #frozen = nothingFrozen()

  /** The reference definitions of the text that was read last. */
  get references(): References {
    return this.#references
  }

  /** The blocks of `source`; cheap when it continues the source of the call before. */
  read(source: string): readonly Block[] {
    if (source === this.#raw) return this.#blocks
    if (!source.startsWith(this.#raw)) this.#forget()
    const lineEnded = this.#append(source)
    if (lineEnded) this.#freeze()
    this.#blocks = this.#readBlocks()
    return this.#blocks
  }

  #forget(): void {
    this.#raw = ''
    this.#text = ''
    this.#blocks = []
    this.#references = {}
    this.#frozen = nothingFrozen()
  }

  #append(source: string): boolean {
    const splitBreak = this.#raw.endsWith('\r') && source.charAt(this.#raw.length) === '\n'
    const added = normalised(source.slice(this.#raw.length + (splitBreak ? 1 : 0)))
    this.#raw = source
    this.#text += added
    return added.includes('\n')
  }

  #freeze(): void {
    const frozen = this.#frozen
    const complete = this.#text.slice(frozen.end, this.#text.lastIndexOf('\n') + 1)
    const sections = sectionsOf(complete, frozen.lines, { ...frozen.references })
    const count = safeToFreeze(sections)
    for (const section of sections.slice(0, count)) {
      parseBlocks(section.source, frozen.references)
      frozen.sections.push(section)
      frozen.end += section.source.length
    }
    frozen.lines = sections[count]?.firstLine ?? frozen.lines
  }

  #readBlocks(): readonly KnownBlock[] {
    const { sections: finished, end, lines, references: settled } = this.#frozen
    const references = { ...settled }
    const open = sectionsOf(this.#text.slice(end), lines, references)
    const changed = changedLabels(this.#references, references)
    this.#references = references
    return [...finished, ...open].map((section, key) =>
      this.#block(key, section, key < finished.length, changed),
    )
  }

  #block(key: number, section: Section, frozen: boolean, changed: ReadonlySet<string>): KnownBlock {
    const { source, firstLine } = section
    const known = this.#blocks[key]
    const mayKeep = ({ asked }: Words): boolean => changed.size === 0 || !anyOf(asked, changed)
    if (known?.source === source && known.firstLine === firstLine) {
      const isSettled = changed.size === 0 || [...known.words.values()].every(mayKeep)
      if (isSettled) return known.frozen === frozen ? known : { ...known, source, frozen }
    }
    const words = new Map<string, Words>()
    const wordsOf = (content: string): readonly Token[] => {
      const before = words.get(content) ?? known?.words.get(content)
      const now = before !== undefined && mayKeep(before) ? before : this.#readWords(content)
      words.set(content, now)
      return now.tokens
    }
    return { key, firstLine, tokens: tokensOf(section, wordsOf), frozen, source, words }
  }

  #readWords(content: string): Words {
    const asked = new Set<string>()
    return { tokens: parseInline(content, listening(this.#references, asked)), asked }
  }
}

const nothingFrozen = () => ({
  sections: [] as Section[],
  references: {} as References,
  end: 0,
  lines: 0,
})

/** The top-level blocks of a text that begins on `line`, end to end. */
function sectionsOf(text: string, line: number, references: References): readonly Section[] {
  const tokens = parseBlocks(text, references)
  const starts = tokens.flatMap(({ level, nesting }, index) =>
    level === 0 && nesting >= 0 ? [index] : [],
  )
  let [read, offset] = [0, 0]
  // Blank lines at the very beginning belong to the first block.
  const places = starts.map((start, index) => {
    const firstLine = index === 0 ? 0 : (tokens[start]?.map?.[0] ?? 0)
    for (; read < firstLine; read++) offset = text.indexOf('\n', offset) + 1
    return { start, firstLine, offset }
  })
  return places.map(({ start, firstLine, offset: from }, index) => ({
    source: text.slice(from, places[index + 1]?.offset),
    firstLine: line + firstLine,
    structure: tokens.slice(start, places[index + 1]?.start).map((token) => ({
      ...token,
      map: token.map && [token.map[0] - firstLine, token.map[1] - firstLine],
    })),
  }))
}

const tokensOf = (
  { structure }: Section,
  wordsOf: (content: string) => readonly Token[],
): readonly Token[] =>
  structure
    .filter(({ type }) => type !== 'reference_definition')
    .map((token) =>
      token.type === 'inline' ? { ...token, children: wordsOf(token.content) } : token,
    )

const ENDS_BLANK = /\n[ \t]*\n$/
const MAY_DEFINE = /^\s*\[/

/**
 * How many sections no later line can change: all but the last. One that begins with a bracket
 * stays open until a blank line, because what follows may still turn out to be the label or the
 * title of a reference definition.
 */
function safeToFreeze(sections: readonly Section[]): number {
  let count = Math.max(0, sections.length - 1)
  for (let i = count - 1; i >= 0 && !ENDS_BLANK.test(sections[i]?.source ?? ''); i--) {
    if (MAY_DEFINE.test(sections[i]?.source ?? '')) count = i
  }
  return count
}

function changedLabels(before: References, after: References): ReadonlySet<string> {
  const changed = new Set<string>()
  for (const label of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [old, now] = [before[label], after[label]]
    if (old?.href !== now?.href || old?.title !== now?.title) changed.add(label)
  }
  return changed
}

function anyOf(labels: ReadonlySet<string>, among: ReadonlySet<string>): boolean {
  for (const label of labels) if (among.has(label)) return true
  return false
}

/** The same definitions, noting every label that is looked up. */
function listening(references: References, asked: Set<string>): References {
  return new Proxy(references, {
    get(target, label) {
      if (typeof label === 'symbol') return undefined
      asked.add(label)
      return Object.hasOwn(target, label) ? target[label] : undefined
    },
  })
}

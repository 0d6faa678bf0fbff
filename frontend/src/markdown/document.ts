// A Markdown text that grows: its finished blocks stay as they are, only its end is read again.
//
//   ┌ frozen ────────────────┐┌ tail ───────────┐
//   block block block … block  block … half a line
//
// The law: at every moment the blocks together are what one parse of the whole text would give.
// Two things make it hold. A block is frozen only when a later block has begun on a line that is
// complete. And a block remembers which reference labels it asked for: when the definition of one
// of them appears or changes further down, that block alone is read again.
import { normalised, parse, parseBlocks, type References, type Token } from './parser'

/** One top-level block: a paragraph, a list with all its items, a table, a fence … */
export interface Block {
  /** Its place in the text, from 0. */
  readonly key: number
  readonly source: string
  /** The line of the text on which `source` begins, from 0; `map` of the tokens counts from here. */
  readonly firstLine: number
  readonly tokens: readonly Token[]
  /** Whether later text can no longer make it longer. */
  readonly frozen: boolean
}

interface KnownBlock extends Block {
  /** The labels of references that its text mentions. */
  readonly asked: readonly string[]
}

type Section = Pick<Block, 'source' | 'firstLine'>

export class MarkdownDocument {
  #raw = ''
  #text = ''
  #blocks: KnownBlock[] = []
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
    const sections = sectionsOf(complete, { ...frozen.references })
    const count = safeToFreeze(sections)
    for (const { source, firstLine } of sections.slice(0, count)) {
      parseBlocks(source, frozen.references)
      frozen.sections.push({ source, firstLine: frozen.lines + firstLine })
      frozen.end += source.length
    }
    frozen.lines += sections[count]?.firstLine ?? 0
  }

  #readBlocks(): KnownBlock[] {
    const { sections: finished, end, lines, references: settled } = this.#frozen
    const references = { ...settled }
    const open = sectionsOf(this.#text.slice(end), references)
    const changed = changedLabels(this.#references, references)
    this.#references = references

    const frozen = finished.map((section, key) => this.#block(key, section, true, changed))
    const tail = open.map(({ source, firstLine }, index) =>
      this.#block(
        finished.length + index,
        { source, firstLine: lines + firstLine },
        false,
        changed,
      ),
    )
    return [...frozen, ...tail]
  }

  #block(key: number, section: Section, frozen: boolean, changed: ReadonlySet<string>): KnownBlock {
    const known = this.#blocks[key]
    if (known !== undefined && isSame(known, section) && !known.asked.some((l) => changed.has(l))) {
      return known.frozen === frozen ? known : { ...known, ...section, frozen }
    }
    const asked = new Set<string>()
    const tokens = parse(section.source, listening(this.#references, asked))
    return { key, ...section, tokens, frozen, asked: [...asked] }
  }
}

const nothingFrozen = () => ({
  sections: [] as Section[],
  references: {} as References,
  end: 0,
  lines: 0,
})

const isSame = (known: Section, section: Section): boolean =>
  known.source === section.source && known.firstLine === section.firstLine

/** The top-level blocks of a text, end to end; each keeps the blank lines that follow it. */
function sectionsOf(text: string, references: References): readonly Section[] {
  const starts = parseBlocks(text, references).filter(
    ({ level, nesting }) => level === 0 && nesting >= 0,
  )
  let line = 0
  let offset = 0
  const offsets = starts.map(({ map }, index) => {
    // Blank lines at the very beginning belong to the first block.
    const firstLine = index === 0 ? 0 : (map?.[0] ?? 0)
    for (; line < firstLine; line++) offset = text.indexOf('\n', offset) + 1
    return { firstLine, offset }
  })
  return offsets.map(({ firstLine, offset: from }, index) => ({
    firstLine,
    source: text.slice(from, offsets[index + 1]?.offset),
  }))
}

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

/** The same definitions, noting every label that is looked up. */
function listening(references: References, asked: Set<string>): References {
  return new Proxy(references, {
    get(target, label) {
      if (typeof label === 'symbol') return undefined
      asked.add(label)
      return Object.hasOwn(target, label) ? target[label] : undefined
    },
    // Every definition of the text is known already, and the first one wins.
    set: () => true,
  })
}

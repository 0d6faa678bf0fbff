// Which heading of a text becomes which heading of the page.
import type { Block } from './document'

const DEEPEST = 6

/**
 * For each block, the levels of its headings on the page, one digit each ("34": an h3, then an
 * h4). The first is one below `base`, and none is more than one below the heading before it,
 * whatever the text does: models begin at any level and leave some out.
 */
export function outline(blocks: readonly Block[], base: number): readonly string[] {
  const above: number[] = []
  return blocks.map(({ tokens }) => {
    let levels = ''
    for (const { type, tag } of tokens) {
      if (type !== 'heading_open') continue
      const level = Number(tag.slice(1))
      while ((above.at(-1) ?? 0) >= level) above.pop()
      above.push(level)
      levels += String(Math.min(DEEPEST, base + above.length))
    }
    return levels
  })
}

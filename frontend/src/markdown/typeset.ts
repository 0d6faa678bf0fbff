// KaTeX, and what it may do; loaded with the first formula.
import { render } from 'katex'
import 'katex/dist/katex.min.css'

const LONGEST = 5_000

// Beyond what is written by hand; each level costs the browser more than the one before.
const DEEPEST = 50

/** Typesets TeX into the element; false, and nothing in the element, where that cannot be done. */
export function typeset(tex: string, display: boolean, element: HTMLElement): boolean {
  element.replaceChildren()
  if (tex.length > LONGEST || depthOf(tex) > DEEPEST) return false
  try {
    render(tex, element, {
      displayMode: display,
      throwOnError: true,
      // No address, picture, class or attribute out of a text.
      trust: false,
      strict: (rule) => (rule === 'htmlExtension' ? 'error' : 'ignore'),
      maxExpand: 500,
      maxSize: 20,
      macros: {},
    })
    return true
  } catch {
    // A mistake in the formula, or one too deep to read.
    element.replaceChildren()
    return false
  }
}

function depthOf(tex: string): number {
  let [depth, deepest] = [0, 0]
  for (const [brace] of tex.matchAll(/[{}]/g)) {
    depth += brace === '{' ? 1 : -1
    deepest = Math.max(deepest, depth)
  }
  return deepest
}

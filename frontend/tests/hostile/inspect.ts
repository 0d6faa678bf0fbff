// Looks at what a text became, and names everything that no text may cause.

const HTML = 'http://www.w3.org/1999/xhtml'
const MATHML = 'http://www.w3.org/1998/Math/MathML'
const SVG = 'http://www.w3.org/2000/svg'

const words = (list: string): ReadonlySet<string> => new Set(list.split(/\s+/))

/** What our own rendering makes, each with the attributes it gives. */
const OURS: Readonly<Record<string, ReadonlySet<string>>> = {
  a: words('href target rel class'),
  blockquote: words(''),
  br: words(''),
  code: words('class'),
  del: words(''),
  div: words('class role tabindex aria-label'),
  em: words(''),
  h3: words('class dir'),
  h4: words('class dir'),
  h5: words('class dir'),
  h6: words('class dir'),
  hr: words(''),
  input: words('type disabled checked aria-label'),
  li: words('class dir'),
  ol: words('start'),
  p: words('dir'),
  pre: words('class role tabindex aria-label dir'),
  span: words('class title role tabindex aria-label'),
  strong: words(''),
  table: words(''),
  tbody: words(''),
  td: words('class dir'),
  th: words('class dir scope'),
  thead: words(''),
  tr: words(''),
  ul: words(''),
}

/** What KaTeX makes within `.katex`. */
const KATEX: Readonly<Record<string, ReadonlySet<string>>> = {
  [HTML]: words('span'),
  [MATHML]: words(
    `math semantics annotation mrow mi mn mo ms mtext mspace mstyle mpadded mphantom menclose mfrac
     msqrt mroot msub msup msubsup munder mover munderover mtable mtr mtd mlabeledtr`,
  ),
  [SVG]: words('svg path line g'),
}

const KATEX_ATTRIBUTES = words(
  `class style aria-hidden xmlns display encoding width height viewBox preserveAspectRatio d x1 x2
   y1 y2 stroke-width stretchy fence separator lspace rspace minsize maxsize symmetric form accent
   accentunder linethickness mathvariant mathcolor mathbackground mathsize scriptlevel displaystyle
   columnalign columnspacing rowspacing columnlines rowlines side voffset depth notation
   movablelimits largeop`,
)

const CLASS = /^(?:md|hljs)(?:$|-)|^[a-z]+_+$/

const SAFE_LINK = /^(?:https?:\/\/[^/@\\]+\/|mailto:)/

function* offencesOf(element: Element): Generator<string> {
  const name = element.localName
  const inKatex = Boolean(element.parentElement?.closest('.katex, .katex-display'))
  if (inKatex || element.matches('.katex, .katex-display')) {
    if (!KATEX[element.namespaceURI ?? '']?.has(name)) yield `<${name}> in a formula`
    for (const { name: attribute, value } of element.attributes) {
      if (!KATEX_ATTRIBUTES.has(attribute)) yield `${attribute} in a formula`
      if (/url\(|expression|javascript:|fixed|@import/i.test(value)) yield `${attribute}=${value}`
    }
    return
  }
  const allowed = OURS[name]
  if (allowed === undefined || element.namespaceURI !== HTML) {
    yield `<${name}>`
    return
  }
  for (const { name: attribute } of element.attributes) {
    if (!allowed.has(attribute)) yield `<${name} ${attribute}>`
  }
  for (const className of element.classList) if (!CLASS.test(className)) yield `class ${className}`
  if (name === 'a') yield* offencesOfLink(element)
}

function* offencesOfLink(link: Element): Generator<string> {
  const href = link.getAttribute('href') ?? ''
  if (!SAFE_LINK.test(href)) yield `a link to ${href}`
  if (link.getAttribute('target') !== '_blank') yield 'a link in this window'
  if (link.getAttribute('rel') !== 'noopener noreferrer') yield 'a link that tells where it is from'
  if (link.querySelector('a') !== null) yield 'a link in a link'
}

/** Everything below `root` that no text may cause; empty when all is well. */
export function offences(root: Element): string[] {
  return [...root.querySelectorAll('*')].flatMap((element) => [...offencesOf(element)])
}

/** How many elements deep the tree below `root` is, formulas aside. */
export function depthOf(root: Element): number {
  const depths = new Map<Element | null, number>([[root, 0]])
  for (const element of root.querySelectorAll('*')) {
    const depth = depths.get(element.parentElement)
    if (depth !== undefined && !element.matches('.katex')) depths.set(element, depth + 1)
  }
  return Math.max(...depths.values())
}

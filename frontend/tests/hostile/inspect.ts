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

const isFormula = ({ classList }: Element): boolean =>
  classList.contains('katex') || classList.contains('katex-display')

function* offencesInFormula(element: Element): Generator<string> {
  if (!KATEX[element.namespaceURI ?? '']?.has(element.localName)) {
    yield `<${element.localName}> in a formula`
  }
  for (const { name, value } of element.attributes) {
    if (!KATEX_ATTRIBUTES.has(name)) yield `${name} in a formula`
    if (/url\(|expression|javascript:|fixed|@import/i.test(value)) yield `${name}=${value}`
  }
}

function* offencesOf(element: Element): Generator<string> {
  const name = element.localName
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
  if (link.getElementsByTagName('a').length > 0) yield 'a link in a link'
}

interface Place {
  readonly element: Element
  /** How many elements deep it is below the root. */
  readonly depth: number
  readonly inFormula: boolean
}

// A walk of our own: selectors take most of the time of a test.
function* placesBelow(root: Element): Generator<Place> {
  const waiting: Place[] = [{ element: root, depth: 0, inFormula: false }]
  for (let place = waiting.pop(); place !== undefined; place = waiting.pop()) {
    const { element, depth } = place
    if (depth > 0) yield place
    const inFormula = place.inFormula || isFormula(element)
    let child = element.lastElementChild
    for (; child !== null; child = child.previousElementSibling) {
      waiting.push({ element: child, depth: depth + 1, inFormula })
    }
  }
}

/** Everything below `root` that no text may cause; empty when all is well. */
export function offences(root: Element): string[] {
  const found: string[] = []
  for (const { element, inFormula } of placesBelow(root)) {
    const isOfFormula = inFormula || isFormula(element)
    found.push(...(isOfFormula ? offencesInFormula(element) : offencesOf(element)))
  }
  return found
}

/** How many elements there are below `root`, and how deep the deepest is, formulas aside. */
export function measure(root: Element): { elements: number; depth: number } {
  let [elements, deepest] = [0, 0]
  for (const { depth, inFormula } of placesBelow(root)) {
    elements += 1
    if (!inFormula) deepest = Math.max(deepest, depth)
  }
  return { elements, depth: deepest }
}

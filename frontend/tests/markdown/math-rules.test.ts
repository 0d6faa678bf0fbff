import { describe, expect, test } from 'vitest'

import { parse, type Token } from '@/markdown/parser'

/** The formulas of a text, as TeX; those that stand on their own line with `D:` before them. */
function formulas(source: string): string[] {
  const named = ({ type, content, markup, children }: Token): string[] => [
    ...(type === 'math_block' || markup === 'display' ? [`D:${content}`] : []),
    ...(type === 'math_inline' && markup === '' ? [content] : []),
    ...(children ?? []).flatMap(named),
  ]
  return parse(source, {}).flatMap(named)
}

describe('what is a formula', () => {
  test.each([
    ['$x$', ['x']],
    ['so $a^2 + b^2$, and $c$.', ['a^2 + b^2', 'c']],
    ['$\\$5$', ['\\$5']],
    ['$a\n+b$', ['a\n+b']],
    ['\\(x\\) and \\( y \\)', ['x', 'y']],
    ['text $$x$$ text', ['D:x']],
    ['text \\[x\\] text', ['D:x']],
    ['$$x$$', ['D:x']],
    ['$$\nx\n= y\n$$', ['D:x\n= y']],
    ['$$ x\n$$.', ['D:x\n.']],
    ['\\[\nx \\\\[2pt]\ny\n\\]', ['D:x \\\\[2pt]\ny']],
    ['text\n$$\nx\n$$\ntext', ['D:x']],
    ['- item\n  $$\n  x\n  $$', ['D:x']],
    ['> $$\n> x\n> $$', ['D:x']],
    ['| $a$ |\n|---|\n| $b$ |', ['a', 'b']],
    ['[$x$](https://a.example)', ['x']],
    ['**$x$**', ['x']],
  ])('%j', (source, expected) => {
    expect(formulas(source)).toEqual(expected)
  })
})

describe('what is none', () => {
  test.each([
    'costs $5 and $10',
    'costs $5-$10, or $7.',
    'US$5 and US$6',
    '$ x $',
    '$x $',
    '$HOME/$USER',
    '\\$x\\$',
    '`$x$` and ``$$y$$``',
    '```\n$$\nx\n$$\n```',
    '    $$\n    x\n    $$',
    '$$$x$$$',
    '$$',
    '$$\nnever closed',
    '$$\na blank line ends it\n\n$$',
    '\\(never closed',
    '\\[never closed',
    '\\\\(x\\\\)',
    '$$\n',
    '$$$$',
    '\\(\\)',
  ])('%j', (source) => {
    expect(formulas(source)).toEqual([])
  })

  test('a formula that never closes is a paragraph, and what follows is read as ever', () => {
    const types = parse('$$\nx\n\n# Heading', {}).map(({ type }) => type)

    expect(types).toContain('heading_open')
    expect(types[0]).toBe('paragraph_open')
  })
})

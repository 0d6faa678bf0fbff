import { render, screen, waitFor, within } from '@testing-library/vue'
import { describe, expect, test, vi } from 'vitest'
import { h } from 'vue'

import { type Code, ENGLISH, Markdown, MARKDOWN_WORDS } from '@/markdown'

import { EXAMPLES } from './examples'
import { settled } from './settled'

function shown(source: string, props: Record<string, unknown> = {}): HTMLElement {
  const { container } = render(Markdown, { props: { source, ...props } })
  const root = container.querySelector<HTMLElement>('.md')
  if (root === null) throw new Error('nothing was rendered')
  return root
}

const only = <E extends Element = HTMLElement>(root: Element, selector: string): E => {
  const found = root.querySelectorAll<E>(selector)
  const [first] = found
  if (first === undefined || found.length !== 1) {
    throw new Error(`${String(found.length)} elements are ${selector}`)
  }
  return first
}

describe('words', () => {
  test('emphasis, code, breaks and rules', () => {
    const root = shown('**a** _b_ ~~c~~ `d` e\\\nf\ng\n\n---')

    expect(only(root, 'strong')).toHaveTextContent('a')
    expect(only(root, 'em')).toHaveTextContent('b')
    expect(only(root, 'del')).toHaveTextContent('c')
    expect(only(root, 'code')).toHaveTextContent('d')
    expect(root.querySelectorAll('br')).toHaveLength(1)
    expect(root.querySelectorAll('hr')).toHaveLength(1)
    expect(only(root, 'p').textContent).toBe('a b c d ef\ng')
  })

  test('HTML is shown as it was written', () => {
    const root = shown('<b onclick="x()">a</b>\n\n<script>alert(1)</script>')

    expect(root.textContent).toContain('<b onclick="x()">a</b>')
    expect(root.textContent).toContain('<script>alert(1)</script>')
    expect(root.querySelectorAll('b, script')).toHaveLength(0)
  })

  test('what hides is marked', () => {
    const root = shown('user\u202enimda `a\u200bb`')

    const [override, empty] = root.querySelectorAll('.md-stands')
    expect(override).toHaveAttribute('title', 'U+202E')
    expect(empty).toHaveTextContent('[U+200B]')
  })

  test('neighbouring pieces of text are one node', () => {
    const paragraph = only(shown('a & b &amp; c\nd \\* e < f'), 'p')

    expect(paragraph.childNodes).toHaveLength(1)
    expect(paragraph.textContent).toBe('a & b & c\nd * e < f')
  })
})

describe('headings', () => {
  test('stand below the heading of the message and leave no level out', () => {
    const root = shown('# a\n\n### b\n\n- ## c', { base: 2 })

    expect([...root.querySelectorAll('.md-heading')].map((el) => el.tagName)).toEqual([
      'H3',
      'H4',
      'H4',
    ])
    expect(root.querySelector('h4')).toHaveClass('md-h3')
  })
})

describe('lists', () => {
  test('numbers begin where the text says', () => {
    expect(only(shown('7. a\n8. b'), 'ol')).toHaveAttribute('start', '7')
    expect(only(shown('1. a'), 'ol')).not.toHaveAttribute('start')
  })

  test('an item of a tight list holds its words, one of a loose list a paragraph', () => {
    expect(only(shown('- a'), 'li').querySelector('p')).toBeNull()
    expect(shown('- a\n\n- b').querySelectorAll('li > p')).toHaveLength(2)
  })

  test('tasks say whether they are done', () => {
    const root = shown('- [x] bread\n- [ ] **milk**\n- [eggs] no task\n\n1. [X] wine')

    const done = within(root).getAllByRole('checkbox', { name: 'done' })
    const open = within(root).getByRole('checkbox', { name: 'not done' })
    expect(done.map((box) => (box as HTMLInputElement).checked)).toEqual([true, true])
    expect(open).not.toBeChecked()
    expect(open).toBeDisabled()
    expect(root.querySelectorAll('.md-task')).toHaveLength(3)
    expect([...root.querySelectorAll('li')].map((item) => item.textContent)).toEqual([
      'bread',
      'milk',
      '[eggs] no task',
      'wine',
    ])
  })
})

describe('tables', () => {
  test('can be reached and scrolled by keyboard, and say which side a column keeps to', () => {
    const root = shown('| a | b |\n|:-:|--:|\n| 1 | 2 |')

    const area = within(root).getByRole('group', { name: 'table' })
    expect(area).toHaveAttribute('tabindex', '0')
    expect(within(area).getAllByRole('columnheader')).toHaveLength(2)
    expect(only(area, 'td.md-center')).toHaveTextContent('1')
    expect(only(area, 'td.md-right')).toHaveTextContent('2')
    expect(area.querySelector('[style]')).toBeNull()
  })

  test('a header without words is a cell', () => {
    const root = shown('| | b |\n|--|--|\n| 1 | 2 |')

    expect(root.querySelectorAll('th')).toHaveLength(1)
    expect(root.querySelectorAll('thead td')).toHaveLength(1)
  })
})

describe('links', () => {
  test('open a new tab that learns nothing of this page', () => {
    const link = only(shown('[the *manual*](https://docs.example/a?b "title")'), 'a')

    expect(link.getAttributeNames().sort()).toEqual(['href', 'rel', 'target'])
    expect(link).toHaveAttribute('href', 'https://docs.example/a?b')
    expect(link).toHaveAttribute('rel', 'noopener noreferrer')
    expect(link).toHaveAttribute('target', '_blank')
    expect(link.textContent).toBe('the manual')
  })

  test('addresses with their scheme are links, file names and hosts alone are words', () => {
    const root = shown('See https://a.example/x, main.py, b.example and c@d.example.')

    expect([...root.querySelectorAll('a')].map((link) => link.href)).toEqual([
      'https://a.example/x',
    ])
  })

  test('whatever else they lead to is shown as text', () => {
    const root = shown('[a](javascript:alert(1)) [b](/api/v1/x) [](x:y) <tel:123> [c]()')

    expect(root.querySelectorAll('a')).toHaveLength(0)
    expect(root.textContent).toBe('a (javascript:alert(1)) b (/api/v1/x)  (x:y) tel:123 c')
  })

  test('words that name another host do not deceive', () => {
    const root = shown('[https://bank.example](https://evil.example/x)')

    expect(only(root, 'a').textContent).toBe('https://bank.example (evil.example)')
  })
})

describe('links in links', () => {
  test('an address within the words of a link is words', () => {
    const root = shown('[a <https://good.example> *b*](https://evil.example/x) c')

    expect(only(root, 'a')).toHaveAttribute('href', 'https://evil.example/x')
    expect(only(root, 'a').textContent).toBe('a https://good.example b')
    expect(root.textContent).toBe('a https://good.example b c')
  })
})

describe('pictures are never loaded', () => {
  test('a picture is a link that says what it is', () => {
    const root = shown('![a *cat*](https://img.example/cat.png "title")')

    const link = only(root, 'a.md-image')
    expect(link).toHaveAttribute('href', 'https://img.example/cat.png')
    expect(link).toHaveTextContent('image: a cat (img.example)')
    expect(root.querySelectorAll('img, picture, svg')).toHaveLength(0)
  })

  test('a picture in a link, or from nowhere safe, is words', () => {
    const root = shown(
      '[![a](https://i.example/a)](https://b.example) ![b](data:image/png;base64,A)',
    )

    expect(only(root, 'a').textContent).toBe('image: a (i.example)')
    expect(only(root, 'p > span.md-image').textContent).toBe('image: b')
  })
})

describe('code', () => {
  test('has a name, a place to scroll, and room for what can be done with it', () => {
    render(Markdown, {
      props: { source: '```python title="x"\nprint(1)\n\n```' },
      slots: {
        'code-actions': ({ code, language }: Code) => h('button', `copy ${language} ${code}`),
      },
    })

    expect(screen.getByRole('group', { name: 'python code' }).tagName).toBe('PRE')
    expect(screen.getByText('python')).toHaveClass('md-code-language')
    expect(screen.getByRole('button')).toHaveTextContent('copy python print(1)')
  })

  test('is coloured when it is complete, and reads the same', async () => {
    const root = shown('```js\nconst a = "b" // c\n```')
    const code = only(root, 'code')
    expect(code.children).toHaveLength(0)

    await waitFor(() => {
      expect(only(code, '.hljs-keyword')).toHaveTextContent('const')
    })
    expect(only(code, '.hljs-string')).toHaveTextContent('"b"')
    expect(code.textContent).toBe('const a = "b" // c')
    expect(code.querySelector('[style]')).toBeNull()
  })

  test('waits for its end before it is coloured', async () => {
    const { container, rerender } = render(Markdown, {
      props: { source: 'a\n\n```js\nconst', done: false },
    })
    await settled()
    expect(container.querySelector('[class^=hljs]')).toBeNull()

    await rerender({ source: 'a\n\n```js\nconst a\n```\n\nThen', done: false })

    await waitFor(() => {
      expect(container.querySelector('.hljs-keyword')).not.toBeNull()
    })
  })

  test.each([
    ['an unknown language', '```klingon\nnuqneH\n```'],
    ['no language', '```\nplain\n```'],
    ['an indented block', '    indented'],
    ['a very long text', `\`\`\`js\n${'let a = 1\n'.repeat(6000)}\`\`\``],
  ])('%s stays plain', async (_, source) => {
    const code = only(shown(source), 'code')
    await settled()

    expect(code.children).toHaveLength(0)
    expect(code.textContent.length).toBeGreaterThan(4)
  })
})

describe('math', () => {
  test('is typeset in its place, and speaks to screen readers', async () => {
    const root = shown('so $a^2$ and\n\n$$\n\\frac{1}{2}\n$$')
    expect([...root.querySelectorAll('.md-tex')].map((tex) => tex.textContent)).toEqual([
      'a^2',
      '\\frac{1}{2}',
    ])

    await waitFor(() => {
      expect(root.querySelectorAll('.katex math')).toHaveLength(2)
    })
    expect(root.querySelectorAll('.md-tex')).toHaveLength(0)
    expect(root.querySelectorAll('.katex-display')).toHaveLength(1)
    expect(within(root).getByRole('group', { name: 'formula' })).toContainElement(
      root.querySelector('.katex-display'),
    )
  })

  test('with a mistake stays source', async () => {
    const root = shown('$\\frac{1$ and $x$')
    await waitFor(() => {
      expect(root.querySelectorAll('.katex')).toHaveLength(1)
    })

    expect(only(root, '.md-tex')).toHaveTextContent('\\frac{1')
  })

  test('that changes while it is written is typeset anew', async () => {
    const { container, rerender } = render(Markdown, { props: { source: '$x$', done: false } })
    await waitFor(() => {
      expect(container.querySelector('annotation')).toHaveTextContent('x')
    })

    await rerender({ source: '$y$', done: false })

    await waitFor(() => {
      expect(only(container, 'annotation')).toHaveTextContent('y')
    })
  })
})

describe('while it is written', () => {
  test('the end is shown as it will most likely go on', async () => {
    const { container, rerender } = render(Markdown, {
      props: { source: 'text **bol\n', done: false },
    })
    expect(only(container, 'strong')).toHaveTextContent('bol')

    await rerender({ source: 'text **bold** more\n-', done: false })
    expect(container.querySelector('.md-heading')).toBeNull()

    await rerender({ source: 'text **bold** more\n-', done: true })
    expect(container.querySelector('.md-heading')).toHaveTextContent('text bold more')
  })

  test('a finished block keeps its very nodes', async () => {
    const { container, rerender } = render(Markdown, {
      props: { source: 'One.\n\nTwo.\n\nThree', done: false },
    })
    const [one, two] = container.querySelectorAll('p')

    await rerender({ source: 'One.\n\nTwo.\n\nThree goes on.\n\nFour', done: false })

    const [first, second, third] = container.querySelectorAll('p')
    expect(first).toBe(one)
    expect(second).toBe(two)
    expect(third).toHaveTextContent('Three goes on.')
  })

  test('a finished block is not drawn again', async () => {
    const drawn = vi.fn(() => 'copy')
    const source = '```js\nlet a\n```\n\nText'
    const { rerender } = render(Markdown, {
      props: { source, done: false },
      slots: { 'code-actions': drawn },
    })
    await settled()
    const before = drawn.mock.calls.length

    await rerender({ source: `${source} goes\non.\n\nAnd on`, done: false })
    await rerender({ source: `${source} goes\non.\n\nAnd on.`, done: true })

    expect(drawn).toHaveBeenCalledTimes(before)
  })

  test('in the end it is what it would have been at once', async () => {
    for (const source of EXAMPLES) {
      const { container, rerender, unmount } = render(Markdown, {
        props: { source: '', done: false },
      })
      for (let end = 0; end < source.length; end += 11) {
        await rerender({ source: source.slice(0, end), done: false })
      }
      await rerender({ source, done: true })
      await settled()
      const grown = container.cloneNode(true)
      unmount()

      const whole = render(Markdown, { props: { source } })
      await settled()
      expect(grown.isEqualNode(whole.container), source).toBe(true)
      whole.unmount()
    }
  })
})

test('another language needs only its words', () => {
  const words = { ...ENGLISH, table: 'Tabelle', image: (alt: string) => `Bild ${alt}` }
  render(Markdown, {
    props: { source: '| a |\n|--|\n| ![b](https://c.example) |' },
    global: { provide: { [MARKDOWN_WORDS]: words } },
  })

  expect(screen.getByRole('group', { name: 'Tabelle' })).toHaveTextContent('Bild b')
})

test('a text of more than a million characters is shown as it is', () => {
  const root = shown(`# ${'a'.repeat(1_000_000)}`)

  expect(root.tagName).toBe('PRE')
  expect(root.textContent).toHaveLength(1_000_002)
})

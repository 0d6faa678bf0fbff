import { render, screen } from '@testing-library/vue'
import { describe, expect, test, vi } from 'vitest'
import { h, nextTick } from 'vue'

import { ScrollArea } from '@/markdown/ScrollArea'

const observed: Element[] = []
let look = (): void => undefined

class Observer {
  constructor(changed: () => void) {
    look = changed
  }
  observe(element: Element): void {
    observed.push(element)
  }
  disconnect(): void {
    observed.length = 0
  }
}

function area(contentWidth: number): HTMLElement {
  vi.spyOn(Element.prototype, 'scrollWidth', 'get').mockReturnValue(contentWidth)
  vi.spyOn(Element.prototype, 'clientWidth', 'get').mockReturnValue(100)
  render(ScrollArea, {
    props: { tag: 'div', label: 'table' },
    slots: { default: () => h('table') },
  })
  return screen.getByRole('group', { name: 'table' })
}

describe('a part that may be wider than the page', () => {
  test('is a stop for the keyboard while there is something to scroll', async () => {
    vi.stubGlobal('ResizeObserver', Observer)
    const element = area(200)

    look()
    await nextTick()
    expect(element).toHaveAttribute('tabindex', '0')

    vi.spyOn(Element.prototype, 'scrollWidth', 'get').mockReturnValue(100)
    look()
    await nextTick()
    expect(element).not.toHaveAttribute('tabindex')
  })

  test('is looked at when it or what it holds changes its size', () => {
    vi.stubGlobal('ResizeObserver', Observer)
    const element = area(200)
    expect(observed).toEqual([element, element.firstElementChild])
  })

  test('is always a stop where sizes cannot be observed', () => {
    expect(area(100)).toHaveAttribute('tabindex', '0')
  })
})

import { render, screen, waitFor } from '@testing-library/vue'
import { expect, test, vi } from 'vitest'

import { Markdown } from '@/markdown'

const LONG = 'a_1 + a_2 + a_3 + a_4 + a_5 + a_6 + a_7 + a_8'

/** A layout in which a paragraph is as wide as told, and a part of a formula 300 wide. */
function layOut(paragraph: number): void {
  vi.spyOn(Element.prototype, 'clientWidth', 'get').mockReturnValue(paragraph)
  vi.spyOn(HTMLElement.prototype, 'offsetWidth', 'get').mockReturnValue(300)
}

test('a formula wider than its line scrolls on its own, by keyboard too', async () => {
  layOut(200)
  render(Markdown, { props: { source: `so $${LONG}$.` } })

  const formula = await screen.findByRole('group', { name: 'formula' })
  expect(formula).toHaveClass('md-math-wide')
  expect(formula).toHaveAttribute('tabindex', '0')
})

test('a formula that fits is part of its line', async () => {
  layOut(400)
  const { container } = render(Markdown, { props: { source: `so $${LONG}$.` } })

  await waitFor(() => {
    expect(container.querySelector('.katex')).not.toBeNull()
  })
  expect(screen.queryByRole('group')).toBeNull()
})

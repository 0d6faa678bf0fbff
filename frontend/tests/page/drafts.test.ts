import { screen, waitFor } from '@testing-library/vue'
import { expect, test } from 'vitest'

import { showPage } from '../support/page'
import { box } from '../support/sights'

test('a draft survives a reload, each conversation with its own', async () => {
  const first = showPage()
  first.server.addConversation('Other', [{ text: 'Hello' }])
  await screen.findByText('GPT-5.6 answers next')
  await first.user.type(box(), 'For a new one')
  await first.user.click(await screen.findByRole('link', { name: 'Other' }))
  await screen.findByText('Hello', { selector: 'p' })
  expect(box().value).toBe('')
  await first.user.type(box(), 'For the other')

  const second = first.reload()

  await waitFor(() => expect(box().value).toBe('For the other'))
  await second.user.click(screen.getByRole('link', { name: 'New chat' }))
  await waitFor(() => expect(box().value).toBe('For a new one'))
})

test('a draft is of one tab, and leaves the other tab’s alone', async () => {
  const { user } = showPage()
  await screen.findByText('GPT-5.6 answers next')

  await user.type(box(), 'Mine')

  expect(Object.keys(sessionStorage)).toEqual(['dragoman.draft.new'])
  expect(JSON.stringify(localStorage)).not.toContain('Mine')
})

test('a draft that was sent is gone, also after a reload', async () => {
  const first = showPage()
  await screen.findByText('GPT-5.6 answers next')
  await first.user.type(box(), 'Hm?{Enter}')
  await waitFor(() => expect(first.server.replies).toHaveLength(1))

  first.reload()

  await screen.findByText('Hm?', { selector: 'p' })
  expect(box().value).toBe('')
})

test('a text that is too long is kept, counted, and not sent', async () => {
  const { server, user } = showPage()
  await screen.findByText('GPT-5.6 answers next')
  await user.click(box())

  await user.paste('a'.repeat(10_003))
  await user.keyboard('{Enter}')

  expect(screen.getByText('3 characters too many')).toBeTruthy()
  expect(box().value).toHaveLength(10_003)
  expect(server.questions).toEqual([])
})

test('a browser that keeps nothing is no reason to fail', async () => {
  const kept = Object.getOwnPropertyDescriptor(window, 'sessionStorage')
  Object.defineProperty(window, 'sessionStorage', {
    configurable: true,
    get() {
      throw new DOMException('denied', 'SecurityError')
    },
  })
  try {
    const { user } = showPage()
    await screen.findByText('GPT-5.6 answers next')

    await user.type(box(), 'Hm?')

    expect(box().value).toBe('Hm?')
  } finally {
    if (kept !== undefined) Object.defineProperty(window, 'sessionStorage', kept)
  }
})

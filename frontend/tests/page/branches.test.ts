import { screen, waitFor } from '@testing-library/vue'
import { expect, test } from 'vitest'

import { showPage } from '../support/page'
import {
  ask,
  box,
  button,
  exchange,
  findButton,
  firstButton,
  nextReply,
  said,
} from '../support/sights'

test('an answer can be had again; the old one stays under the pager', async () => {
  const shown = showPage()
  await exchange(shown, 'Hm?', 'First.')

  await shown.user.click(button('Answer again'))
  const again = await nextReply(shown.server, 1)
  await waitFor(() => expect(document.activeElement).toBe(box()))
  again.token('Second.')
  again.complete()

  await screen.findByText('Second.')
  expect(screen.getByText('2 / 2')).toBeTruthy()
  expect(shown.server.questions[1]).toMatchObject({ retryOf: 'msg-2', model: 'gpt' })
  await shown.user.click(button('Previous version'))
  expect(said()).toEqual(['Hm?', 'First.'])
  expect(document.activeElement).toBe(button('Previous version'))
  expect(button('Previous version').getAttribute('aria-disabled')).toBe('true')
  await shown.user.click(button('Next version'))
  expect(said()).toEqual(['Hm?', 'Second.'])
})

test('the next question goes below the attempt that is shown', async () => {
  const shown = showPage()
  await exchange(shown, 'Hm?', 'First.')
  const first = shown.server.messagesOf('conv-1').at(-1)?.id
  await shown.user.click(button('Answer again'))
  const again = await nextReply(shown.server, 1)
  again.token('Second.')
  again.complete()
  await screen.findByText('Second.')
  await shown.user.click(button('Previous version'))

  await ask(shown, 'And then?')

  expect(shown.server.questions[2]).toMatchObject({ parentId: first })
  expect(said()).toEqual(['Hm?', 'First.', 'And then?', ''])
})

test('an answer can be had from another model', async () => {
  const shown = showPage()
  await exchange(shown, 'Hm?', 'First.')

  await shown.user.click(button('Answer again with another model'))
  await shown.user.keyboard('haiku{Enter}')
  const other = await nextReply(shown.server, 1)
  other.token('Second.')
  other.complete()

  await screen.findByText('Second.')
  expect(shown.server.questions[1]).toMatchObject({ retryOf: 'msg-2', model: 'claude' })
  expect(screen.getByRole('article', { name: 'Claude Haiku 4.5 answered' })).toBeTruthy()
  expect(button('Model: GPT-5.6. Change')).toBeTruthy()
})

test('a question in other words begins a branch, and the old one stays', async () => {
  const shown = showPage()
  await exchange(shown, 'One?', 'First.')
  await exchange(shown, 'Two?', 'Second.')

  await shown.user.click(firstButton('Edit'))
  const editor = screen.getByLabelText('Edit your message')
  await shown.user.clear(editor)
  await shown.user.type(editor, 'Uno?{Enter}')
  const reply = await nextReply(shown.server, 2)
  expect(document.activeElement).toBe(box())
  reply.token('Primo.')
  reply.complete()

  await screen.findByText('Primo.')
  expect(said()).toEqual(['Uno?', 'Primo.'])
  expect(shown.server.questions[2]).toMatchObject({ editOf: 'msg-2', message: 'Uno?' })
  await shown.user.click(button('Previous version'))
  expect(said()).toEqual(['One?', 'First.', 'Two?', 'Second.'])
})

test('an edit can be given up', async () => {
  const shown = showPage()
  await exchange(shown, 'One?', 'First.')
  await shown.user.click(button('Edit'))

  await shown.user.keyboard('xyz{Escape}')

  expect(said()).toEqual(['One?', 'First.'])
  await waitFor(() => expect(document.activeElement).toBe(button('Edit')))
  expect(shown.server.questions).toHaveLength(1)
})

test('while an answer is written nothing can be asked again', async () => {
  const shown = showPage()
  await exchange(shown, 'One?', 'First.')
  await ask(shown, 'Two?')

  await shown.user.click(firstButton('Answer again'))
  await shown.user.click(firstButton('Edit'))

  expect(screen.queryByLabelText('Edit your message')).toBeNull()
  expect(shown.server.questions).toHaveLength(2)
})

test('letters move from message to message, answer again and copy', async () => {
  const shown = showPage()
  await exchange(shown, 'One?', 'First.')
  screen.getAllByRole('article')[0]?.focus()

  await shown.user.keyboard('j')
  expect(document.activeElement).toBe(screen.getAllByRole('article')[1])
  await shown.user.keyboard('c')
  expect(await navigator.clipboard.readText()).toBe('First.')
  await shown.user.keyboard('k')
  expect(document.activeElement).toBe(screen.getAllByRole('article')[0])
  await shown.user.keyboard('jr')

  await waitFor(() => expect(shown.server.questions).toHaveLength(2))
})

test('letters are no keys for whoever does not want it', async () => {
  const shown = showPage()
  await exchange(shown, 'One?', 'First.')
  await shown.user.click(button('Preferences'))
  await shown.user.click(await screen.findByLabelText(/Single-letter keys/))
  await shown.user.click(button('Close'))
  screen.getAllByRole('article')[1]?.focus()

  await shown.user.keyboard('r')

  expect(shown.server.questions).toHaveLength(1)
})

test('a stored question without an answer can be asked again', async () => {
  const shown = showPage()
  shown.server.addConversation('Left alone', [{ text: 'Hello?' }])
  await shown.user.click(await screen.findByRole('link', { name: 'Left alone' }))

  await screen.findByText(/no answer yet/)
  await shown.user.click(await findButton('Retry'))

  await waitFor(() => expect(shown.server.questions[0]).toMatchObject({ retryOf: 'msg-2' }))
})

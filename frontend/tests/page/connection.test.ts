import { screen, waitFor } from '@testing-library/vue'
import { beforeEach, expect, test, vi } from 'vitest'

import { showPage } from '../support/page'
import { ask, box, button, exchange, findButton, nextReply, said } from '../support/sights'

beforeEach(() => {
  vi.useFakeTimers({ shouldAdvanceTime: true })
})

test('a server that does not answer is tried again, and what was missed is fetched', async () => {
  const shown = showPage()
  await screen.findByText('GPT-5.6 answers next')
  shown.server.isDown = true
  await shown.user.type(box(), 'Hm?{Enter}')

  await screen.findByText(/Dragoman does not answer\. What you type is kept\./)
  expect(screen.getByText(/Trying again in 1 s/)).toBeTruthy()
  await vi.advanceTimersByTimeAsync(1_500)
  expect(screen.getByText(/Trying again in \d s/)).toBeTruthy()
  shown.server.isDown = false
  shown.server.addConversation('Made meanwhile')
  await shown.user.click(button('Try now'))

  await screen.findByRole('link', { name: 'Made meanwhile' })
  expect(screen.queryByText(/Dragoman does not answer\. What/)).toBeNull()
  expect(box().value).toBe('Hm?')
})

test('without a network the page says so, and only if the server is out of reach', async () => {
  const shown = showPage()
  await screen.findByText('GPT-5.6 answers next')
  vi.spyOn(navigator, 'onLine', 'get').mockReturnValue(false)

  window.dispatchEvent(new Event('offline'))
  await vi.advanceTimersByTimeAsync(100)
  expect(screen.queryByText(/You are offline/)).toBeNull()
  shown.server.isDown = true
  window.dispatchEvent(new Event('offline'))

  await screen.findByText(/You are offline, and Dragoman does not answer/)
})

test('a line that breaks in mid-answer keeps the text, and the rest is fetched', async () => {
  const shown = showPage()
  const reply = await ask(shown, 'Hm?')
  reply.token('It was a dark ')
  await screen.findByText('It was a dark')
  shown.server.isDown = true

  reply.cut()

  await screen.findByText(/The line broke\. Looking for the rest of the answer/)
  expect(said()[1]).toBe('It was a dark')
  await vi.advanceTimersByTimeAsync(3_000)
  shown.server.isDown = false
  reply.token('and stormy ')
  await waitFor(() => expect(said()[1]).toBe('It was a dark and stormy'))
  reply.finishAlone('It was a dark and stormy night.')
  await vi.advanceTimersByTimeAsync(2_000)
  await screen.findByText('It was a dark and stormy night.')
  await findButton('Send')
})

test('a line that breaks for good says what became of the answer', async () => {
  const shown = showPage()
  const reply = await ask(shown, 'Hm?')
  reply.token('It was a dark ')
  await screen.findByText('It was a dark')

  reply.cut()
  reply.stop()

  await screen.findByText('Stopped. What was written is kept.')
  expect(said()[1]).toBe('It was a dark')
})

test('an answer whose line broke can be stopped', async () => {
  const shown = showPage()
  const reply = await ask(shown, 'Hm?')
  reply.token('It was a dark ')
  await screen.findByText('It was a dark')
  reply.cut()
  await screen.findByText(/The line broke/)

  await shown.user.click(await findButton('Stop'))

  await screen.findByText('Stopped. What was written is kept.')
  expect(shown.server.messagesOf('conv-1').at(-1)).toMatchObject({ state: 'cancelled' })
})

test('Stop lets go of a server that does not answer, and what it wrote since is shown', async () => {
  const shown = showPage()
  const reply = await ask(shown, 'Hm?')
  reply.token('It was a dark ')
  await screen.findByText('It was a dark')
  shown.server.isDown = true
  reply.cut()
  await screen.findByText(/The line broke/)

  await shown.user.click(await findButton('Stop'))

  await screen.findByText('Stopped. What was written is kept.')
  reply.finishAlone('It was a dark and stormy night.')
  shown.server.isDown = false
  await vi.advanceTimersByTimeAsync(8_000)
  await screen.findByText('It was a dark and stormy night.')
  expect(screen.queryByText(/Stopped/)).toBeNull()
})

test('a reload in mid-answer shows what there is, then the rest', async () => {
  const first = showPage()
  const reply = await ask(first, 'Hm?')
  reply.token('It was a dark ')
  await screen.findByText('It was a dark')

  const second = first.reload()

  await screen.findByText('The answer is being written')
  expect(said()).toEqual(['Hm?', 'It was a dark'])
  await screen.findByRole('link', { name: /^Hm\?.*an answer is being written/ })
  reply.token('and stormy ')
  await vi.advanceTimersByTimeAsync(1_100)
  await waitFor(() => expect(said()[1]).toBe('It was a dark and stormy'))
  reply.finishAlone('It was a dark and stormy night.')
  await vi.advanceTimersByTimeAsync(1_100)
  await screen.findByText('It was a dark and stormy night.')
  await screen.findByRole('link', { name: 'Hm?' })
  const looks = (): number =>
    second.server.received.filter(({ path }) => path === 'conversations/conv-1').length
  const before = looks()
  await vi.advanceTimersByTimeAsync(5_000)
  expect(looks()).toBe(before)
})

test('a reload stops nothing, and an answer can be stopped after it', async () => {
  const first = showPage()
  const reply = await ask(first, 'Hm?')
  reply.token('It was a dark ')
  await screen.findByText('It was a dark')

  const second = first.reload()
  await screen.findByText('The answer is being written')
  const stops = (): string[] =>
    second.server.received.map(({ path }) => path).filter((path) => path.endsWith('/stop'))
  expect(stops()).toEqual([])

  await second.user.click(await findButton('Stop'))

  await screen.findByText('Stopped. What was written is kept.')
  expect(stops()).toEqual([`messages/${reply.id}/stop`])
  expect(said()[1]).toBe('It was a dark')
  await findButton('Send')
})

test('a server that was stopped in mid-answer left it broken off', async () => {
  const shown = showPage()
  await exchange(shown, 'Hm?', 'First.')
  const [user, reply] = shown.server.exchangeOf('conv-1')
  shown.server.replaceMessages('conv-1', [user, { ...reply, state: 'interrupted' }])

  shown.reload()

  await screen.findByText(/Broken off, because the server stopped\. What was written is kept\./)
})

test('messages above those loaded come on request', async () => {
  const shown = showPage()
  const id = shown.server.addConversation(
    'Long',
    Array.from({ length: 6 }, (_, index) => ({
      text: `Message ${index}`,
      sender: index % 2 === 0 ? ('user' as const) : ('system' as const),
      timestamp: new Date(Date.now() - 60_000 + index).toISOString(),
    })),
  )
  shown.server.pageOfMessages = 2
  await shown.user.click(await screen.findByRole('link', { name: 'Long' }))
  await screen.findByText('Message 5')
  expect(said()).toEqual(['Message 4', 'Message 5'])

  await shown.user.click(button('Show earlier messages'))
  await screen.findByText('Message 2')
  await shown.user.click(button('Show earlier messages'))

  await screen.findByText('Message 0')
  expect(said()).toHaveLength(6)
  expect(screen.queryByRole('button', { name: 'Show earlier messages' })).toBeNull()
  expect(shown.server.messagesOf(id)).toHaveLength(6)
})

test('a question that nobody heard leaves what is read as it is', async () => {
  const shown = showPage()
  await exchange(shown, 'One?', 'First.')
  shown.server.isDown = true

  await shown.user.type(box(), 'Two?{Enter}')

  await screen.findByText('The message was not sent')
  expect(said()).toEqual(['One?', 'First.'])
})

test('another attempt that nobody heard leaves the one that is read', async () => {
  const shown = showPage()
  await exchange(shown, 'One?', 'First.')
  await shown.user.click(button('Answer again'))
  const second = await nextReply(shown.server, 1)
  second.token('Second.')
  second.complete()
  await shown.user.click(await findButton('Previous version'))
  expect(said()).toEqual(['One?', 'First.'])
  shown.server.isDown = true

  await shown.user.click(button('Answer again'))

  await screen.findByText('The message was not sent')
  expect(said()).toEqual(['One?', 'First.'])
})

test('what is asked before the page has caught up stands below what was said', async () => {
  const shown = showPage()
  await exchange(shown, 'One?', 'First.')
  shown.server.isDown = true
  await shown.user.type(box(), 'Two?{Enter}')
  await screen.findByText('The message was not sent')
  shown.server.isDown = false
  const release = shown.server.holdReads()
  await shown.user.click(button('Try now'))
  await waitFor(() => expect(screen.queryByText(/Dragoman does not answer\. What/)).toBeNull())

  await shown.user.click(button('Send'))
  const reply = await nextReply(shown.server, 1)
  release()
  reply.token('Second.')
  reply.complete()

  await waitFor(() => expect(said()).toEqual(['One?', 'First.', 'Two?', 'Second.']))
  const [, answer] = shown.server.exchangeOf('conv-1')
  expect(shown.server.questions.at(-1)).toMatchObject({ parentId: answer.id })
})

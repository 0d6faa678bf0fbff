import { screen, waitFor } from '@testing-library/vue'
import { expect, test } from 'vitest'

import { showPage } from '../support/page'
import { ask, box, button, exchange, findButton, said } from '../support/sights'

test('a question is asked, and its answer streams in', async () => {
  const shown = showPage()

  const reply = await ask(shown, 'What is a dragoman?')
  expect(said()).toEqual(['What is a dragoman?', ''])
  expect(box().value).toBe('')
  expect(document.activeElement).toBe(box())
  await screen.findByText(/Waiting for GPT-5.6/)
  reply.token('An **inter')
  await waitFor(() => expect(said()[1]).toBe('An inter'))
  reply.token('preter**.')
  reply.complete()

  await screen.findByText('410 ms to first token')
  expect(screen.getByText('interpreter').tagName).toBe('STRONG')
  expect(screen.getByText('92 tok/s')).toBeTruthy()
  expect(screen.getByText('812 → 344 tokens')).toBeTruthy()
  expect(shown.server.questions).toEqual([
    { conversationId: 'conv-1', message: 'What is a dragoman?', model: 'gpt' },
  ])
})

test('what its model was not told stands below an answer', async () => {
  const shown = showPage()

  const reply = await ask(shown, 'What is a dragoman?')
  reply.token('An interpreter.')
  const receipts = [
    { field: 'temperature', action: 'dropped', reason: 'this model takes none' },
    { field: 'system', action: 'renamed', reason: 'it stands elsewhere' },
  ] as const
  reply.complete({ receipts: [...receipts] })

  await screen.findByText('Asked without temperature: this model takes none')
  expect(screen.queryByText(/it stands elsewhere/)).toBeNull()
})

test('the conversation has an address and the title of its first question', async () => {
  const shown = showPage()

  await exchange(shown, 'What is a dragoman?', 'An interpreter.')

  expect(window.location.hash).toBe('#/c/conv-1')
  expect(screen.getByRole('heading', { level: 1 }).textContent).toBe('What is a dragoman?')
  expect(screen.getByRole('link', { name: 'What is a dragoman?' })).toBeTruthy()
  expect(document.title).toBe('What is a dragoman? · Dragoman')
})

test('the title is there with the question, and the server has the last word on it', async () => {
  const shown = showPage()
  const release = shown.server.holdReplies()

  await ask(shown, `${'word '.repeat(11)}four, and more`)
  const title = (): string | null => screen.getByRole('heading', { level: 1 }).textContent
  await waitFor(() => expect(title()).toBe(`${'word '.repeat(11)}four…`))
  expect(screen.getByRole('link', { name: new RegExp(`^${'word '.repeat(11)}four…`) })).toBeTruthy()

  release()
  await waitFor(() => expect(title()).toBe(`${'word '.repeat(11)}four,`))
})

test('the next question goes below the answer that is shown', async () => {
  const shown = showPage()
  await exchange(shown, 'One?', 'First.')

  await exchange(shown, 'Two?', 'Second.')

  expect(said()).toEqual(['One?', 'First.', 'Two?', 'Second.'])
  expect(shown.server.questions[1]).toMatchObject({ message: 'Two?', parentId: 'msg-3' })
})

test('Shift+Enter begins a new line, and a blank text is not sent', async () => {
  const { server, user } = showPage()
  await screen.findByText('GPT-5.6 answers next')

  await user.type(box(), '  {Enter}')
  await user.clear(box())
  await user.type(box(), 'one{Shift>}{Enter}{/Shift}two')

  expect(box().value).toBe('one\ntwo')
  expect(server.questions).toEqual([])
})

test('on glass, where there is no Shift to it, Enter begins a new line', async () => {
  const { server, user } = showPage({ touch: true })
  await screen.findByText('GPT-5.6 answers next')

  await user.type(box(), 'one{Enter}two')

  expect(box().value).toBe('one\ntwo')
  await user.click(button('Send'))
  await waitFor(() => expect(server.questions).toMatchObject([{ message: 'one\ntwo' }]))
})

test('a word that is being composed is not sent by its Enter', async () => {
  const { server, user } = showPage()
  await screen.findByText('GPT-5.6 answers next')
  await user.type(box(), '日本')

  box().dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', isComposing: true }))

  expect(box().value).toBe('日本')
  expect(server.questions).toEqual([])
})

test.each([
  ['the button', (shown: ReturnType<typeof showPage>) => shown.user.click(button('Stop'))],
  ['Escape', (shown: ReturnType<typeof showPage>) => shown.user.keyboard('{Escape}')],
])('%s stops the answer, and what was written is kept', async (_, stop) => {
  const shown = showPage()
  const reply = await ask(shown, 'Tell me everything')
  reply.token('It began with')
  await screen.findByText('It began with')

  await stop(shown)

  await screen.findByText('Stopped. What was written is kept.')
  expect(said()).toEqual(['Tell me everything', 'It began with'])
  expect(shown.server.messagesOf('conv-1').at(-1)).toMatchObject({ state: 'cancelled' })
  await findButton('Send')
})

test('an answer can be stopped before its first word', async () => {
  const shown = showPage()
  await ask(shown, 'Hm?')

  await shown.user.keyboard('{Escape}')

  await screen.findByText('Stopped before the first word.')
})

test('an answer can be stopped before the server has told of it', async () => {
  const shown = showPage()
  const release = shown.server.holdReplies()
  const reply = await ask(shown, 'Hm?')

  await shown.user.click(button('Stop'))
  await waitFor(() => expect(reply.isOver).toBe(true))
  release()

  await screen.findByText('Stopped before the first word.')
  expect(shown.server.messagesOf('conv-1').at(-1)).toMatchObject({ state: 'cancelled' })
  expect(said()).toEqual(['Hm?', ''])
  expect(box().value).toBe('')
})

test('a stopped answer can be continued', async () => {
  const shown = showPage()
  const reply = await ask(shown, 'Tell me everything')
  reply.token('It began with')
  await screen.findByText('It began with')
  await shown.user.keyboard('{Escape}')

  await shown.user.click(await findButton('Continue'))

  await waitFor(() => expect(shown.server.questions).toHaveLength(2))
  expect(shown.server.questions[1]).toMatchObject({ parentId: reply.id })
})

test('what is typed during an answer stays until it can be sent', async () => {
  const shown = showPage()
  await ask(shown, 'One?')

  await shown.user.type(box(), 'Two?{Enter}')

  expect(box().value).toBe('Two?')
  expect(shown.server.questions).toHaveLength(1)
})

test('an answer goes on while one looks at another conversation', async () => {
  const shown = showPage()
  shown.server.addConversation('Other', [{ text: 'Hello' }])
  const reply = await ask(shown, 'Long?')
  reply.token('This is ')

  await shown.user.click(await screen.findByRole('link', { name: 'Other' }))
  await screen.findByText('Hello', { selector: 'p' })
  reply.token('long.')
  reply.complete()
  await shown.user.click(await screen.findByRole('link', { name: /^Long\?/ }))

  await screen.findByText('This is long.')
  expect(shown.server.messagesOf('conv-3').at(-1)).toMatchObject({ state: 'complete' })
})

test('thoughts are folded away, and are not the answer', async () => {
  const shown = showPage()
  const reply = await ask(shown, 'Why?')

  reply.reasoning('Let me see.')
  await screen.findByText('Thinking')
  reply.token('Because.')
  reply.complete()

  await screen.findByText('Because.')
  expect(screen.getByText('How it got there')).toBeTruthy()
  expect(said()[1]).toBe('Because.')
})

test('an answer that was cut at its limit says so', async () => {
  const shown = showPage()
  const reply = await ask(shown, 'Count')

  reply.token('1, 2, 3')
  reply.complete({ stopReason: 'length' })

  await screen.findByText('Cut at the token limit.')
})

const UNCOUNTED = {
  inputTokens: null,
  outputTokens: null,
  totalTokens: null,
  cacheReadTokens: null,
  cacheWriteTokens: null,
  reasoningTokens: null,
}

test('a count that nobody told is left out, not shown as nought', async () => {
  const shown = showPage()
  const reply = await ask(shown, 'Hm?')

  reply.token('Hm.')
  reply.complete({ usage: UNCOUNTED, timing: { firstTokenMs: null, totalMs: 900 } })

  await screen.findByText('Hm.')
  await findButton('Send')
  expect(screen.queryByText(/tok\/s|tokens|first token/)).toBeNull()
})

test('the arrow up in an empty box edits the last question', async () => {
  const shown = showPage()
  await exchange(shown, 'One?', 'First.')

  await shown.user.click(box())
  await shown.user.keyboard('{ArrowUp}')

  const editor = screen.getByLabelText<HTMLTextAreaElement>('Edit your message')
  expect(editor.value).toBe('One?')
  await waitFor(() => expect(document.activeElement).toBe(editor))
})

test('a starter fills the box', async () => {
  const { user } = showPage()

  await user.click(await findButton(/how a rainbow/))

  expect(box().value).toContain('rainbow')
  expect(document.activeElement).toBe(box())
})

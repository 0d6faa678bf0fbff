import { screen, waitFor, within } from '@testing-library/vue'
import { expect, test, vi } from 'vitest'

import type { Failure, Message } from '@/api/types'
import { words } from '@/lib/words'

import { RATE_LIMIT } from '../fake/showcase'
import { showPage } from '../support/page'
import { ask, box, button, findButton, nextReply, said } from '../support/sights'

const failure = (category: string, facts: Partial<Failure> = {}): Failure => ({
  code: 'LLM_ERROR',
  reason: category,
  message: `openai had trouble of the kind ${category}`,
  detail: { category, provider: 'openai', model: 'gpt' },
  ...facts,
})

const CATEGORIES = Object.keys(words.failure.titles).filter(
  (category) => category !== 'cancelled' && category !== 'storage',
)

test.each(CATEGORIES)('the category %s has a card of its own words', async (category) => {
  const shown = showPage()
  const reply = await ask(shown, 'Hm?')

  reply.fail(failure(category))

  const titles = words.failure.titles as Record<string, (provider: string) => string>
  const title = titles[category]?.('OpenAI') ?? ''
  const card = await screen.findByRole('region', { name: title })
  expect(within(card).getByText(/had trouble/, { selector: 'p' })).toBeTruthy()
  expect(within(card).getByText('Your message is kept.')).toBeTruthy()
  const way = /^Retry with (Claude|GPT-5 mini)|^New chat$/
  expect(within(card).getByRole('button', { name: way })).toBeTruthy()
})

test('a refusal before the first word becomes a card with a countdown, then Retry works', async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true })
  const shown = showPage()
  await screen.findByText('GPT-5.6 answers next')
  const limited = { ...RATE_LIMIT, detail: { ...RATE_LIMIT.detail, provider: 'openai' } }
  shown.server.refuseNext(503, limited)

  await shown.user.type(box(), 'Hm?{Enter}')

  const card = await screen.findByRole('region', { name: 'OpenAI is limiting requests' })
  const retry = within(card).getByRole('button', { name: /^Retry in (20|19) s$/ })
  expect(box().value).toBe('')
  await shown.user.click(retry)
  expect(shown.server.questions).toHaveLength(1)
  await vi.advanceTimersByTimeAsync(10_000)
  expect(retry.textContent).toMatch(/Retry in (10|9) s/)
  await vi.advanceTimersByTimeAsync(11_000)
  expect(retry.textContent?.trim()).toBe('Retry')

  await shown.user.click(retry)
  const reply = await nextReply(shown.server, 0)
  reply.token('Here.')
  reply.complete()
  await screen.findByText('Here.')
  expect(shown.server.questions[1]).toEqual({
    conversationId: 'conv-1',
    retryOf: 'msg-2',
    model: 'gpt',
  })
  expect(screen.getByText('2 / 2')).toBeTruthy()
})

/** Opens a conversation whose answer was begun `ago` ms ago, and failed after `took`. */
async function openLimited({ ago, took }: { ago: number; took: number }): Promise<HTMLElement> {
  const shown = showPage()
  const id = shown.server.addConversation('Limited', [{ text: 'Hm?' }])
  const [question] = shown.server.messagesOf(id)
  if (question === undefined) throw new Error('there is no question')
  const reply: Message = {
    ...question,
    id: 'msg-limited',
    sender: 'system',
    text: '',
    state: 'error',
    model: 'gpt',
    provider: 'openai',
    parentId: question.id,
    timestamp: new Date(Date.now() - ago).toISOString(),
    timing: { firstTokenMs: null, totalMs: took },
    error: RATE_LIMIT,
  }
  shown.server.store(id, reply)
  await shown.user.click(await screen.findByRole('link', { name: 'Limited' }))
  return await findButton(/^Retry( in \d+ s)?$/)
}

test.each([
  [
    'a countdown that was seen before goes on where it is',
    { ago: 15_000, took: 5_000 },
    /in (10|9) s/,
  ],
  ['a wait that is over is over after a reload too', { ago: 60_000, took: 5_000 }, /^Retry$/],
  ['a clock that goes wrong makes no wait longer', { ago: -60_000, took: 0 }, /in (20|19) s/],
])('%s', async (_, failed, label) => {
  vi.useFakeTimers({ shouldAdvanceTime: true })

  const retry = await openLimited(failed)

  expect(retry.textContent?.trim()).toMatch(label)
})

test('a wait that was cut to what the provider asked for passes like any other', async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true })
  const retry = await openLimited({ ago: -60_000, took: 0 })

  await vi.advanceTimersByTimeAsync(21_000)

  expect(retry.textContent?.trim()).toBe('Retry')
})

test('a limited answer can be had from a ready model of another provider', async () => {
  const shown = showPage()
  const reply = await ask(shown, 'Hm?')
  reply.fail(failure('overloaded'))

  await shown.user.click(await findButton('Retry with Claude Haiku 4.5'))

  const other = await nextReply(shown.server, 1)
  other.token('Here.')
  other.complete()
  await screen.findByText('Here.')
  expect(shown.server.questions[1]).toMatchObject({ retryOf: 'msg-2', model: 'claude' })
  await waitFor(() => expect(document.activeElement).toBe(box()))
})

test('of a conversation that is too long only a model with a larger window can be asked', async () => {
  const shown = showPage()
  await screen.findByText('GPT-5.6 answers next')
  await shown.user.click(button(/^Model/))
  await shown.user.keyboard('Haiku{Enter}')
  const reply = await ask(shown, 'Hm?')

  reply.fail(failure('context_too_long', { detail: { category: 'context_too_long' } }))

  await findButton('Retry with GPT-5.6')
  const card = screen.getByRole('region', { name: /too long/ })
  expect(within(card).getByRole('button', { name: 'New chat' })).toBeTruthy()
})

test('what was written before an answer broke off is kept, and counted', async () => {
  const shown = showPage()
  const reply = await ask(shown, 'Hm?')
  reply.token('It was a dark ')

  reply.fail(failure('stream_interrupted'))

  await screen.findByText('The 14 characters above are kept.')
  expect(said()[1]).toBe('It was a dark')
})

test('the details are folded, complete, and without keys', async () => {
  const shown = showPage()
  const reply = await ask(shown, 'Hm?')
  const message = 'Incorrect API key provided: sk-abcdefghijklmnop1234. Bearer abcdefgh12345678'

  reply.fail({
    code: 'AUTH_ERROR',
    reason: 'upstream_auth',
    message,
    detail: { category: 'authentication', provider: 'openai', vendorRequestId: 'req_48f6' },
  })

  const details = (await screen.findByText('Details')).closest('details')
  expect(details?.open).toBe(false)
  expect(details?.textContent).toMatch(/AUTH_ERROR.*upstream_auth.*req_48f6.*req-1/s)
  expect(document.body.textContent).not.toMatch(/sk-abc|Bearer abc/)
})

test('a message that the provider cannot work with can be put in other words', async () => {
  const shown = showPage()
  const reply = await ask(shown, 'Hm?')
  reply.fail(failure('invalid_request'))

  await shown.user.click(await findButton('Edit the message'))

  expect(screen.getByLabelText<HTMLTextAreaElement>('Edit your message').value).toBe('Hm?')
})

test('a question that our own server turns down goes back to the box, with the reason', async () => {
  const shown = showPage()
  await screen.findByText('GPT-5.6 answers next')
  const message = 'message: must not be blank'
  shown.server.refuseNext(422, { code: 'INVALID_REQUEST', reason: 'validation', message })

  await shown.user.type(box(), 'Hm?{Enter}')

  const alert = await screen.findByText('The message was not sent')
  expect(alert.closest('[role=alert]')?.textContent).toContain(message)
  expect(box().value).toBe('Hm?')
  await shown.user.click(button('Dismiss'))
  expect(screen.queryByText('The message was not sent')).toBeNull()
})

test('a question that nobody answers goes back to the box', async () => {
  const shown = showPage()
  await screen.findByText('GPT-5.6 answers next')
  shown.server.isDown = true

  await shown.user.type(box(), 'Hm?{Enter}')

  await screen.findByText('The message was not sent')
  expect(box().value).toBe('Hm?')
})

test('a second question to a conversation that another tab asks waits in the box', async () => {
  const shown = showPage()
  const id = shown.server.addConversation('Shared', [{ text: 'One?' }])
  await shown.user.click(await screen.findByRole('link', { name: 'Shared' }))
  await screen.findByText('One?', { selector: 'p' })
  shown.server.writeElsewhere(id, 'Half an ans')

  await shown.user.type(box(), 'Two?{Enter}')

  await screen.findByText(/a reply is being written in this conversation/)
  expect(box().value).toBe('Two?')
  expect(said()).toEqual(['One?', 'Half an ans'])
})

test('an answer that another tab asked for can be stopped here', async () => {
  const shown = showPage()
  const id = shown.server.addConversation('Shared', [{ text: 'One?' }])
  shown.server.writeElsewhere(id, 'Half an ans')
  await shown.user.click(await screen.findByRole('link', { name: 'Shared' }))

  await shown.user.click(await findButton('Stop'))

  await screen.findByText('Stopped. What was written is kept.')
  await findButton('Send')
})

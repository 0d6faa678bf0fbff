import { screen, waitFor } from '@testing-library/vue'
import { expect, test } from 'vitest'

import type { Channel } from '@/stores/tabs'

import { showPage } from '../support/page'
import { ask, box, exchange, said } from '../support/sights'

/** The other tab: hears what this one says, and can say something itself. */
function otherTab(): Channel & { heard: unknown[]; say(change: object): void } {
  const target = new EventTarget()
  const heard: unknown[] = []
  return {
    heard,
    postMessage: (message) => void heard.push(message),
    addEventListener: (type, listener) => target.addEventListener(type, listener as EventListener),
    close: () => undefined,
    say: (data) => void target.dispatchEvent(new MessageEvent('message', { data })),
  }
}

test('what another tab asked appears below, and what is typed here stays', async () => {
  const channel = otherTab()
  const shown = showPage({ channel })
  await exchange(shown, 'One?', 'First.')
  await shown.user.type(box(), 'Half a thou')
  const { server } = shown
  const [, last] = server.exchangeOf('conv-1')
  const user = { ...last, id: 'u2', sender: 'user' as const, text: 'Two?', parentId: last.id }
  server.store('conv-1', user)
  server.store('conv-1', { ...last, id: 'r2', text: 'Second.', parentId: 'u2' })

  channel.say({ of: 'conversation', id: 'conv-1' })

  await waitFor(() => expect(said()).toEqual(['One?', 'First.', 'Two?', 'Second.']))
  expect(box().value).toBe('Half a thou')
})

test('another tab’s attempt does not turn the page away from the one that is read', async () => {
  const channel = otherTab()
  const shown = showPage({ channel })
  await exchange(shown, 'One?', 'First.')
  const [, last] = shown.server.exchangeOf('conv-1')
  shown.server.store('conv-1', { ...last, id: 'r2', text: 'Second.' })

  channel.say({ of: 'conversation', id: 'conv-1' })

  await screen.findByText('1 / 2')
  expect(said()).toEqual(['One?', 'First.'])
})

test('a conversation that another tab deleted leaves the list', async () => {
  const channel = otherTab()
  const shown = showPage({ channel })
  const id = shown.server.addConversation('Other')
  await screen.findByRole('link', { name: 'Other' })
  shown.server.drop(id)

  channel.say({ of: 'conversation', id })

  await waitFor(() => expect(screen.queryByRole('link', { name: 'Other' })).toBeNull())
})

test('the other tabs are told when a question is stored and when its answer has ended', async () => {
  const channel = otherTab()
  const shown = showPage({ channel })

  const reply = await ask(shown, 'One?')
  await waitFor(() => expect(channel.heard).toEqual([{ of: 'conversation', id: 'conv-1' }]))
  reply.complete()

  await waitFor(() => expect(channel.heard).toHaveLength(2))
})

test('an answer of the server that was overtaken does not undo what was asked since', async () => {
  const channel = otherTab()
  const shown = showPage({ channel })
  await exchange(shown, 'One?', 'First.')
  const release = shown.server.holdReads()
  channel.say({ of: 'conversation', id: 'conv-1' })
  await waitFor(() => expect(shown.server.received.at(-1)?.path).toBe('conversations/conv-1'))

  await ask(shown, 'Two?')
  release()
  await new Promise((wake) => setTimeout(wake, 50))

  expect(said()).toEqual(['One?', 'First.', 'Two?', ''])
})

test('whoever comes back to the page sees what happened meanwhile', async () => {
  const shown = showPage()
  await screen.findByText('GPT-5.6 answers next')
  shown.server.addConversation('Made elsewhere')

  window.dispatchEvent(new Event('focus'))

  await screen.findByRole('link', { name: 'Made elsewhere' })
})

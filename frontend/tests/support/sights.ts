// What a test looks at, by the names that people have for it.
import { screen, waitFor } from '@testing-library/vue'
import { expect } from 'vitest'

import type { FakeReply } from '../fake/reply'
import type { Shown } from './page'

export const box = (): HTMLTextAreaElement => screen.getByLabelText('Message')

// To ask of every element whether it can be seen takes long in jsdom; the browser tests do.
const hidden = true

export const button = (name: string | RegExp): HTMLElement =>
  screen.getByRole('button', { name, hidden })

export function firstButton(name: string | RegExp): HTMLElement {
  const [first] = screen.getAllByRole('button', { name, hidden })
  if (first === undefined) throw new Error(`there is no button ${String(name)}`)
  return first
}

export const findButton = (name: string | RegExp): Promise<HTMLElement> =>
  screen.findByRole('button', { name, hidden })

/** The messages of the shown branch, as one reads them. */
export const said = (): string[] =>
  Array.from(
    document.querySelectorAll('article'),
    (article) => article.querySelector('.bubble, .text')?.textContent?.trim() ?? '',
  )

/** Asks, and gives the reply that is being written to it. */
export async function ask({ server, user }: Shown, text: string): Promise<FakeReply> {
  const before = server.replies.length
  await waitFor(() => expect(button(/^Model: /).textContent).not.toContain('No model'))
  await user.click(box())
  await user.paste(text)
  await user.keyboard('{Enter}')
  return nextReply(server, before)
}

/** The reply that begins after the `before` there were. */
export async function nextReply(
  server: Shown['server'],
  before = server.replies.length,
): Promise<FakeReply> {
  await waitFor(() => expect(server.replies.length).toBeGreaterThan(before))
  return server.lastReply
}

/** Asks, and lets the whole answer come. */
export async function exchange(shown: Shown, question: string, answer: string): Promise<void> {
  const reply = await ask(shown, question)
  reply.token(answer)
  reply.complete()
  await screen.findByText(answer)
  await findButton('Send')
}

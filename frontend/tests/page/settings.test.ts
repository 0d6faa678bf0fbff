import { screen, waitFor } from '@testing-library/vue'
import { expect, test } from 'vitest'

import { showPage } from '../support/page'
import { ask, button, exchange } from '../support/sights'

const open = async ({ user }: ReturnType<typeof showPage>): Promise<void> => {
  await user.click(button(/^Settings of this conversation/))
  await screen.findByLabelText('Temperature')
}

test('the settings of a conversation are saved, only those that were changed', async () => {
  const shown = showPage()
  await exchange(shown, 'One?', 'First.')
  await open(shown)

  await shown.user.type(screen.getByLabelText(/^System prompt/), 'Be brief.')
  await shown.user.type(screen.getByLabelText('Temperature'), '0,3')
  await shown.user.click(button('Save'))

  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull())
  const body = { systemPrompt: 'Be brief.', temperature: 0.3 }
  expect(shown.server.received.at(-1)).toMatchObject({ method: 'PATCH', body })
  expect(Object.keys(shown.server.received.at(-1)?.body ?? {})).toEqual(Object.keys(body))
  await open(shown)
  expect(screen.getByLabelText<HTMLInputElement>('Temperature').value).toBe('0.3')
})

test('what is set before the first question goes with the new conversation', async () => {
  const shown = showPage()
  await screen.findByText('GPT-5.6 answers next')
  await open(shown)
  await shown.user.type(screen.getByLabelText('Longest answer, in tokens'), '100')
  await shown.user.click(button('Save'))

  await ask(shown, 'Hm?')

  expect(shown.server.conversation('conv-1')).toMatchObject({ maxTokens: 100, model: 'gpt' })
})

test.each([
  ['Temperature', '3', 'A number from 0 to 2, or nothing.'],
  ['Temperature', 'warm', 'A number from 0 to 2, or nothing.'],
  ['Longest answer, in tokens', '0', 'A whole number above 0, or nothing.'],
  ['Longest answer, in tokens', '1.5', 'A whole number above 0, or nothing.'],
])('%s cannot be %s', async (label, typed, problem) => {
  const shown = showPage()
  await exchange(shown, 'One?', 'First.')
  await open(shown)

  await shown.user.type(screen.getByLabelText(label), typed)
  await shown.user.click(button('Save'))

  expect(screen.getByText(problem)).toBeTruthy()
  expect(screen.getByLabelText(label).getAttribute('aria-invalid')).toBe('true')
  expect(shown.server.received.some(({ method }) => method === 'PATCH')).toBe(false)
})

test('settings that the server does not take stay open, with the reason', async () => {
  const shown = showPage()
  await exchange(shown, 'One?', 'First.')
  await open(shown)
  shown.server.isDown = true

  await shown.user.type(screen.getByLabelText('Temperature'), '1')
  await shown.user.click(button('Save'))

  await screen.findByText(/is the server running/)
  expect(screen.getByLabelText<HTMLInputElement>('Temperature').value).toBe('1')
})

test('light and dark are chosen here, and stay', async () => {
  const shown = showPage()
  await shown.user.click(button('Preferences'))

  await shown.user.click(await screen.findByLabelText('Dark'))
  expect(document.documentElement.dataset['theme']).toBe('dark')
  shown.reload()
  expect(document.documentElement.dataset['theme']).toBe('dark')

  await shown.user.click(button('Preferences'))
  await shown.user.click(await screen.findByLabelText('As the system'))
  expect(document.documentElement.dataset['theme']).toBeUndefined()
})

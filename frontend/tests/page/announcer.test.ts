import { screen, waitFor } from '@testing-library/vue'
import { expect, test } from 'vitest'

import { RATE_LIMIT } from '../fake/showcase'
import { showPage, type Shown } from '../support/page'
import { ask, button } from '../support/sights'

const heard = (): (string | null)[] =>
  Array.from(screen.getByRole('log').children, (child) => child.textContent)

async function tell({ user }: Shown, what: string): Promise<void> {
  await user.click(button('Preferences'))
  await user.click(await screen.findByLabelText(what))
  await user.click(button('Close'))
}

test('a screen reader is told when an answer begins and ends, and not its tokens', async () => {
  const shown = showPage()

  const reply = await ask(shown, 'Hm?')
  reply.token('One sentence. ')
  await screen.findByText('One sentence.')
  reply.token('Another.')
  reply.complete()

  await waitFor(() =>
    expect(heard()).toEqual(['GPT-5.6 answers.', 'The answer is complete: 3 words.']),
  )
})

test('whoever wants it is read each sentence once it is whole', async () => {
  const shown = showPage()
  await tell(shown, 'Each sentence as it is written')

  const reply = await ask(shown, 'Hm?')
  reply.token('One **sent')
  await screen.findByText(/One/)
  expect(heard()).toEqual(['GPT-5.6 answers.'])
  reply.token('ence**. Ano')
  await waitFor(() => expect(heard()).toEqual(['GPT-5.6 answers.', 'One sentence.']))
  reply.token('ther.')
  reply.complete()

  await waitFor(() => expect(heard()).toHaveLength(4))
  expect(heard().slice(2)).toEqual(['Another.', 'The answer is complete: 3 words.'])
})

test('whoever wants nothing is told nothing', async () => {
  const shown = showPage()
  await tell(shown, 'Nothing')

  const reply = await ask(shown, 'Hm?')
  reply.token('One sentence.')
  reply.complete()

  await screen.findByText('One sentence.')
  await screen.findByText('410 ms to first token')
  expect(heard()).toEqual([])
})

test('an error and a stop are announced once', async () => {
  const shown = showPage()
  const reply = await ask(shown, 'Hm?')
  reply.fail(RATE_LIMIT)
  await waitFor(() => expect(heard().at(-1)).toBe('Error: OpenAI is limiting requests.'))

  await ask(shown, 'And now?')
  await shown.user.keyboard('{Escape}')

  await waitFor(() => expect(heard().at(-1)).toBe('The answer is stopped.'))
  expect(heard()).toHaveLength(4)
})

test('the text that is being written stands in no live region', async () => {
  const shown = showPage()
  const reply = await ask(shown, 'Hm?')

  reply.token('Growing')

  const text = await screen.findByText('Growing')
  expect(text.closest('[aria-live], [role=log], [role=status], [role=alert]')).toBeNull()
  expect(text.closest('[aria-busy=true]')).not.toBeNull()
})

import { screen, waitFor, within } from '@testing-library/vue'
import { expect, test, vi } from 'vitest'

import { GPT, KEYLESS, LOCAL, MODELS, PROVIDERS, TOY } from '../fake/offering'
import { FakeServer } from '../fake/server'
import { RATE_LIMIT } from '../fake/showcase'
import { showPage } from '../support/page'
import { ask, box, button, exchange, findButton } from '../support/sights'

const picker = (): Promise<HTMLElement> => findButton(/^Model: (?!No)/)

test('a model is chosen by keyboard alone, from the box to the list and back', async () => {
  const { user } = showPage()
  await picker()
  box().focus()

  await user.tab()
  expect(document.activeElement).toBe(await picker())
  await user.keyboard('{Enter}')
  const finder = screen.getByLabelText<HTMLInputElement>('Find a model')
  await waitFor(() => expect(document.activeElement).toBe(finder))
  expect(finder.value).toBe('')
  const active = (): string | undefined =>
    document.getElementById(finder.getAttribute('aria-activedescendant') ?? '')?.textContent ?? ''
  expect(active()).toContain('GPT-5.6')
  await user.keyboard('{ArrowDown}{ArrowDown}')
  expect(active()).toContain('Claude Haiku 4.5')
  await user.keyboard('{Enter}')

  expect(document.activeElement).toBe(button('Model: Claude Haiku 4.5. Change'))
  expect(screen.queryByRole('listbox')).toBeNull()
})

test('Escape closes the list and changes nothing', async () => {
  const { user } = showPage()
  await user.click(await picker())

  await user.keyboard('{ArrowDown}{Escape}')

  expect(screen.queryByRole('listbox')).toBeNull()
  expect(document.activeElement).toBe(button('Model: GPT-5.6. Change'))
})

test('a model without a key is listed with the variable it wants, and cannot be chosen', async () => {
  const { user } = showPage()
  await user.click(await picker())

  await user.type(screen.getByLabelText('Find a model'), 'mistral')
  const option = screen.getByRole('option', { name: /Mistral Small/ })
  expect(option.textContent).toContain('set MISTRAL_API_KEY')
  expect(option.getAttribute('aria-disabled')).toBe('true')
  await user.keyboard('{Enter}')
  await user.click(option)

  expect(screen.getByRole('listbox')).toBeTruthy()
  expect(button('Model: GPT-5.6. Change')).toBeTruthy()
})

test('models that can answer stand before those that cannot, by provider', async () => {
  const { user } = showPage()
  await user.click(await picker())

  const groups = within(screen.getByRole('listbox')).getAllByRole('group')
  const names = groups.map((group) => group.firstElementChild?.textContent)

  expect(names).toEqual(['OpenAIready', 'Anthropicready', 'Local modelready', 'Mistralno key'])
})

test('the choice is kept for each conversation, and the last one for the next', async () => {
  const shown = showPage()
  await exchange(shown, 'One?', 'First.')
  await shown.user.click(await picker())
  await shown.user.keyboard('haiku{Enter}')
  await waitFor(() => expect(shown.server.conversation('conv-1')?.model).toBe('claude'))

  await shown.user.click(screen.getByRole('link', { name: 'New chat' }))
  await screen.findByText('What shall I carry across?')
  await shown.user.click(button('Model: Claude Haiku 4.5. Change'))
  await shown.user.keyboard('5.6{Enter}')
  await exchange(shown, 'Two?', 'Second.')
  await shown.user.click(screen.getByRole('link', { name: 'One?' }))

  await findButton('Model: Claude Haiku 4.5. Change')
  await ask(shown, 'Three?')
  expect(shown.server.questions.map(({ model }) => model)).toEqual(['gpt', 'gpt', 'claude'])
})

test('a conversation whose model is gone opens, and can go on with another', async () => {
  const shown = showPage()
  const id = shown.server.addConversation('Old', [{ text: 'Hello' }])
  shown.server.setModel(id, 'gpt-3')
  await shown.user.click(await screen.findByRole('link', { name: 'Old' }))

  await screen.findByText('gpt-3 is not offered any more.')
  await shown.user.type(box(), 'Are you there?{Enter}')
  expect(shown.server.questions).toEqual([])
  await shown.user.click(button('Use GPT-5.6'))
  box().focus()
  await shown.user.keyboard('{Enter}')

  await waitFor(() => expect(shown.server.questions).toMatchObject([{ model: 'gpt' }]))
  expect(screen.queryByText('gpt-3 is not offered any more.')).toBeNull()
})

test('a model that lost its key is named, with the cure', async () => {
  const shown = showPage()
  const id = shown.server.addConversation('Old', [{ text: 'Hello' }])
  shown.server.setModel(id, 'mistral-small')

  await shown.user.click(await screen.findByRole('link', { name: 'Old' }))

  await screen.findByText('Mistral Small cannot answer now. set MISTRAL_API_KEY')
})

test('a provider without a key is found by its name, where there are many', async () => {
  const server = new FakeServer()
  const many = Array.from({ length: 30 }, (_, index) => ({
    state: 'no_key' as const,
    reason: '',
    models: 0,
    id: `vendor-${index}`,
    name: `Vendor ${index}`,
    keyVariable: `VENDOR_${index}_API_KEY`,
  }))
  server.providers = [...PROVIDERS, ...many]
  const { user } = showPage({ server })
  await user.click(await picker())
  const dialog = screen.getByRole('dialog', { name: 'Choose a model' })
  expect(within(dialog).getByText(/^32 more providers with a key/)).toBeTruthy()
  expect(dialog.textContent).not.toContain('VENDOR_7_API_KEY')

  await user.keyboard('vendor 7')

  expect(within(dialog).getByText('VENDOR_7_API_KEY')).toBeTruthy()
  expect(within(dialog).getByText('No model of this name.')).toBeTruthy()
})

test('what a question brings to light of its provider is shown at once', async () => {
  const shown = showPage()
  const limited = MODELS.map((model) =>
    model.provider === 'openai' ? { ...model, state: 'limited' as const } : model,
  )
  const first = await ask(shown, 'Hello?')
  shown.server.models = limited
  first.fail(RATE_LIMIT)
  await findButton('Model: GPT-5.6, limited. Change')

  const second = await ask(shown, 'And now?')
  shown.server.models = MODELS
  second.complete()
  await findButton('Model: GPT-5.6. Change')

  shown.server.models = limited
  shown.server.refuseNext(503, RATE_LIMIT)
  await shown.user.type(box(), 'And again?{Enter}')
  await findButton('Model: GPT-5.6, limited. Change')
})

test('the toy is called a toy wherever it answers', async () => {
  const server = new FakeServer()
  server.models = [{ ...TOY, default: true }]
  const shown = showPage({ server })

  await exchange(shown, 'Capital of France?', 'Paris, or so.')

  await screen.findByText('A toy for trying things out: it makes up most of what it says.')
  const article = screen.getByRole('article', { name: 'SmolLM2 135M answered' })
  expect(within(article).getByText('toy')).toBeTruthy()
})

test('the first run shows what to put where, ready to copy, and notices when it is done', async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true })
  const server = new FakeServer()
  server.models = [{ ...TOY, default: true }]
  server.providers = [LOCAL, ...KEYLESS]
  const { user } = showPage({ server })

  const card = await screen.findByRole('region', { name: 'Bring your own models' })
  await user.click(within(card).getByRole('button', { name: 'Copy the line for OpenAI' }))
  expect(await navigator.clipboard.readText()).toBe('OPENAI_API_KEY=')
  server.models = MODELS
  await vi.advanceTimersByTimeAsync(11_000)

  await screen.findByText('GPT-5.6 answers next')
  expect(screen.queryByRole('region', { name: 'Bring your own models' })).toBeNull()
})

test('without any model the page says what is missing, and keeps what is typed', async () => {
  const server = new FakeServer()
  server.models = []
  server.providers = KEYLESS
  const { user } = showPage({ server })

  const card = await screen.findByRole('region', { name: 'No model can answer yet' })
  expect(card.textContent).toContain('Nothing is set up yet.')
  await user.type(box(), 'Hello?{Enter}')

  expect(box().value).toBe('Hello?')
  expect(server.questions).toEqual([])
})

test('a file of weights that cannot be used is named, and not called missing', async () => {
  const reason = 'DRAGOMAN_LOCAL_MODEL names /models/small.gguf, which is not a GGUF file'
  const server = new FakeServer()
  server.models = [{ ...TOY, name: 'small', default: true, state: 'failed', reason }]
  server.providers = [{ ...LOCAL, state: 'failed', reason }, ...KEYLESS]
  showPage({ server })

  const card = await screen.findByRole('region', { name: 'No model can answer yet' })
  expect(card.textContent).toContain(`What is set up cannot answer:Local model: ${reason}`)
  expect(card.textContent).not.toContain('installed')
})

test('a model whose provider was out of reach a while ago can be asked', async () => {
  const server = new FakeServer()
  server.models = [{ ...GPT, state: 'unreachable', reason: 'it could not be reached' }]
  const shown = showPage({ server })

  await ask(shown, 'Hello?')

  expect(server.questions).toHaveLength(1)
})

test('a model that is being loaded can be asked, and the wait says why', async () => {
  const server = new FakeServer()
  server.models = [{ ...TOY, default: true, state: 'loading', reason: 'loading the weights' }]
  const shown = showPage({ server })

  await ask(shown, 'Hello?')

  await screen.findByText(/Waiting for SmolLM2 135M.*being loaded/)
})

test('a wait of several times the usual is called slow', async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true })
  const shown = showPage()
  await exchange(shown, 'One?', 'First.')
  await ask(shown, 'Two?')

  await vi.advanceTimersByTimeAsync(5_000)

  await screen.findByText(/Waiting for GPT-5.6 · 5 s · slow: 12× its usual 410 ms/)
})

test('the head shows how full the window is', async () => {
  const shown = showPage()

  await exchange(shown, 'One?', 'First.')

  expect(screen.getByText('1.2k / 400k tokens')).toBeTruthy()
})

import { screen, waitFor, within } from '@testing-library/vue'
import { expect, test, vi } from 'vitest'

import { KEYLESS, PROVIDERS } from '../fake/offering'
import { FakeServer } from '../fake/server'
import { showPage } from '../support/page'
import { button, exchange, findButton, said } from '../support/sights'

const DAY = 86_400_000

function filled(): FakeServer {
  const server = new FakeServer()
  server.addConversation('Bread', [{ text: 'How long must sourdough rest?' }], 30 * DAY)
  server.addConversation('Bicycles', [{ text: 'Which chain?' }], DAY)
  server.addConversation('Beetles', [{ text: 'How many legs?' }])
  return server
}

const list = (): HTMLElement => screen.getByRole('navigation', { name: 'Conversations' })
const titles = (): (string | undefined)[] =>
  within(list())
    .getAllByRole('link')
    .map((link) => link.textContent?.trim())
const menuOf = (title: string): Promise<HTMLElement> => findButton(`More for “${title}”`)

test('conversations stand by the day they were last used', async () => {
  showPage({ server: filled() })

  await screen.findByRole('link', { name: 'Beetles' })

  expect(titles()).toEqual(['Beetles', 'Bicycles', 'Bread'])
  const days = within(list()).getAllByRole('heading')
  expect(days.map((day) => day.textContent)).toEqual(['Today', 'Yesterday', 'Older'])
})

test('a conversation opens by its link, and the way back is the browser’s', async () => {
  const { user } = showPage({ server: filled() })

  await user.click(await screen.findByRole('link', { name: 'Beetles' }))
  await screen.findByText('How many legs?', { selector: 'p' })
  expect(screen.getByRole('link', { name: 'Beetles' }).getAttribute('aria-current')).toBe('page')
  await user.click(screen.getByRole('link', { name: 'New chat' }))
  await screen.findByText('What shall I carry across?')
  window.history.back()

  await screen.findByText('How many legs?', { selector: 'p' })
})

test('a search looks into the messages, marks what it found, and can be cleared', async () => {
  const { user } = showPage({ server: filled() })
  await screen.findByRole('link', { name: 'Beetles' })

  await user.type(screen.getByLabelText('Search conversations'), 'sourdough')

  await screen.findByText('1 conversation found')
  expect(within(list()).getByRole('link').textContent).toContain('How long must sourdough rest?')
  expect(screen.getByText('sourdough').tagName).toBe('MARK')
  await user.keyboard('zzz')
  await screen.findByText('No conversation has these words.')
  await user.click(button('Clear the search'))
  await waitFor(() => expect(titles()).toHaveLength(3))
})

test('a conversation is renamed in the list, by keyboard alone', async () => {
  const shown = showPage({ server: filled() })
  const menu = await menuOf('Bicycles')

  menu.focus()
  await shown.user.keyboard('{Enter}')
  await screen.findByRole('menu')
  await shown.user.keyboard('r{Enter}')
  await screen.findByLabelText('Title of the conversation')
  await shown.user.keyboard('Chains{Enter}')

  const link = await screen.findByRole('link', { name: 'Chains' })
  await waitFor(() => expect(document.activeElement).toBe(link))
  expect(shown.server.conversation('conv-3')?.title).toBe('Chains')
})

test('a conversation is renamed at the head of the page', async () => {
  const shown = showPage()
  await exchange(shown, 'Hm?', 'First.')

  await shown.user.click(button('More for this conversation'))
  await shown.user.click(await screen.findByRole('menuitem', { name: 'Rename' }))
  await shown.user.keyboard('Humming{Enter}')

  await screen.findByRole('link', { name: 'Humming' })
  expect(screen.getByRole('heading', { level: 1 }).textContent).toBe('Humming')
  expect(shown.server.received.at(-1)).toMatchObject({
    method: 'PATCH',
    body: { title: 'Humming' },
  })
})

test('Escape leaves a title as it was', async () => {
  const shown = showPage({ server: filled() })
  await shown.user.click(await menuOf('Bicycles'))
  await shown.user.click(await screen.findByRole('menuitem', { name: 'Rename' }))

  await shown.user.keyboard('xyz{Escape}')

  expect(await screen.findByRole('link', { name: 'Bicycles' })).toBeTruthy()
  expect(shown.server.received.some(({ method }) => method === 'PATCH')).toBe(false)
})

test('a deleted conversation can be taken back', async () => {
  const shown = showPage({ server: filled() })
  await shown.user.click(await screen.findByRole('link', { name: 'Bicycles' }))
  await screen.findByText('Which chain?', { selector: 'p' })

  await shown.user.click(await menuOf('Bicycles'))
  await shown.user.click(await screen.findByRole('menuitem', { name: 'Delete' }))

  await screen.findByText('“Bicycles” is deleted.')
  await screen.findByText('What shall I carry across?')
  expect(titles()).toEqual(['Beetles', 'Bread'])
  await waitFor(() => expect(list().contains(document.activeElement)).toBe(true))
  await shown.user.click(button('Undo'))
  await screen.findByRole('link', { name: 'Bicycles' })
  await screen.findByText('Which chain?', { selector: 'p' })
})

test('a notice stays as long as somebody is at it', async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true })
  const shown = showPage({ server: filled() })
  await shown.user.click(await menuOf('Bicycles'))
  await shown.user.click(await screen.findByRole('menuitem', { name: 'Delete' }))
  const undo = await findButton('Undo')

  undo.focus()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(screen.queryByRole('button', { name: 'Undo' })).toBe(undo)
  undo.blur()
  await vi.advanceTimersByTimeAsync(21_000)

  expect(screen.queryByRole('button', { name: 'Undo' })).toBeNull()
})

test('older conversations come on request', async () => {
  const server = new FakeServer()
  for (let index = 0; index < 60; index += 1)
    server.addConversation(`Talk ${index}`, [], index * 1000)
  const { user } = showPage({ server })
  await screen.findByRole('link', { name: 'Talk 0' })
  expect(titles()).toHaveLength(50)

  await user.click(button('Show older ones'))

  await screen.findByRole('link', { name: 'Talk 59' })
  expect(titles()).toHaveLength(60)
  expect(screen.queryByRole('button', { name: 'Show older ones' })).toBeNull()
})

test('the providers stand at the foot, each with its state and the variable it wants', async () => {
  showPage()

  const providers = await screen.findByRole('region', { name: 'Providers' })

  await within(providers).findByText('ready · 2 models')
  expect(within(providers).getByText('2 more without a key')).toBeTruthy()
  expect(within(providers).getByText('GROQ_API_KEY')).toBeTruthy()
})

test.each([
  ['refused', 'key refused', 'Correct OPENAI_API_KEY'],
  ['unreachable', 'out of reach', 'Check its address and network'],
  ['limited', 'limited', 'Wait a while, or use another'],
  ['failed', 'not working', 'it said no'],
] as const)('a provider that is %s says so, since when, and what to do', async (state, ...told) => {
  const [named, cure] = told
  const server = new FakeServer()
  const checkedAt = new Date().toISOString()
  server.providers = PROVIDERS.map((provider) =>
    provider.id === 'openai' ? { ...provider, state, reason: 'it said no', checkedAt } : provider,
  )
  const { user } = showPage({ server })

  const providers = await screen.findByRole('region', { name: 'Providers' })

  const seen = await within(providers).findByText(new RegExp(`^${named} · \\d`))
  const item = seen.closest('li') ?? document.body
  expect(item.querySelector('summary')?.textContent).toContain(cure)
  await user.click(seen)
  expect(within(item).getByText('it said no')).toBeTruthy()
  expect(within(item).getByText(/^Last check: \d/)).toBeTruthy()
})

test('what wants doing stands above what works, and a model’s missing key is never folded', async () => {
  const server = new FakeServer()
  const states = { anthropic: 'limited', openai: 'ready', local: 'failed' } as const
  server.providers = PROVIDERS.map((provider) => ({
    ...provider,
    ...(provider.id in states && { state: states[provider.id as keyof typeof states] }),
  }))
  showPage({ server })

  const providers = await screen.findByRole('region', { name: 'Providers' })

  await within(providers).findByText('2 more without a key')
  const used = [...providers.querySelectorAll('summary:has(.dot)')].map((row) =>
    row.textContent?.trim().replaceAll(/\s+/g, ' '),
  )
  expect(used).toEqual([
    expect.stringMatching(/^Local model not working/),
    'Mistral no key Set MISTRAL_API_KEY',
    'Anthropic limited Wait a while, or use another',
    'OpenAI ready · 2 models',
  ])
})

test('without any key the fold says how many there could be', async () => {
  const server = new FakeServer()
  server.models = []
  server.providers = KEYLESS
  showPage({ server })

  await screen.findByText('4 without a key')
})

test('a conversation that is not there any more says so', async () => {
  const { user } = showPage({ hash: '#/c/conv-404' })

  await screen.findByText('This conversation is not here any more')
  await user.click(within(screen.getByRole('main')).getByRole('link', { name: 'New chat' }))

  await screen.findByText('What shall I carry across?')
})

test('the side can be put away, and stays away', async () => {
  const shown = showPage()
  await screen.findByText('GPT-5.6 answers next')

  await shown.user.click(button('Hide conversations'))
  await waitFor(() => expect(document.activeElement).toBe(button('Show conversations')))
  expect(screen.queryByRole('navigation')).toBeNull()
  shown.reload()

  await shown.user.click(await findButton('Show conversations'))
  expect(list()).toBeTruthy()
})

test('on a phone the side is a dialog, which goes when a conversation is chosen', async () => {
  const { user } = showPage({ server: filled(), narrow: true })
  await screen.findByText('GPT-5.6 answers next')
  expect(screen.queryByRole('navigation')).toBeNull()

  await user.click(button('Show conversations'))
  const dialog = await screen.findByRole('dialog', { name: 'Conversations' })
  await user.click(await within(dialog).findByRole('link', { name: 'Beetles' }))

  await waitFor(() => expect(said()).toEqual(['How many legs?']))
  expect(screen.queryByRole('dialog')).toBeNull()
})

test.each([
  ['{Control>}k{/Control}', 'Search conversations'],
  ['{Control>}{Shift>}m{/Shift}{/Control}', 'Find a model'],
])('%s leads to “%s”', async (keys, name) => {
  const { user } = showPage()
  await screen.findByText('GPT-5.6 answers next')

  await user.keyboard(keys)

  await waitFor(() => expect(document.activeElement).toBe(screen.getByLabelText(name)))
})

import { screen } from '@testing-library/vue'
import axe from 'axe-core'
import { expect, test } from 'vitest'

import { KEYLESS, LOCAL, TOY } from '../fake/offering'
import { FakeServer } from '../fake/server'
import { RATE_LIMIT, showcase } from '../fake/showcase'
import { showPage, type Shown } from '../support/page'
import { ask, button, exchange, findButton } from '../support/sights'

const OPTIONS: axe.RunOptions = {
  runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
  // What is painted, and where, only a browser knows; the browser tests look at it.
  rules: { 'color-contrast': { enabled: false }, 'target-size': { enabled: false } },
}

async function violations(): Promise<string[]> {
  document.documentElement.lang = 'en'
  const { violations: found } = await axe.run(document, OPTIONS)
  return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join('\n')}`)
}

const toyOnly = (): FakeServer => {
  const server = new FakeServer()
  server.models = [{ ...TOY, default: true }]
  server.providers = [LOCAL, ...KEYLESS]
  return server
}

const STATES: Record<string, () => Promise<unknown>> = {
  'a new conversation': async () => {
    showPage()
    await screen.findByText('GPT-5.6 answers next')
  },
  'the first run': async () => {
    showPage({ server: toyOnly() })
    await screen.findByRole('region', { name: 'Bring your own models' })
  },
  'no model': async () => {
    showPage({ server: showcase('bare') })
    await screen.findByRole('region', { name: 'No model can answer yet' })
  },
  'a thread with code, a table, thoughts, a pager and an error': async () => {
    const { user } = showPage({ server: showcase('full') })
    await user.click(await screen.findByRole('link', { name: 'Adapter for rate limits' }))
    await screen.findByRole('region', { name: 'Anthropic is limiting requests' })
  },
  'an answer awaited': async () => {
    await ask(showPage(), 'Hm?')
    await screen.findByText(/Waiting for/)
  },
  'an answer being written': async () => {
    const reply = await ask(showPage(), 'Hm?')
    reply.reasoning('Well.')
    reply.token('# So\n\nIt was a dark')
    await screen.findByText('It was a dark')
  },
  'a stopped answer': async () => {
    const shown = showPage()
    await ask(shown, 'Hm?')
    await shown.user.keyboard('{Escape}')
    await screen.findByText('Stopped before the first word.')
  },
  'a countdown': async () => {
    const reply = await ask(showPage(), 'Hm?')
    reply.fail(RATE_LIMIT)
    await findButton(/^Retry in/)
  },
  'the list of models': async () => {
    const { user } = showPage()
    await user.click(await findButton('Model: GPT-5.6. Change'))
    await screen.findByRole('listbox')
  },
  'a menu': async () => {
    const shown = showPage()
    await exchange(shown, 'Hm?', 'First.')
    await shown.user.click(button('More for “Hm?”'))
    await screen.findByRole('menu')
  },
  'a title being edited': async () => {
    const shown = showPage()
    await exchange(shown, 'Hm?', 'First.')
    await shown.user.click(button('More for this conversation'))
    await shown.user.click(await screen.findByRole('menuitem', { name: 'Rename' }))
    await screen.findByLabelText('Title of the conversation')
  },
  'a question being edited': async () => {
    const shown = showPage()
    await exchange(shown, 'Hm?', 'First.')
    await shown.user.click(button('Edit'))
    await screen.findByLabelText('Edit your message')
  },
  'the settings': async () => {
    const { user } = showPage()
    await user.click(button(/^Settings/))
    await screen.findByLabelText('Temperature')
  },
  'the preferences': async () => {
    const { user } = showPage()
    await user.click(button('Preferences'))
    await screen.findByLabelText('Dark')
  },
  'a deletion that can be undone': async () => {
    const shown = showPage()
    await exchange(shown, 'Hm?', 'First.')
    await shown.user.click(button('More for this conversation'))
    await shown.user.click(await screen.findByRole('menuitem', { name: 'Delete' }))
    await findButton('Undo')
  },
  'a search': async () => {
    const { user } = showPage({ server: showcase('full') })
    await user.type(screen.getByLabelText('Search conversations'), 'ghent')
    await screen.findByText('1 conversation found')
  },
  'a server out of reach': async () => {
    const shown: Shown = showPage()
    await screen.findByText('GPT-5.6 answers next')
    shown.server.isDown = true
    await shown.user.type(screen.getByLabelText('Message'), 'Hm?{Enter}')
    await screen.findByText('The message was not sent')
  },
  'a conversation that is gone': async () => {
    showPage({ hash: '#/c/conv-404' })
    await screen.findByText('This conversation is not here any more')
  },
  'the side on a phone': async () => {
    const { user } = showPage({ narrow: true, server: showcase('full') })
    await user.click(button('Show conversations'))
    await screen.findByRole('link', { name: 'Trip notes' })
  },
}

test.each(Object.entries(STATES))(
  'axe finds nothing in: %s',
  async (_, show) => {
    await show()

    expect(await violations()).toEqual([])
  },
  20_000,
)

// Every state of the page, in both themes, wide and narrow: axe finds nothing, and all has room.
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'

import { words } from '@/lib/words'
import { ENGLISH } from '@/markdown/words'

import { violations } from './support/axe'
import type { Theme } from './support/browser'
import { boxInView, overflowing } from './support/layout'
import { eventually } from './support/program'
import type { Reader } from './support/reader'
import { setStage, snap } from './support/stage'

const stage = setStage()

const THEMES: readonly Theme[] = ['light', 'dark']
const HEIGHT = 800

const LONG = 'A dragoman carried words across the border. '.repeat(12).trim()
const RICH = [
  '# A heading\n\nSome *text* with `code`, a [link](https://example.org/a) and **weight**.',
  '- one\n- two\n  1. deeper\n  2. still\n\n> A quotation\n> of two lines',
  [
    '| Language | Year | A rather long heading of a column | Another one | And a last one |',
    '|:--|--:|---|---|---|',
    '| Python | 1991 | Guido van Rossum | indentation | everywhere |',
  ].join('\n'),
  `\`\`\`python\ndef ${'very_'.repeat(20)}long_name(argument: str) -> str:\n    return argument\n\`\`\``,
  `A word that never ends: ${'Donaudampfschifffahrt'.repeat(8)}`,
  '$$\\sum_{n=1}^{\\infty} \\frac{1}{n^2} = \\frac{\\pi^2}{6}$$',
].join('\n\n')

interface State {
  readonly name: string
  /** Brings the page into the state. */
  reach(reader: Reader): Promise<void>
}

const failing = async (reader: Reader): Promise<void> => {
  await stage.vendors.script({ type: 'fail', status: 429, retry_after: 600 })
  await reader.askThrough('This one will fail')
}

const paused = (text: string): Promise<void> =>
  stage.vendors.script(
    { type: 'reply', text },
    { type: 'stream_fault', kind: 'stall', after_chunks: 20, stall_seconds: 50 },
  )

const openSidebar = async (reader: Reader): Promise<void> => {
  const opener = reader.button(words.sidebar.open)
  if (await opener.isVisible()) await opener.click()
}

const STATES: readonly State[] = [
  { name: 'an empty thread', reach: async () => undefined },
  {
    name: 'the list of models',
    async reach(reader) {
      await reader.picker.click()
      await reader.options.first().waitFor()
    },
  },
  {
    name: 'an answer with everything in it',
    async reach(reader) {
      await stage.vendors.script({ type: 'reply', text: RICH })
      await reader.askThrough('Show me everything')
      await reader.lastReply.locator('.katex').first().waitFor()
      await reader.lastReply.locator('pre [class^="hljs-"]').first().waitFor()
    },
  },
  {
    name: 'waiting for the first word',
    async reach(reader) {
      await stage.vendors.script({ type: 'slow_first_token', seconds: 50 })
      await reader.ask('Think it over')
      await reader.page.getByText(words.waiting.for('GPT Test')).waitFor()
    },
  },
  {
    name: 'an answer being written',
    async reach(reader) {
      await paused(LONG)
      await reader.ask('Tell me a story')
      await eventually(async () => (await reader.lastText.textContent())?.includes('border'))
    },
  },
  {
    name: 'a stopped answer',
    async reach(reader) {
      await paused(LONG)
      await reader.ask('Tell me a story')
      await eventually(async () => (await reader.lastText.textContent())?.includes('border'))
      await reader.stop.click()
      await reader.settled()
    },
  },
  { name: 'a limit with its countdown', reach: failing },
  {
    name: 'an error with its details',
    async reach(reader) {
      await failing(reader)
      await reader.card.getByText(words.failure.details, { exact: true }).click()
    },
  },
  {
    name: 'a cut answer',
    async reach(reader) {
      await stage.vendors.script(
        { type: 'reply', text: LONG },
        { type: 'stream_fault', kind: 'disconnect', after_chunks: 20 },
      )
      await reader.askThrough('Tell me a story')
    },
  },
  {
    name: 'two versions of an answer',
    async reach(reader) {
      await reader.askThrough('Say it')
      await reader.button(words.message.again, reader.lastReply).click()
      await reader.lastReply.getByRole('group', { name: words.message.versions(2, 2) }).waitFor()
      await reader.settled()
    },
  },
  {
    name: 'a question being edited',
    async reach(reader) {
      await reader.askThrough('Say it')
      await reader.button(words.message.edit).click()
    },
  },
  {
    name: 'the title being edited',
    async reach(reader) {
      await reader.askThrough('Say it')
      await reader.fromMenu(words.conversation.rename)
    },
  },
  {
    name: 'the menu of a conversation',
    async reach(reader) {
      await reader.askThrough('Say it')
      await reader.button(words.conversation.menu).click()
    },
  },
  {
    name: 'the settings of a conversation',
    async reach(reader) {
      await reader.askThrough('Say it')
      await reader.button(words.conversation.settings).click()
      await reader.page.getByRole('dialog').waitFor()
    },
  },
  {
    name: 'the list of conversations',
    async reach(reader) {
      await reader.askThrough('Say it')
      await openSidebar(reader)
    },
  },
  {
    name: 'a search that finds nothing',
    async reach(reader) {
      await openSidebar(reader)
      await reader.page.getByRole('searchbox').fill('nowhere to be found')
      await reader.history.getByText(words.sidebar.nothingFound).waitFor()
    },
  },
  {
    name: 'the preferences',
    async reach(reader) {
      await openSidebar(reader)
      await reader.button(words.preferences.title).click()
      await reader.page.getByRole('dialog', { name: words.preferences.title }).waitFor()
    },
  },
  {
    name: 'a deleted conversation that can come back',
    async reach(reader) {
      await reader.askThrough('Say it')
      await reader.fromMenu(words.conversation.remove)
      await reader.button(words.conversation.undo).waitFor()
    },
  },
  {
    name: 'a conversation that is not there',
    async reach(reader) {
      await reader.page.goto('/#/c/conv-00000000-0000-4000-8000-000000000000')
      await reader.page.getByText(words.conversation.missing, { exact: true }).waitFor()
    },
  },
  {
    name: 'a server that does not answer',
    async reach(reader) {
      await reader.askThrough('Say it')
      await reader.page.route('**/api/**', (route) => route.abort('connectionrefused'))
      await reader.box.fill('Are you there?')
      await reader.send.click()
      await reader.page.getByText(words.connection.unreachable).first().waitFor()
    },
  },
]

test('what has no room is seen', async () => {
  const reader = await stage.enter()
  await reader.open()
  expect(await overflowing(reader.page)).toEqual([])

  await reader.page.evaluate(() => {
    const wide = document.createElement('p')
    wide.textContent = 'x'.repeat(500)
    document.querySelector('main')?.append(wide)
  })

  expect((await overflowing(reader.page)).join()).toContain('too narrow')
})

test('a table may be wider than the window only where it scrolls', async () => {
  const reader = await stage.enter({ width: 360, height: HEIGHT })
  await stage.vendors.script({ type: 'reply', text: RICH })
  await reader.open()
  await reader.askThrough('Show me everything')
  const table = reader.page.getByRole('group', { name: ENGLISH.table })

  // As it is until its new size was observed.
  await table.evaluate((group) => group.removeAttribute('tabindex'))
  expect(await overflowing(reader.page)).toEqual([])

  await table.evaluate((group) => group.style.setProperty('overflow', 'visible', 'important'))
  expect((await overflowing(reader.page)).join()).toMatch(/td “everywhere” leaves the window/)

  await table.evaluate((group) => {
    group.style.setProperty('overflow', 'auto', 'important')
    group.style.width = group.style.maxWidth = '900px'
  })
  expect((await overflowing(reader.page)).join()).toMatch(/md-table “\S.*” leaves the window/)
})

test('what axe is to find, it finds', async () => {
  const reader = await stage.enter()
  await reader.open()
  expect(await violations(reader.page)).toEqual([])

  await reader.page.evaluate(() => {
    document.querySelector('main')?.append(document.createElement('button'))
  })

  expect((await violations(reader.page)).join()).toContain('button-name')
})

/** What is looked at where: one opening of the page at each width of the first row. */
const LOOKS = [
  { width: 1280, rooms: [768, 1280, 2560], textTwice: true },
  { width: 360, rooms: [320, 360], textTwice: false },
] as const

async function checkRoom(reader: Reader, where: string): Promise<void> {
  // What floats finds its new place a frame or two after the window has its new size.
  await expect.poll(() => overflowing(reader.page), { timeout: 2_000, message: where }).toEqual([])
  if (await reader.box.isVisible()) expect(await boxInView(reader.page), where).toBe(true)
}

const setTextSize = (page: Page, size: string): Promise<void> =>
  page.evaluate((wanted) => void (document.documentElement.style.fontSize = wanted), size)

for (const { width, rooms, textTwice } of LOOKS) {
  test.for(STATES)(`${width} px: $name`, async (state) => {
    const reader = await stage.enter({ width, height: HEIGHT })
    const { page } = reader
    await reader.open()
    await state.reach(reader)

    for (const theme of THEMES) {
      await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' })
      await snap(page, `${state.name} ${theme} ${width}`)
      expect(await violations(page), theme).toEqual([])
    }
    for (const room of rooms) {
      await page.setViewportSize({ width: room, height: HEIGHT })
      await checkRoom(reader, `${room} px`)
    }
    if (textTwice) {
      await page.setViewportSize({ width, height: HEIGHT })
      await setTextSize(page, '200%')
      await snap(page, `${state.name} text twice as large`)
      await checkRoom(reader, 'text twice as large')
    }
  })
}

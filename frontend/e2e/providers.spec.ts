// How the providers do, as one sees it: each state with its reason, its cure, and its last check.
import type { Browser, Locator } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'

import { words } from '@/lib/words'

import { violations } from './support/axe'
import { launch, visit, type Look, type Theme, type Visit } from './support/browser'
import { overflowing } from './support/layout'
import { freePort } from './support/program'
import { Reader } from './support/reader'
import { Server } from './support/server'
import { snap } from './support/stage'
import { Vendors } from './support/vendors'

let browser: Browser
let vendors: Vendors
let server: Server
let dead: string
const visits: Visit[] = []

beforeAll(async () => {
  ;[browser, vendors] = await Promise.all([launch(), Vendors.start({ chunkDelayMs: 0 })])
})

afterAll(async () => {
  await browser?.close()
  await vendors?.end()
})

const model = (id: string, name: string, provider: string, more = ''): string =>
  `[[models]]\nid = "${id}"\nname = "${name}"\ndescription = "Of the tests"\nprovider = "${provider}"\n${more}`

beforeEach(async () => {
  dead = `127.0.0.1:${await freePort()}`
  const variables = {
    ...vendors.environ,
    MISTRAL_API_KEY: 'e2e-wrong',
    MISTRAL_BASE_URL: `${vendors.url}/v1`,
    DEEPSEEK_API_KEY: 'e2e-deepseek',
    DEEPSEEK_BASE_URL: `http://${dead}/v1`,
  }
  const box = `[providers.box]\nname = "My box"\nspeaks = "openai"\nbase_url = "http://${dead}/v1"\n`
  const models = [
    model('gpt', 'GPT Test', 'openai', 'default = true\n'),
    model('claude', 'Claude Test', 'anthropic'),
    model('mistral', 'Mistral Test', 'mistral'),
    model('deepseek', 'DeepSeek Test', 'deepseek'),
    model('llama', 'Llama Test', 'groq'),
    model('qwen', 'Qwen Test', 'box'),
  ]
  server = await Server.start(variables, { 'dragoman.toml': [box, ...models].join('\n') })
})

afterEach(async () => {
  const all = visits.splice(0)
  await Promise.all(all.map((each) => each.close()))
  await server.end()
  await vendors.reset()
  for (const { incidents } of all) {
    expect(incidents).toEqual({ violations: [], strangers: [], errors: [], dialogs: [] })
  }
})

async function enter(look?: Look): Promise<Reader> {
  const visitor = await visit(browser, server.url, look)
  visits.push(visitor)
  const reader = new Reader(visitor.page)
  await reader.open()
  return reader
}

const refusedBy = (...models: readonly string[]): Promise<void> =>
  vendors.script(
    ...models.map((named) => ({
      type: 'fail' as const,
      ...(named === 'claude' ? { status: 429, retry_after: 600 } : { status: 401 }),
      match: { model: named },
    })),
  )

/** Has somebody else ask each of them something, and be turned down by most. */
async function askAll(): Promise<void> {
  await refusedBy('claude', 'mistral')
  for (const named of ['gpt', 'claude', 'mistral', 'deepseek', 'qwen']) {
    const asked = { message: 'Hello', model: named }
    await server.api('POST', 'messages', asked).catch(() => undefined)
  }
}

async function providersOf(reader: Reader): Promise<Locator> {
  const opener = reader.button(words.sidebar.open)
  if (await opener.isVisible()) await opener.click()
  const list = reader.page.getByRole('region', { name: words.providers.title })
  await list.getByText(words.providers.ready(1)).first().waitFor()
  return list
}

const rowOf = (list: Locator, name: string): Locator =>
  list.getByRole('listitem').filter({ hasText: name })

const TIME = /\d{1,2}:\d{2}/
const CURES = words.providers.cures

test('each provider says how it does, since when, and what to do about it', async () => {
  await askAll()
  const list = await providersOf(await enter())
  const told = [
    ['Mistral', words.providers.state.refused, 'Correct MISTRAL_API_KEY', '(401)'],
    ['Groq', words.providers.state.no_key, 'Set GROQ_API_KEY', ''],
    ['DeepSeek', words.providers.state.unreachable, CURES.unreachable(), dead],
    ['My box', words.providers.state.unreachable, CURES.unreachable(), dead],
    ['Anthropic', words.providers.state.limited, CURES.limited(), '(429)'],
    ['OpenAI', words.providers.ready(1), '', ''],
  ] as const
  const names = await list.getByRole('listitem').locator('> details > summary').allTextContents()
  expect(names.map((row) => told.find(([name]) => row.includes(name))?.[0])).toEqual(
    told.map(([name]) => name),
  )

  for (const [name, state, cure, reason] of told) {
    const row = rowOf(list, name)
    const summary = row.locator('summary')
    expect(await summary.textContent()).toContain(state)
    expect(await summary.textContent()).toContain(cure)
    await summary.click()
    const folded = (await row.locator('p').allTextContents()).join(' ')
    expect(folded).toContain(reason)
    if (name === 'Groq') expect(folded).toContain(words.providers.unchecked)
    else expect(folded).toMatch(TIME)
    if (reason !== '') expect(await summary.textContent()).toMatch(TIME)
    await summary.click()
  }
})

const THEMES: readonly Theme[] = ['light', 'dark']

test.each([1280, 360])('at %s px all of them have room, and axe finds nothing', async (width) => {
  await askAll()
  const reader = await enter({ width })
  const list = await providersOf(reader)
  for (const theme of THEMES) {
    await reader.page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' })
    await snap(reader.page, `status-${theme}-${width}`)
    expect(await violations(reader.page), theme).toEqual([])
    expect(await overflowing(reader.page), theme).toEqual([])
  }
  await rowOf(list, 'Mistral').locator('summary').click()
  await reader.page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' })
  await snap(reader.page, `status-reason-light-${width}`)
  await list.getByText(/more without a key/).click()
  await list.getByText('XAI_API_KEY').scrollIntoViewIfNeeded()
  await snap(reader.page, `status-without-key-${width}`)
  expect(await violations(reader.page)).toEqual([])
  expect(await overflowing(reader.page)).toEqual([])
})

test.each([1280, 360])('at %s px the models stand before keys one may lack', async (width) => {
  await askAll()
  const reader = await enter({ width })

  await reader.picker.click()
  await reader.options.first().waitFor()
  expect(await reader.options.count()).toBe(6)
  const dialog = reader.page.getByRole('dialog', { name: words.models.choose })
  const listed = await reader.page.getByRole('listbox').boundingBox()
  const whole = await dialog.boundingBox()
  expect((listed?.height ?? 0) / (whole?.height ?? 1)).toBeGreaterThan(0.6)
  await snap(reader.page, `status-models-light-${width}`)
  await reader.page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' })
  await snap(reader.page, `status-models-dark-${width}`)

  await reader.page.keyboard.type('xai')
  await dialog.getByText('XAI_API_KEY').waitFor()
  await snap(reader.page, `status-models-sought-${width}`)
  expect(await overflowing(reader.page)).toEqual([])
})

test('what a question brings to light is seen at once, and what an answer does, too', async () => {
  const reader = await enter()
  const list = await providersOf(reader)
  await reader.choose('Claude Test')
  await refusedBy('claude')

  await reader.askThrough('Hello')

  await rowOf(list, 'Anthropic').getByText(words.providers.state.limited).waitFor()
  const limited = words.models.label(`Claude Test, ${words.providers.state.limited}`)
  await reader.button(limited).waitFor()
  await snap(reader.page, 'status-after-a-limit')

  await reader.askThrough('Are you there again?')
  await rowOf(list, 'Anthropic').getByText(words.providers.ready(1)).waitFor()
  await reader.button(words.models.label('Claude Test')).waitFor()
})

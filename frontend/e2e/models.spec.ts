// Models that come and go while the page is open: a key that is missing, a model that is gone.
import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'

import { words } from '@/lib/words'

import { violations } from './support/axe'
import { launch, visit, type Look, type Theme, type Visit } from './support/browser'
import { Reader } from './support/reader'
import { MODELS, Server } from './support/server'
import { snap } from './support/stage'
import { Vendors } from './support/vendors'

let browser: Browser
let vendors: Vendors
let server: Server
let visitor: Visit

const KEYLESS = { id: 'keyless', name: 'Keyless Test', description: 'x', provider: 'groq' }

const dotenv = (models: readonly object[], ...lines: readonly string[]): string =>
  [`MODELS='${JSON.stringify(models)}'`, ...lines, ''].join('\n')

beforeAll(async () => {
  ;[browser, vendors] = await Promise.all([launch(), Vendors.start({ chunkDelayMs: 0 })])
})

afterAll(async () => {
  await browser?.close()
  await vendors?.end()
})

afterEach(async () => {
  const { incidents } = visitor
  await visitor.close()
  await server.end()
  expect(incidents).toEqual({ violations: [], strangers: [], errors: [], dialogs: [] })
})

async function enter(look?: Look): Promise<Reader> {
  visitor = await visit(browser, server.url, look)
  const reader = new Reader(visitor.page)
  await reader.open()
  return reader
}

/** Has axe look at the page in both themes, and keeps a picture of each. */
async function expectAccessible({ page }: Reader, name: string): Promise<void> {
  for (const theme of ['light', 'dark'] satisfies Theme[]) {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' })
    await snap(page, `${name} ${theme}`)
    expect(await violations(page), theme).toEqual([])
  }
}

/** Tries to choose a model by pointer and by keys, and to see why that cannot be. */
async function expectNotToBeChosen(reader: Reader, name: string, why: string): Promise<void> {
  await reader.picker.click()
  const option = reader.options.filter({ hasText: name })
  expect(await option.textContent()).toContain(why)
  expect(await option.getAttribute('aria-disabled')).toBe('true')
  await expectAccessible(reader, 'a model without a key')
  await option.click({ force: true })
  await reader.page.getByRole('combobox').fill(name)
  await reader.page.keyboard.press('Enter')
  expect(await option.isVisible()).toBe(true)
  await reader.page.keyboard.press('Escape')
  await reader.button(words.models.label('GPT Test')).waitFor()
}

test('a provider without a key names the variable, and its model comes once that is set', async () => {
  server = await Server.start(vendors.environ, { '.env': dotenv([...MODELS, KEYLESS]) })
  const reader = await enter()
  // Its model is listed: that it lacks a key is not folded away.
  const missing = reader.page.getByRole('listitem').filter({ hasText: 'Groq' })
  expect(await missing.textContent()).toContain('GROQ_API_KEY')
  await expectAccessible(reader, 'a provider without a key')
  await expectNotToBeChosen(reader, KEYLESS.name, 'set GROQ_API_KEY')

  const key = 'GROQ_API_KEY=gsk-e2e'
  await server.write('.env', dotenv([...MODELS, KEYLESS], key))
  await missing.getByText('ready · 1 model').waitFor()
  await reader.choose(KEYLESS.name)
})

test('a conversation whose model is gone opens, says so, and goes on with another', async () => {
  server = await Server.start(vendors.environ, { '.env': dotenv(MODELS) })
  const reader = await enter()
  await reader.choose('GPT Small')
  await reader.askThrough('Hello')

  const others = MODELS.filter(({ id }) => id !== 'gpt-small')
  await server.write('.env', dotenv(others))
  await reader.page.getByText(words.models.gone('gpt-small')).waitFor()
  await expectAccessible(reader, 'a model that is gone')
  expect(await reader.lastReply.textContent()).toContain('gpt-small')

  await reader.button(words.models.use('GPT Test')).click()
  await reader.askThrough('Are you another?')
  expect(await reader.lastReply.locator('.who').textContent()).toContain('GPT Test')
})

test('a local model that cannot be loaded says why, and what to do instead', async () => {
  const broken = { DRAGOMAN_LOCAL_MODEL: './broken.gguf' }
  server = await Server.start(broken, { 'broken.gguf': 'GGUF and then nothing of use' })
  const reader = await enter()

  await reader.page.getByRole('heading', { name: words.firstRun.noModels }).waitFor()
  await expectAccessible(reader, 'no model at all')
  const told = await reader.page.getByRole('main').textContent()
  expect(told).toContain(words.firstRun.broken)
  expect(told).toMatch(/the local model \S+broken\.gguf could not be loaded \(.+\)/)
  expect(told).not.toContain('not installed')
})

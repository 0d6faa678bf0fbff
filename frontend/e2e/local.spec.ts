// A fresh machine: nothing is configured, and the small model that comes along answers in the page.
import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'

import { words } from '@/lib/words'

import { violations } from './support/axe'
import { launch, visit, type Look, type Visit } from './support/browser'
import { eventually } from './support/program'
import { Reader } from './support/reader'
import { Server } from './support/server'
import { snap } from './support/stage'

let browser: Browser
let server: Server
let visitor: Visit

beforeAll(async () => {
  ;[browser, server] = await Promise.all([launch(), Server.start()])
})

afterAll(async () => {
  await browser?.close()
  await server?.end()
})

afterEach(async () => {
  const { incidents } = visitor
  await visitor.close()
  expect(incidents).toEqual({ violations: [], strangers: [], errors: [], dialogs: [] })
})

async function enter(look?: Look): Promise<Reader> {
  visitor = await visit(browser, server.url, look)
  const reader = new Reader(visitor.page)
  await reader.open()
  return reader
}

test.for<Look & { name: string }>([
  { name: 'light', theme: 'light' },
  { name: 'dark', theme: 'dark' },
  { name: 'phone', theme: 'light', width: 360, height: 740, touch: true },
])('a question is answered without any key: $name', async ({ name, ...look }) => {
  const reader = await enter(look)
  await reader.page.getByRole('heading', { name: words.firstRun.title }).waitFor()
  await snap(reader.page, `first run ${name}`)
  expect(await violations(reader.page)).toEqual([])

  await reader.ask('What is the capital of France?')
  await eventually(async () => ((await reader.lastText.textContent()) ?? '') !== '')
  await snap(reader.page, `local model writing ${name}`)
  await reader.settled()

  await snap(reader.page, `local model answered ${name}`)
  expect(await violations(reader.page)).toEqual([])
  expect((await reader.lastText.textContent())?.trim()).not.toBe('')
  expect(await reader.lastReply.locator('.facts').textContent()).toMatch(/to first token/)
})

test('what to put where can be copied, and is taken over while the page is open', async () => {
  const reader = await enter()
  const copy = reader.button(words.firstRun.copyLine('OpenAI'))

  await copy.click()
  const line = await reader.page.evaluate(() => navigator.clipboard.readText())
  expect(line).toMatch(/^OPENAI_API_KEY=/)
  await server.write('.env', `${line.replace(/=.*/, '=sk-e2e')}\n`)

  await eventually(async () => !(await reader.picker.textContent())?.includes(words.models.toy))
  expect(await reader.page.getByRole('heading', { name: words.firstRun.title }).count()).toBe(0)
})

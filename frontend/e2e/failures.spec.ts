// What goes wrong at a vendor, as a person sees it: in plain words, with what is kept and what helps.
import { expect, test } from 'vitest'

import { words } from '@/lib/words'

import { eventually } from './support/program'
import { setStage } from './support/stage'
import type { Behaviour } from './support/vendors'

const stage = setStage()

const { titles } = words.failure
const TEXT = 'It was a dark and stormy night; the rain fell in torrents. '.repeat(10).trim()

test('a limit becomes a card that counts down, and another vendor takes over', async () => {
  const reader = await stage.enter()
  await reader.open()
  await stage.vendors.script(
    { type: 'fail', status: 429, retry_after: 4 },
    { type: 'reply', text: 'Here I am.', match: { provider: 'anthropic' } },
  )

  await reader.askThrough('Are you there?')

  const { card } = reader
  expect(await card.getByRole('heading').textContent()).toBe(titles.rate_limit('OpenAI'))
  expect(await card.textContent()).toContain(words.failure.keptMessage)
  const retry = card.getByRole('button', { name: /^Retry( in \d+ s)?$/ })
  const shown: number[] = []
  await eventually(async () => {
    const seconds = /in (\d+) s/.exec((await retry.textContent()) ?? '')?.[1]
    if (seconds !== undefined && shown.at(-1) !== Number(seconds)) shown.push(Number(seconds))
    return seconds === undefined
  }, 10_000)
  expect(shown).toEqual([...shown].sort((one, other) => other - one))
  expect(shown.length).toBeGreaterThanOrEqual(2)
  expect(shown[0]).toBeLessThanOrEqual(4)

  await reader.button(words.failure.retryWith('Claude Test'), card).click()
  await eventually(async () => (await reader.lastText.textContent()) === 'Here I am.')
  expect(await reader.lastReply.locator('.who').textContent()).toContain('Claude Test')
  await reader.lastReply.getByRole('group', { name: words.message.versions(2, 2) }).waitFor()
})

test('after a reload a countdown goes on where it was', async () => {
  const reader = await stage.enter()
  await reader.open()
  await stage.vendors.script({ type: 'fail', status: 429, retry_after: 60 })
  await reader.askThrough('Are you there?')
  const retry = reader.card.getByRole('button', { name: /^Retry in \d+ s$/ })
  const left = async (): Promise<number> =>
    Number(/\d+/.exec((await retry.textContent()) ?? '')?.[0])
  const [before, at] = [await left(), Date.now()]

  await reader.page.waitForTimeout(3_000)
  await reader.page.reload()

  const [after, passed] = [await left(), (Date.now() - at) / 1000]
  expect(before - after).toBeGreaterThanOrEqual(Math.floor(passed) - 1)
  expect(before - after).toBeLessThanOrEqual(Math.ceil(passed) + 1)
})

test('a wait that is over lets the same model be asked again', async () => {
  const reader = await stage.enter()
  await reader.open()
  await stage.vendors.script(
    { type: 'fail', status: 429, retry_after: 1 },
    { type: 'reply', text: 'Now I can.' },
  )
  await reader.askThrough('Can you?')

  await reader.button(words.failure.retry, reader.card).click({ timeout: 20_000 })

  await eventually(async () => (await reader.lastText.textContent()) === 'Now I can.')
  expect(await reader.lastReply.locator('.who').textContent()).toContain('GPT Test')
})

test('a stream that is cut keeps its text, says so, and all of it outlives the server', async () => {
  const reader = await stage.enter()
  await reader.open()
  await stage.vendors.script(
    { type: 'reply', text: TEXT },
    { type: 'stream_fault', kind: 'disconnect', after_chunks: 20 },
  )
  await reader.askThrough('How does it begin?')

  const kept = (await reader.lastText.textContent()) ?? ''
  expect(TEXT.startsWith(kept)).toBe(true)
  expect(kept.length).toBeGreaterThan(20)
  expect(await reader.card.getByRole('heading').textContent()).toBe(titles.stream_interrupted())
  expect(await reader.card.textContent()).toContain('are kept')

  await stage.server.restart()
  await reader.page.reload()
  await reader.lastReply.waitFor()
  expect(await reader.lastText.textContent()).toBe(kept)
  expect(await reader.card.getByRole('heading').textContent()).toBe(titles.stream_interrupted())
  expect(await reader.questions.last().textContent()).toContain('How does it begin?')
})

test('a stream that ends too early without an error is no success either', async () => {
  const reader = await stage.enter()
  await reader.open()
  await stage.vendors.script(
    { type: 'reply', text: TEXT },
    { type: 'stream_fault', kind: 'truncate', after_chunks: 15 },
  )

  await reader.askThrough('And then?')

  expect(await reader.card.getByRole('heading').textContent()).toBe(titles.stream_interrupted())
})

interface Case {
  readonly name: string
  readonly model?: string
  readonly behaviour: Behaviour
  readonly category: string
  readonly title: string
  /** What the card offers first. */
  readonly first: string
}

const CASES: readonly Case[] = [
  {
    name: 'a refused key',
    behaviour: { type: 'fail', status: 401 },
    category: 'authentication',
    title: titles.authentication('OpenAI'),
    first: words.failure.retry,
  },
  {
    name: 'a refused key of the other vendor',
    model: 'Claude Test',
    behaviour: { type: 'fail', status: 401 },
    category: 'authentication',
    title: titles.authentication('Anthropic'),
    first: words.failure.retry,
  },
  {
    name: 'a permission that is missing',
    behaviour: { type: 'fail', status: 403 },
    category: 'permission',
    title: titles.permission('OpenAI'),
    first: words.failure.retry,
  },
  {
    name: 'a model that the vendor does not know',
    behaviour: { type: 'fail', status: 404, code: 'model_not_found' },
    category: 'model_not_found',
    title: titles.model_not_found('OpenAI'),
    first: words.failure.retry,
  },
  {
    name: 'a credit that is used up',
    behaviour: { type: 'fail', status: 429, code: 'insufficient_quota' },
    category: 'quota_exhausted',
    title: titles.quota_exhausted('OpenAI'),
    first: words.failure.retry,
  },
  {
    name: 'a conversation that is too long',
    behaviour: { type: 'fail', status: 400, code: 'context_length_exceeded' },
    category: 'context_too_long',
    title: titles.context_too_long(),
    first: words.failure.fresh,
  },
  {
    name: 'a message that cannot be worked with',
    behaviour: { type: 'fail', status: 400, message: 'No.' },
    category: 'invalid_request',
    title: titles.invalid_request('OpenAI'),
    first: words.failure.edit,
  },
  {
    name: 'a content that is refused',
    behaviour: { type: 'fail', status: 400, code: 'content_filter' },
    category: 'content_filtered',
    title: titles.content_filtered('OpenAI'),
    first: words.failure.edit,
  },
  {
    name: 'a vendor that has too much to do',
    model: 'Claude Test',
    behaviour: { type: 'fail', status: 529 },
    category: 'overloaded',
    title: titles.overloaded('Anthropic'),
    first: words.failure.retry,
  },
  {
    name: 'a vendor that fails',
    behaviour: { type: 'fail', status: 500 },
    category: 'bad_response',
    title: titles.bad_response('OpenAI'),
    first: words.failure.retry,
  },
]

test.for(CASES)('$name has a title, what is kept, and what helps', async (expected) => {
  const reader = await stage.enter()
  await reader.open()
  if (expected.model !== undefined) await reader.choose(expected.model)
  await stage.vendors.script(expected.behaviour)

  await reader.askThrough('A question that fails')

  const { card } = reader
  expect(await card.getByRole('heading').textContent()).toBe(expected.title)
  expect(await card.textContent()).toContain(words.failure.keptMessage)
  expect(await card.getByRole('button').first().textContent()).toContain(expected.first)
  await card.getByText(words.failure.details, { exact: true }).click()
  const details = (await card.getByRole('definition').allTextContents()).join('\n')
  expect(details).toContain(expected.category)
  expect(await reader.page.content()).not.toContain('sk-e2e')
})

test('a vendor that cannot be reached is named, and the question stays', async () => {
  const reader = await stage.enter()
  await reader.open()
  await stage.vendors.script({ type: 'stream_fault', kind: 'disconnect', after_chunks: 0 })

  await reader.askThrough('Hello?')

  expect([titles.connection('OpenAI'), titles.stream_interrupted()]).toContain(
    await reader.card.getByRole('heading').textContent(),
  )
  await reader.page.reload()
  await reader.card.waitFor()
  expect(await reader.questions.last().textContent()).toContain('Hello?')
})

test('markup in an error of a vendor is text', async () => {
  const reader = await stage.enter()
  await reader.open()
  const message = '<img src=x onerror=alert(1)><script>alert(2)</script>'
  await stage.vendors.script({ type: 'fail', status: 400, message })

  await reader.askThrough('Hello')

  expect(await reader.card.locator('img, script').count()).toBe(0)
})

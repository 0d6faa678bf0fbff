// What outlives a reload, another tab, and the server itself.
import { expect, test } from 'vitest'

import { words } from '@/lib/words'

import { eventually } from './support/program'
import { Reader } from './support/reader'
import { setStage } from './support/stage'

const stage = setStage()

const TALE = Array.from({ length: 60 }, (_, index) => `Sentence ${index + 1} of the tale.`).join(
  ' ',
)

/** An answer that pauses in its middle, long enough to look at it. */
const scriptPause = (seconds: number): Promise<void> =>
  stage.vendors.script(
    { type: 'reply', text: TALE },
    { type: 'stream_fault', kind: 'stall', after_chunks: 60, stall_seconds: seconds },
  )

interface Kept {
  readonly text: string
  readonly state: string
}

/** What the server has of the conversation written to last. */
async function kept(): Promise<readonly Kept[]> {
  const { conversations } = await stage.server.api<{ conversations: { id: string }[] }>(
    'GET',
    'conversations',
  )
  const path = `conversations/${conversations[0]?.id ?? ''}`
  return (await stage.server.api<{ messages: Kept[] }>('GET', path)).messages
}

/** Asks for the tale, and reads a part of it. */
async function hearHalf(reader: Reader, pauseSeconds: number): Promise<void> {
  await reader.open()
  await scriptPause(pauseSeconds)
  await reader.ask('Tell me a tale')
  await eventually(async () => (await reader.lastText.textContent())?.includes('Sentence 8'))
}

test('a reload in mid-answer shows what there is, and then all of it', async () => {
  const reader = await stage.enter()
  await hearHalf(reader, 3)

  await reader.page.reload()

  await reader.lastReply.waitFor()
  await reader.stop.waitFor()
  const partial = (await reader.lastText.textContent()) ?? ''
  expect(partial).toContain('Sentence 5')
  expect(partial).not.toBe(TALE)
  expect(TALE.startsWith(partial)).toBe(true)
  await reader.settled()
  await eventually(async () => (await reader.lastText.textContent()) === TALE)
  expect(await kept()).toMatchObject([{ state: 'complete' }, { state: 'complete', text: TALE }])
})

test('an answer can be stopped after a reload, and what was written is kept', async () => {
  const reader = await stage.enter()
  await hearHalf(reader, 20)
  await reader.page.reload()
  await reader.lastReply.waitFor()

  await reader.stop.click()

  await reader.settled()
  await reader.lastReply.getByText(words.endings.cancelled).waitFor()
  const [, reply] = await kept()
  expect(reply?.state).toBe('cancelled')
  expect(reply?.text).toContain('Sentence 8')
  expect(TALE.startsWith(reply?.text ?? '')).toBe(true)
  expect(await reader.lastText.textContent()).toBe(reply?.text.trim())
})

test('an answer is finished although its tab was closed', async () => {
  const reader = await stage.enter()
  await hearHalf(reader, 2)
  const place = reader.page.url()

  await reader.page.close()

  await eventually(async () => (await kept()).at(-1)?.state === 'complete')
  const later = await stage.enter()
  await later.open(place)
  await later.lastReply.waitFor()
  expect(await later.lastText.textContent()).toBe(TALE)
})

test('an answer goes on while one reads another conversation', async () => {
  const reader = await stage.enter()
  await reader.open()
  await reader.askThrough('Something else')
  await reader.page.getByRole('link', { name: words.sidebar.fresh }).click()
  await scriptPause(2)
  await reader.ask('Tell me a tale')
  await eventually(async () => (await reader.lastText.textContent())?.includes('Sentence 8'))

  await reader.history.getByRole('link', { name: 'Something else' }).click()
  await reader.questions.filter({ hasText: 'Something else' }).waitFor()
  await reader.history.getByRole('link', { name: 'Tell me a tale' }).first().click()

  await eventually(async () => (await reader.lastText.textContent())?.includes('Sentence 8'))
  await reader.stop.waitFor()
  await reader.settled()
  expect(await reader.lastText.textContent()).toBe(TALE)
})

test('a draft outlives a reload, in its own conversation', async () => {
  const reader = await stage.enter()
  await reader.open()
  await reader.askThrough('The first')
  await reader.box.fill('Half a thought')

  await reader.page.reload()

  await eventually(async () => (await reader.box.inputValue()) === 'Half a thought')
  await reader.page.getByRole('link', { name: words.sidebar.fresh }).click()
  await eventually(async () => (await reader.box.inputValue()) === '')
})

test('two tabs show the same, and neither takes the other’s text away', async () => {
  const one = await stage.enter()
  await one.open()
  await one.askThrough('From the first tab')
  const other = new Reader(await one.visit.tab())
  await other.open(one.page.url())
  await other.lastReply.waitFor()
  await one.box.fill('being written here')

  await other.askThrough('From the second tab')

  await eventually(async () => (await one.questions.count()) === 2)
  expect(await one.questions.last().textContent()).toContain('From the second tab')
  expect(await one.box.inputValue()).toBe('being written here')
  await one.send.click()
  await eventually(async () => (await other.questions.count()) === 3)
  await one.settled()
  await eventually(
    async () =>
      (await other.lastText.textContent()) === (await one.lastText.textContent()) &&
      (await one.replies.count()) === 3,
  )
})

test('a second tab shows an answer that the first is still being given', async () => {
  const one = await stage.enter()
  await one.open()
  await one.askThrough('Hello')
  await scriptPause(2)
  await one.ask('Tell me a tale')
  await eventually(async () => (await one.lastText.textContent())?.includes('Sentence 5'))
  const other = new Reader(await one.visit.tab())

  await other.open(one.page.url())
  await other.lastReply.waitFor()
  await one.settled()

  expect(await one.lastText.textContent()).toBe(TALE)
  await eventually(async () => (await other.lastText.textContent()) === TALE)
})

test('everything is there again after the server was restarted', async () => {
  const reader = await stage.enter()
  await reader.open()
  await stage.vendors.script({ type: 'reply', text: 'I shall be kept.' })
  await reader.askThrough('Will this be kept?')
  const place = reader.page.url()

  await stage.server.restart()
  await reader.open(place)
  await reader.lastReply.waitFor()

  expect(await reader.lastText.textContent()).toBe('I shall be kept.')
  await reader.askThrough('And can we go on?')
  expect(await reader.replies.count()).toBe(2)
})

test('a server that is killed in mid-answer leaves what was written, and says so', async () => {
  const reader = await stage.enter()
  await reader.open()
  await scriptPause(20)
  await reader.ask('Tell me a tale')
  await eventually(async () => (await reader.lastText.textContent())?.includes('Sentence 8'))
  // What is written is put by every second.
  await new Promise((resolve) => setTimeout(resolve, 1500))

  await stage.server.stop('SIGKILL')
  await eventually(async () =>
    /Dragoman does not answer|The line broke/.test((await reader.page.textContent('body')) ?? ''),
  )
  await stage.server.resume()

  await eventually(async () =>
    (await reader.lastReply.textContent())?.includes(words.endings.interrupted),
  )
  const shown = (await reader.lastText.textContent()) ?? ''
  expect(shown).toContain('Sentence 5')
  expect(TALE.startsWith(shown)).toBe(true)
})

test('while nobody answers, what one types is kept, and the page comes back by itself', async () => {
  const reader = await stage.enter()
  await reader.open()
  await reader.askThrough('Hello')

  await stage.server.stop()
  await reader.box.fill('Are you there?')
  await reader.send.click()
  await reader.page.getByText(words.connection.unreachable).first().waitFor()
  expect(await reader.box.inputValue()).toBe('Are you there?')
  expect(await reader.questions.count()).toBe(1)

  await stage.server.resume()
  await reader.page.getByText(words.connection.unreachable).first().waitFor({ state: 'detached' })
  await reader.send.click()
  await eventually(async () => (await reader.questions.count()) === 2)
  await reader.settled()
})

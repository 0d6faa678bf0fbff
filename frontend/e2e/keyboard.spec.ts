// The whole path without a mouse: every step by keys, the focus never lost and never hidden.
import type { Locator } from 'playwright-core'
import { expect, test } from 'vitest'

import { words } from '@/lib/words'

import { focusInView } from './support/layout'
import { eventually } from './support/program'
import type { Reader } from './support/reader'
import { setStage } from './support/stage'

const stage = setStage()

const STORY = 'A dragoman carried words across the border. '.repeat(30).trim()
const FARTHEST = 80

/** Presses a key, and sees that the focus is somewhere, and that one can see where. */
async function press({ page }: Reader, key: string): Promise<void> {
  await page.keyboard.press(key)
  await eventually(async () => (await focusInView(page)) === null, 3_000).catch(async () => {
    throw new Error(`after ${key}: ${await focusInView(page)}`)
  })
}

const hasFocus = (target: Locator): Promise<boolean> =>
  target.evaluateAll((elements) => elements.some((element) => element === document.activeElement))

/** Goes on with Tab (or back) until the target has the focus. */
async function reach(reader: Reader, target: Locator, key = 'Tab'): Promise<void> {
  for (let step = 0; step < FARTHEST; step += 1) {
    if (await hasFocus(target)) return
    await press(reader, key)
  }
  throw new Error(`${key} does not lead to ${target}`)
}

const typed = ({ page }: Reader, text: string): Promise<void> => page.keyboard.type(text)

/** Goes to a button that opens the list of models, and chooses one there. */
async function chooseByKeys(
  reader: Reader,
  button: Locator,
  name: string,
  key = 'Tab',
): Promise<void> {
  await reach(reader, button, key)
  await press(reader, 'Enter')
  await typed(reader, name)
  await reader.options.filter({ hasText: name }).waitFor()
  await press(reader, 'Enter')
}

test('load, pick a model, send, stop, answer again, branch, rename, delete', async () => {
  const reader = await stage.enter()
  const { page } = reader
  await reader.open()
  await stage.vendors.script(
    { type: 'reply', text: STORY },
    { type: 'stream_fault', kind: 'stall', after_chunks: 12, stall_seconds: 30 },
  )

  // Pick a model, and ask it.
  await chooseByKeys(reader, reader.picker, 'GPT Small')
  expect(await hasFocus(reader.picker)).toBe(true)
  expect(await reader.picker.textContent()).toContain('GPT Small')
  await reach(reader, reader.box, 'Shift+Tab')
  await typed(reader, 'Tell me')
  await press(reader, 'Shift+Enter')
  await typed(reader, 'a story')
  await press(reader, 'Enter')
  await eventually(async () => (await reader.lastText.textContent())?.includes('border'))
  expect(await reader.questions.last().locator('.bubble').textContent()).toBe('Tell me\na story')
  expect(await hasFocus(reader.box)).toBe(true)

  // Stop it.
  await press(reader, 'Escape')
  await reader.settled()
  expect(await reader.lastReply.textContent()).toContain(words.endings.cancelled)
  expect(await hasFocus(reader.box)).toBe(true)

  // Answer again with another model, and leaf back.
  await stage.vendors.script({ type: 'reply', text: 'Shorter, by Claude.' })
  const again = reader.button(words.message.againWith, reader.lastReply)
  await chooseByKeys(reader, again, 'Claude Test', 'Shift+Tab')
  await eventually(async () => (await reader.lastText.textContent()) === 'Shorter, by Claude.')
  await reader.settled()
  expect(await focusInView(page)).toBeNull()
  await reach(reader, reader.button(words.message.previous, reader.lastReply), 'Shift+Tab')
  await press(reader, 'Enter')
  await eventually(async () => (await reader.lastText.textContent())?.startsWith('A dragoman'))

  // Edit the question: a branch.
  await stage.vendors.script({ type: 'reply', text: 'Another branch.' })
  await reach(reader, reader.button(words.message.edit), 'Shift+Tab')
  await press(reader, 'Enter')
  await press(reader, 'Control+A')
  await typed(reader, 'Tell me something else')
  await press(reader, 'Enter')
  await eventually(async () => (await reader.lastText.textContent()) === 'Another branch.')
  await reader.settled()
  expect(await focusInView(page)).toBeNull()

  // Rename the conversation.
  await reach(reader, reader.button(words.conversation.menu), 'Shift+Tab')
  await press(reader, 'Enter')
  await typed(reader, 'r')
  await press(reader, 'Enter')
  await press(reader, 'Control+A')
  await typed(reader, 'By keys alone')
  await press(reader, 'Enter')
  await eventually(async () => (await reader.title.textContent()) === 'By keys alone')

  // Delete it, and bring it back.
  await reach(reader, reader.button(words.conversation.menu), 'Shift+Tab')
  await press(reader, 'Enter')
  await press(reader, 'End')
  await press(reader, 'Enter')
  const entry = reader.history.getByRole('link', { name: 'By keys alone' })
  await entry.waitFor({ state: 'detached' })
  await eventually(async () => hasFocus(reader.box))
  await reach(reader, reader.button(words.conversation.undo), 'Shift+Tab')
  await press(reader, 'Enter')
  await entry.waitFor()
})

test('the keys that are promised do what they promise', async () => {
  const reader = await stage.enter()
  const { page } = reader
  await reader.open()
  await stage.vendors.script({ type: 'reply', text: 'First.' }, { type: 'reply', text: 'Second.' })
  await reader.askThrough('One')
  await reader.askThrough('Two')

  await press(reader, 'Control+Shift+M')
  await reader.options.first().waitFor()
  await press(reader, 'Escape')
  await press(reader, 'Control+K')
  expect(await hasFocus(page.getByRole('searchbox', { name: words.sidebar.search }))).toBe(true)
  await reach(reader, reader.box)
  await press(reader, 'ArrowUp')
  const editor = page.getByRole('textbox', { name: words.message.editLabel })
  expect(await hasFocus(editor)).toBe(true)
  expect(await editor.inputValue()).toBe('Two')
  await press(reader, 'Escape')
  expect(await editor.count()).toBe(0)

  await reader.lastReply.focus()
  await press(reader, 'k')
  expect(await hasFocus(reader.questions.last())).toBe(true)
  await press(reader, 'k')
  await press(reader, 'c')
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe('First.')
  await press(reader, 'j')
  expect(await hasFocus(reader.questions.last())).toBe(true)

  await press(reader, 'Control+Shift+O')
  await eventually(async () => (await reader.thread.count()) === 0)
  expect(await hasFocus(reader.box)).toBe(true)
})

test('on a phone, the list of conversations takes the focus, keeps it, and gives it back', async () => {
  const reader = await stage.enter({ width: 360, height: 740 })
  const { page } = reader
  await reader.open()
  await reader.askThrough('Hello')

  const opener = reader.button(words.sidebar.open)
  await reach(reader, opener, 'Shift+Tab')
  await press(reader, 'Enter')
  const dialog = page.getByRole('dialog', { name: words.sidebar.label })
  await dialog.waitFor()
  const outside = new Set<string>()
  for (let step = 0; step < 25; step += 1) {
    await page.keyboard.press('Tab')
    // Between the last and the first of a dialog comes the browser itself: then it is the body.
    const where = await dialog.evaluate((list) => {
      const { activeElement: focused, body } = document
      return list.contains(focused) || focused === body ? '' : (focused?.className ?? 'nowhere')
    })
    if (where !== '') outside.add(where)
  }
  expect([...outside]).toEqual([])
  await press(reader, 'Escape')

  await dialog.waitFor({ state: 'hidden' })
  expect(await hasFocus(opener)).toBe(true)
})

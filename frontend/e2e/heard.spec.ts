// What a screen reader is told while an answer is written: beginnings, ends and sentences, no tokens.
import { expect, test } from 'vitest'

import { words } from '@/lib/words'

import type { Reader } from './support/reader'
import { setStage } from './support/stage'

const stage = setStage()

const SENTENCES = Array.from({ length: 12 }, (_, index) => `This is sentence number ${index + 1}.`)
const TALE = SENTENCES.join(' ')

/** Notes everything that any live region is given from now on. */
async function listen({ page }: Reader): Promise<() => Promise<readonly string[]>> {
  await page.evaluate(() => {
    const heard: string[] = []
    Object.assign(window, { heard })
    const observer = new MutationObserver((changes) => {
      for (const { target, addedNodes } of changes) {
        const element = target instanceof Element ? target : target.parentElement
        const region = element?.closest('[aria-live], [role=log], [role=status], [role=alert]')
        if (!region) continue
        const added = [...addedNodes]
          .map((node) => node.textContent ?? '')
          .join(' ')
          .trim()
        const text = addedNodes.length > 0 ? added : (target.textContent ?? '').trim()
        if (text !== '') heard.push(text)
      }
    })
    observer.observe(document.body, { subtree: true, childList: true, characterData: true })
  })
  return () => page.evaluate(() => (window as unknown as { heard: string[] }).heard)
}

async function announce(reader: Reader, how: string): Promise<void> {
  await reader.button(words.preferences.title).click()
  const dialog = reader.page.getByRole('dialog', { name: words.preferences.title })
  await dialog.getByText(how, { exact: true }).click()
  await reader.button(words.dialog.close, dialog).click()
}

test('one hears that an answer begins and that it is complete, each once', async () => {
  const reader = await stage.enter()
  await reader.open()
  await stage.vendors.script({ type: 'reply', text: TALE })
  const heard = await listen(reader)

  await reader.askThrough('Tell me a tale')

  expect(await heard()).toEqual([words.announce.begins('GPT Test'), words.announce.done(60)])
})

test('who wants to hear all of it hears whole sentences, each once', async () => {
  const reader = await stage.enter()
  await reader.open()
  await announce(reader, words.preferences.announcements.full)
  await stage.vendors.script({ type: 'reply', text: TALE })
  const heard = await listen(reader)

  await reader.askThrough('Tell me a tale')

  const said = await heard()
  expect(said.length).toBeLessThanOrEqual(SENTENCES.length + 2)
  expect(said.slice(1, -1).join(' ')).toBe(TALE)
  for (const text of said.slice(1, -1)) expect(text).toMatch(/\.$/)
})

test('an error is heard once', async () => {
  const reader = await stage.enter()
  await reader.open()
  await stage.vendors.script({ type: 'fail', status: 401 })
  const heard = await listen(reader)

  await reader.askThrough('Will you answer?')

  const title = words.failure.titles.authentication('OpenAI')
  expect((await heard()).filter((text) => text.includes(title))).toEqual([
    words.announce.failed(title),
  ])
})

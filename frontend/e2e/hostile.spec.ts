// Hundreds of texts that try to become more than text: written as an answer, kept, and shown again.
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'

import { words } from '@/lib/words'

import type { Cases } from '../tests/hostile/case'
import { CODE_CASES } from '../tests/hostile/code'
import { DEEP_CASES } from '../tests/hostile/deep'
import { DESTINATION_CASES } from '../tests/hostile/destinations'
import { HTML_CASES } from '../tests/hostile/html'
import { MARKDOWN_CASES } from '../tests/hostile/markdown'
import { MATH_CASES } from '../tests/hostile/math'
import { TEXT_CASES } from '../tests/hostile/text'
import { eventually } from './support/program'
import { MODELS } from './support/server'
import { setStage } from './support/stage'

const EVIL = '<img src=x onerror=alert(1)>[x](javascript:alert(2))'
const EVIL_NAME = 'Evil <img src=x onerror=alert(3)>'

const stage = setStage({
  environ: {
    MODELS: JSON.stringify([
      ...MODELS,
      { id: 'evil', name: EVIL_NAME, description: EVIL, provider: 'openai' },
    ]),
  },
  chunkDelayMs: 0,
})

const KINDS: readonly (readonly [string, Cases])[] = [
  ['addresses', DESTINATION_CASES],
  ['HTML', HTML_CASES],
  ['Markdown', MARKDOWN_CASES],
  ['characters', TEXT_CASES],
  ['formulas', MATH_CASES],
  ['code', CODE_CASES],
  ['depth and length', DEEP_CASES],
]

// A conversation is loaded with so many messages at a time; each case is a question and an answer.
const CASES_PER_CONVERSATION = 15
const CASES_PER_ANSWER = 12

/** The texts that can be sent at all: half a character has no bytes. */
const textsOf = (cases: Cases): readonly string[] =>
  Object.values(cases).filter((text) => !/\p{Surrogate}/u.test(text))

function* inGroupsOf<Item>(size: number, items: readonly Item[]): Generator<readonly Item[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size)
}

interface Found {
  /** What stands in the messages and must not. */
  readonly forbidden: readonly string[]
  readonly messages: number
}

/** Looks at all that the messages became. */
async function inspect(page: Page): Promise<Found> {
  return await page.evaluate(() => {
    const ACTIVE =
      'script, iframe, frame, object, embed, img, image, video, audio, source, picture, style, link, ' +
      'meta, base, form, template, portal, animate, set, use, foreignObject'
    const forbidden: string[] = []
    const texts = document.querySelectorAll('article .text, article .bubble')
    for (const text of texts) {
      for (const element of text.querySelectorAll(ACTIVE)) forbidden.push(`<${element.localName}>`)
      for (const element of text.querySelectorAll('*')) {
        for (const { name, value } of element.attributes) {
          const runs = name.startsWith('on') || /^\s*(javascript|vbscript|data):/i.test(value)
          if (runs || ['srcdoc', 'srcset', 'ping', 'formaction'].includes(name)) {
            forbidden.push(`${name}=${value}`)
          }
        }
      }
      for (const link of text.querySelectorAll('a')) {
        const safe = ['http:', 'https:', 'mailto:'].includes(link.protocol)
        const apart = link.target === '_blank' && link.relList.contains('noopener')
        if (!safe || !apart || link.origin === location.origin)
          forbidden.push(`a link to ${link.href}`)
      }
    }
    return { forbidden, messages: texts.length }
  })
}

async function ask(conversationId: string, text: string): Promise<void> {
  await stage.vendors.script({ type: 'reply', text })
  await stage.server.api('POST', 'messages', { conversationId, message: 'Go on' })
}

test.for(KINDS)('hostile %s stay text when a kept conversation is opened', async ([, cases]) => {
  const reader = await stage.enter()
  await reader.open()
  for (const group of inGroupsOf(CASES_PER_CONVERSATION, textsOf(cases))) {
    const { id } = await stage.server.api<{ id: string }>('POST', 'conversations', {})
    for (const text of group) await ask(id, text)

    await reader.page.goto(`/#/c/${id}`)
    await eventually(async () => (await reader.replies.count()) === group.length)
    await reader.page.waitForLoadState('networkidle')

    const { forbidden, messages } = await inspect(reader.page)
    expect(forbidden).toEqual([])
    expect(messages).toBeGreaterThanOrEqual(group.length)
  }
})

test.for(KINDS.slice(0, -1))('hostile %s stay text while they are written', async ([, cases]) => {
  const reader = await stage.enter()
  await reader.open()
  for (const group of inGroupsOf(CASES_PER_ANSWER, textsOf(cases))) {
    await stage.vendors.script({ type: 'reply', text: group.join('\n\n') })
    await reader.askThrough('Say something evil')

    expect(await reader.card.count()).toBe(0)
    expect((await inspect(reader.page)).forbidden).toEqual([])
  }
})

test('the corpus has at least two hundred cases', () => {
  const count = KINDS.reduce((sum, [, cases]) => sum + textsOf(cases).length, 0)

  expect(count).toBeGreaterThanOrEqual(200)
})

test('names, titles, questions and finds are text, whatever they hold', async () => {
  const reader = await stage.enter()
  await reader.open()
  await stage.vendors.script({ type: 'reply', text: EVIL })

  await reader.choose(EVIL_NAME)
  await reader.askThrough(EVIL)
  await reader.fromMenu(words.conversation.rename)
  const editor = reader.page.getByRole('textbox', { name: words.conversation.renameLabel })
  await editor.fill(EVIL)
  await editor.press('Enter')
  await reader.history.getByRole('link', { name: EVIL }).waitFor()
  await reader.page.getByRole('searchbox').fill('onerror')
  await reader.history.locator('mark').first().waitFor()
  await reader.picker.click()
  await reader.options.first().waitFor()

  const planted = await reader.page.evaluate(
    () => document.body.querySelectorAll('img, script:not([src]), [onerror]').length,
  )
  expect(planted).toBe(0)
  expect(await reader.title.textContent()).toBe(EVIL)
  expect(await reader.page.title()).toContain(EVIL)
})

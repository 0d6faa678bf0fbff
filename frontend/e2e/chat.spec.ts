// The whole path with a mouse: ask, stop, ask another model, branch, rename, search, delete.
import { expect, test } from 'vitest'

import { words } from '@/lib/words'

import { eventually } from './support/program'
import { setStage } from './support/stage'

const stage = setStage()

const STORY = 'A dragoman carried words across the border. '.repeat(30).trim()

test('a question is answered by the model that is chosen, word by word', async () => {
  const reader = await stage.enter()
  await reader.open()
  await stage.vendors.script({ type: 'reply', text: STORY })

  await reader.ask('Tell me a story')
  await reader.stop.waitFor()
  await eventually(async () => (await reader.lastText.textContent())?.startsWith('A dragoman'))
  const partial = (await reader.lastText.textContent()) ?? ''
  await reader.settled()

  expect(partial.length).toBeLessThan(STORY.length)
  expect(await reader.lastText.textContent()).toBe(STORY)
  expect(await reader.questions.last().locator('.bubble').textContent()).toBe('Tell me a story')
  expect(await reader.lastReply.textContent()).toMatch(/GPT Test.*OpenAI/)
  expect(await reader.lastReply.locator('.facts').textContent()).toMatch(
    /to first token.*tok\/s.*→ \d+ tokens/,
  )
  expect(await reader.box.inputValue()).toBe('')
})

test('one conversation goes from one vendor to the other and back, with all that was said', async () => {
  const reader = await stage.enter()
  await reader.open()
  await stage.vendors.script(
    { type: 'reply', text: 'Blue is the first.' },
    { type: 'reply', text: 'Red is the second.' },
    { type: 'reply', text: 'Green is the third.' },
  )

  await reader.askThrough('Name a colour')
  await reader.choose('Claude Test')
  await reader.askThrough('And another')
  await reader.choose('GPT Small')
  await reader.askThrough('And a last one')

  expect(await reader.replies.locator('.text').allTextContents()).toEqual([
    'Blue is the first.',
    'Red is the second.',
    'Green is the third.',
  ])
  expect(await reader.replies.locator('.who').allTextContents()).toEqual([
    expect.stringMatching(/GPT Test.*OpenAI/),
    expect.stringMatching(/Claude Test.*Anthropic/),
    expect.stringMatching(/GPT Small.*OpenAI/),
  ])
  const asked = await stage.vendors.requests()
  expect(asked.map(({ provider }) => provider)).toEqual(['openai', 'anthropic', 'openai'])
  expect(asked.map(({ model }) => model)).toEqual(['gpt', 'claude', 'gpt-small'])
})

test('Stop keeps what was written, and the model is not asked any longer', async () => {
  const reader = await stage.enter()
  await reader.open()
  await stage.vendors.script(
    { type: 'reply', text: STORY },
    { type: 'stream_fault', kind: 'stall', after_chunks: 12, stall_seconds: 30 },
  )

  await reader.ask('Tell me a story')
  await eventually(async () => (await reader.lastText.textContent())?.includes('border'))
  await reader.stop.click()
  await reader.settled()

  const kept = await reader.lastText.textContent()
  expect(STORY.startsWith(kept ?? '?')).toBe(true)
  expect(await reader.lastReply.textContent()).toContain(words.endings.cancelled)
  await reader.page.reload()
  await reader.lastReply.waitFor()
  expect(await reader.lastText.textContent()).toBe(kept)
  expect(await reader.lastReply.textContent()).toContain(words.endings.cancelled)
})

test('an answer given again by another model is another version; both stay', async () => {
  const reader = await stage.enter()
  await reader.open()
  await stage.vendors.script({ type: 'reply', text: 'One.' }, { type: 'reply', text: 'Two.' })
  await reader.askThrough('Count')

  await reader.button(words.message.againWith, reader.lastReply).click()
  await reader.options.filter({ hasText: 'Claude Test' }).click()
  await eventually(async () => (await reader.lastText.textContent()) === 'Two.')
  await reader.settled()

  expect(await reader.replies.count()).toBe(1)
  const pager = reader.lastReply.getByRole('group', { name: words.message.versions(2, 2) })
  await pager.waitFor()
  await reader.button(words.message.previous, reader.lastReply).click()
  await eventually(async () => (await reader.lastText.textContent()) === 'One.')
  await reader.page.reload()
  await reader.button(words.message.next, reader.lastReply).or(reader.lastReply).first().waitFor()
  expect(await reader.lastReply.getByRole('group').getAttribute('aria-label')).toMatch(/ of 2$/)
})

test('an edited question begins another branch, and the old one can be had again', async () => {
  const reader = await stage.enter()
  await reader.open()
  await stage.vendors.script(
    { type: 'reply', text: 'Meow.' },
    { type: 'reply', text: 'Woof.' },
    { type: 'reply', text: 'Woof, woof.' },
  )
  await reader.askThrough('What does a cat say?')

  const mine = reader.questions.last()
  await reader.button(words.message.edit, mine).click()
  await mine.getByRole('textbox', { name: words.message.editLabel }).fill('What does a dog say?')
  await reader.button(words.message.editSend, mine).click()
  await eventually(async () => (await reader.lastText.textContent()) === 'Woof.')
  await reader.settled()
  await reader.askThrough('Louder')

  expect(await reader.questions.locator('.bubble').allTextContents()).toEqual([
    'What does a dog say?',
    'Louder',
  ])
  await reader.button(words.message.previous, reader.questions.first()).click()
  await eventually(async () => (await reader.lastText.textContent()) === 'Meow.')
  expect(await reader.questions.count()).toBe(1)
})

test('a conversation is named after its question, renamed, found, deleted and brought back', async () => {
  const reader = await stage.enter()
  await reader.open()
  await stage.vendors.script({ type: 'reply', text: 'The quokka is a marsupial.' })
  await reader.askThrough('What is a quokka?')

  await eventually(async () => (await reader.title.textContent())?.includes('quokka'))
  await reader.fromMenu(words.conversation.rename)
  const editor = reader.page.getByRole('textbox', { name: words.conversation.renameLabel })
  await editor.fill('Animals of Australia')
  await editor.press('Enter')
  await reader.history.getByRole('link', { name: 'Animals of Australia' }).waitFor()

  const search = reader.page.getByRole('searchbox', { name: words.sidebar.search })
  await search.fill('marsupial')
  const hit = reader.history.getByRole('link', { name: /Animals of Australia/ })
  await eventually(async () => (await hit.textContent())?.includes('marsupial'))
  await search.fill('no such words anywhere')
  await reader.history.getByText(words.sidebar.nothingFound).waitFor()
  await reader.button(words.sidebar.clearSearch).click()
  await hit.waitFor()

  await reader.fromMenu(words.conversation.remove)
  await hit.waitFor({ state: 'detached' })
  await reader.button(words.conversation.undo).click()
  await hit.waitFor()
  await hit.click()
  await eventually(
    async () => (await reader.lastText.textContent()) === 'The quokka is a marsupial.',
  )
})

test('what a conversation is set to is sent with every question of it, and no other', async () => {
  const reader = await stage.enter()
  await reader.open()
  await reader.askThrough('Before')

  await reader.button(words.conversation.settings).click()
  const dialog = reader.page.getByRole('dialog', { name: words.settings.title })
  await dialog.getByRole('textbox', { name: words.settings.systemPrompt }).fill('Be brief.')
  await dialog.getByLabel(words.settings.temperature).fill('0.2')
  await dialog.getByLabel(words.settings.maxTokens).fill('77')
  await reader.button(words.settings.save, dialog).click()
  await dialog.waitFor({ state: 'detached' })
  await reader.page.reload()
  await reader.lastReply.waitFor()
  await reader.button(words.conversation.settings).click()

  expect(
    await dialog.getByRole('textbox', { name: words.settings.systemPrompt }).inputValue(),
  ).toBe('Be brief.')
  expect(await dialog.getByLabel(words.settings.temperature).inputValue()).toBe('0.2')
  expect(await dialog.getByLabel(words.settings.maxTokens).inputValue()).toBe('77')
})

test('code is coloured and copied, formulas are set, and neither breaks the policy', async () => {
  const reader = await stage.enter()
  await reader.open()
  const code = 'def shout(word: str) -> str:\n    return word.upper()\n'
  await stage.vendors.script({
    type: 'reply',
    text: `Like so:\n\n\`\`\`python\n${code}\`\`\`\n\nand $$\\int_0^1 x^2\\,dx = \\tfrac13$$ follows.`,
  })

  await reader.askThrough('Show me')
  await reader.lastReply.locator('pre [class^="hljs-"]').first().waitFor()
  await reader.lastReply.locator('.katex').first().waitFor()
  await reader.button(words.message.copyCode, reader.lastReply.locator('.text')).click()

  expect(await reader.page.evaluate(() => navigator.clipboard.readText())).toBe(code.trimEnd())
})

test('what was said long ago comes as one scrolls up, and nothing jumps', async () => {
  const { id } = await stage.server.api<{ id: string }>('POST', 'conversations', {})
  for (let number = 1; number <= 30; number += 1) {
    const message = `Question ${number}.`
    await stage.server.api('POST', 'messages', { conversationId: id, message })
  }
  const reader = await stage.enter()
  await reader.open(`/#/c/${id}`)
  await reader.questions.filter({ hasText: 'Question 30.' }).waitFor()
  expect(await reader.questions.count()).toBe(15)
  await reader.page.waitForTimeout(300)
  expect(await reader.questions.count()).toBe(15)

  const sixteenth = reader.questions.filter({ hasText: 'Question 16.' })
  await sixteenth.scrollIntoViewIfNeeded()

  await eventually(async () => (await reader.questions.count()) === 30)
  await reader.page.waitForTimeout(300)
  expect(
    await sixteenth.evaluate((element) => {
      const { top } = element.getBoundingClientRect()
      return top >= 0 && top < window.innerHeight
    }),
  ).toBe(true)
  expect(await reader.button(words.conversation.earlier).count()).toBe(0)
})

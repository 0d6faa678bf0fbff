// What a person does with the page, in words for roles and names, as a screen reader knows them.
import type { Locator, Page } from 'playwright-core'

import { words } from '@/lib/words'

/** How long an answer of the tests may take, from the question to its end. */
const ANSWER_MS = 30_000

export class Reader {
  readonly page: Page

  constructor(page: Page) {
    this.page = page
  }

  /** Opens the page and waits until one can write. */
  async open(place = '/'): Promise<void> {
    await this.page.goto(place)
    await this.box.waitFor()
    await this.picker.waitFor()
  }

  get box(): Locator {
    return this.page.getByRole('textbox', { name: words.composer.label, exact: true })
  }

  get send(): Locator {
    return this.page.getByRole('button', { name: words.composer.send, exact: true })
  }

  get stop(): Locator {
    return this.page.getByRole('button', { name: words.composer.stop, exact: true })
  }

  /** The button under the box that names the model and opens the list. */
  get picker(): Locator {
    return this.page.locator('form').getByRole('button', { name: /^Model: / })
  }

  get options(): Locator {
    return this.page.getByRole('listbox', { name: words.models.listLabel }).getByRole('option')
  }

  get thread(): Locator {
    return this.page.getByRole('list', { name: words.conversation.thread, exact: true })
  }

  get questions(): Locator {
    return this.thread.getByRole('article', { name: words.message.youSaid, exact: true })
  }

  get replies(): Locator {
    return this.thread.getByRole('article', { name: / answered$/ })
  }

  get lastReply(): Locator {
    return this.replies.last()
  }

  /** The words of the last reply as one reads them, without its name and its facts. */
  get lastText(): Locator {
    return this.lastReply.locator('.text')
  }

  get card(): Locator {
    return this.thread
      .or(this.page.locator('.unanswered'))
      .getByRole('region')
      .filter({ has: this.page.getByRole('heading', { level: 3 }) })
      .last()
  }

  get title(): Locator {
    return this.page.getByRole('heading', { level: 1 })
  }

  get history(): Locator {
    return this.page.getByRole('navigation', { name: words.sidebar.label })
  }

  button(name: string, within: Locator | Page = this.page): Locator {
    return within.getByRole('button', { name, exact: true })
  }

  async choose(model: string): Promise<void> {
    await this.picker.click()
    await this.options.filter({ hasText: model }).click()
    // How its provider does may stand behind its name.
    await this.picker.filter({ hasText: model }).waitFor()
  }

  /** Writes and sends; does not wait for the answer. */
  async ask(text: string): Promise<void> {
    await this.box.fill(text)
    await this.send.click()
  }

  /** Asks, and waits for the end of the answer, of whatever kind. */
  async askThrough(text: string): Promise<void> {
    const before = await this.questions.count()
    await this.ask(text)
    await this.questions.nth(before).waitFor()
    await this.settled()
  }

  /** Waits until no answer is being written. */
  async settled(): Promise<void> {
    await this.send.waitFor({ timeout: ANSWER_MS })
  }

  /** Opens the menu of the conversation in the title bar, and chooses an entry. */
  async fromMenu(entry: string): Promise<void> {
    await this.button(words.conversation.menu).click()
    await this.page.getByRole('menuitem', { name: entry, exact: true }).click()
  }
}

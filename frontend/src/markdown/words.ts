// Every word that the rendering of Markdown adds to a text, in one place.
import type { InjectionKey } from 'vue'

export interface MarkdownWords {
  /** In place of a picture, which is never loaded; `host` is empty where it names none. */
  image(alt: string, host: string): string
  /** The name of a block of code that can be scrolled; the language may be empty. */
  code(language: string): string
  readonly table: string
  readonly formula: string
  readonly taskDone: string
  readonly taskOpen: string
}

export const ENGLISH: MarkdownWords = {
  image: (alt, host) => `image${alt && `: ${alt}`}${host && ` (${host})`}`,
  code: (language) => (language === '' ? 'code' : `${language} code`),
  table: 'table',
  formula: 'formula',
  taskDone: 'done',
  taskOpen: 'not done',
}

/** Provide this to speak another language; English otherwise. */
export const MARKDOWN_WORDS: InjectionKey<MarkdownWords> = Symbol('the words of Markdown')

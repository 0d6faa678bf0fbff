// Markdown on the page: what other parts of the page may use of it.
export { CODE_ACTIONS, type Code } from './CodeBlock'
export { default as Markdown } from './Markdown.vue'
export { ENGLISH, MARKDOWN_WORDS, type MarkdownWords } from './words'

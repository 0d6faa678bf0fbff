// Long conversations, as `dragoman import` reads them.
import { randomUUID } from 'node:crypto'

const ANSWER = [
  'A dragoman carried **words** across the border, and answered with `his name` for each of them.',
  'There is more to it:\n\n- patience\n- two languages\n- a good memory',
  '```python\ndef carry(words: str) -> str:\n    return words[::-1]\n```',
  'So much for [the story](https://example.org/dragoman).',
].join('\n\n')

export interface Talk {
  readonly id: string
  readonly archive: object
}

/** A conversation of `count` messages: question, answer, question … */
export function talkOf(count: number): Talk {
  const id = `conv-${randomUUID()}`
  const began = Date.parse('2026-01-01T00:00:00Z')
  const at = (index: number): string => new Date(began + index * 1000).toISOString()
  const ids = Array.from({ length: count }, () => `msg-${randomUUID()}`)
  const messages = ids.map((messageId, index) => ({
    id: messageId,
    ...(index > 0 && { parentId: ids[index - 1] }),
    role: index % 2 === 0 ? 'user' : 'assistant',
    text: index % 2 === 0 ? `Question ${index}: what does a dragoman do?` : ANSWER,
    createdAt: at(index),
    ...(index % 2 === 1 && {
      model: 'bench',
      provider: 'openai',
      stopReason: 'stop',
      usage: { input: 100, output: 80 },
      timing: { totalMs: 900, firstTokenMs: 200 },
    }),
  }))
  const title = `${count} messages`
  const times = { createdAt: at(0), updatedAt: at(count) }
  return { id, archive: { id, title, ...times, activeLeaf: ids.at(-1), messages } }
}

export const archiveOf = (talks: readonly Talk[]): string =>
  JSON.stringify({
    format: 'dragoman.conversations',
    version: 1,
    conversations: talks.map(({ archive }) => archive),
  })

// What a conversation is called until the server has told its title.
const LONGEST = 60

// What Python's `str.split` takes for white space.
const SPACE = /[^\S\ufeff]|[\u001c-\u001f\u0085]/
const SPACES = new RegExp(`(?:${SPACE.source})+`)

/**
 * The title that the server will make of a first message: one line of at most 60 characters, cut at
 * the end of a word if it has one.
 */
export function titleOfQuestion(message: string): string {
  const line = message.split(SPACES).filter(Boolean).join(' ')
  const characters = [...line]
  if (characters.length <= LONGEST) return line
  const cut = characters.slice(0, LONGEST - 1).join('')
  const isInWord = /[\p{L}\p{N}]/u.test(characters[LONGEST - 1] ?? '')
  const wordEnd = isInWord ? cut.lastIndexOf(' ') : -1
  return `${(wordEnd < 0 ? cut : cut.slice(0, wordEnd)).replace(/[ ,;:.-]+$/, '')}…`
}

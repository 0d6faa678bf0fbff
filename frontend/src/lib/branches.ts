// A conversation as a tree: every message hangs on the one it follows, and one path is shown.
//
//   question ─┬─ answer 1 ── next question …
//             └─ answer 2 (another attempt)
//   question, edited ── answer …
import type { Message } from '@/api/types'

/** A message of the shown path, among those that could stand in its place. */
export interface Turn {
  readonly message: Message
  /** Attempts at the same reply, or versions of the same question, oldest first. */
  readonly versions: readonly Message[]
}

const parentOf = (message: Message): string => message.parentId ?? ''
const placeOf = (message: Message): string => `${parentOf(message)} ${message.sender}`

/** The path from the first message to `leaf`; a parent that is not loaded ends it. */
export function turnsTo(messages: readonly Message[], leaf: string | null): readonly Turn[] {
  const byId = new Map(messages.map((message) => [message.id, message]))
  const byPlace = grouped(messages, placeOf)
  const turns: Turn[] = []
  let message = byId.get(leaf ?? '')
  while (message !== undefined) {
    turns.push({ message, versions: byPlace.get(placeOf(message)) ?? [message] })
    byId.delete(message.id) // a circle of parents must not hold us
    message = byId.get(parentOf(message))
  }
  return turns.reverse()
}

/** The end of the branch that goes on from the message `from`, by the newest message each time. */
export function leafBelow(messages: readonly Message[], from: string): string {
  const newestChild = new Map(messages.map((message) => [parentOf(message), message.id]))
  let leaf = from
  for (let child = newestChild.get(leaf); child !== undefined; child = newestChild.get(leaf)) {
    newestChild.delete(leaf) // a circle of parents must not hold us
    leaf = child
  }
  return leaf
}

/** `messages` with `message` in the place of the one of its id, or at the end. */
export function withMessage(messages: readonly Message[], message: Message): readonly Message[] {
  const known = messages.some(({ id }) => id === message.id)
  if (!known) return [...messages, message]
  return messages.map((old) => (old.id === message.id ? message : old))
}

function grouped<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>()
  for (const item of items) {
    const group = groups.get(keyOf(item))
    if (group === undefined) groups.set(keyOf(item), [item])
    else group.push(item)
  }
  return groups
}

// Single letters in the messages: J and K move, R answers again, C copies.
import type { Ref } from 'vue'

import { words } from '@/lib/words'

const TYPING = 'input, textarea, select, [contenteditable], [role=dialog], [role=menu]'

/** A listener for keys pressed within `content`; `wanted` tells whether letters are keys at all. */
export function useThreadKeys(
  content: Readonly<Ref<HTMLElement | null>>,
  wanted: () => boolean,
): (event: KeyboardEvent) => void {
  const messages = (): HTMLElement[] =>
    Array.from(content.value?.querySelectorAll<HTMLElement>('article') ?? [])

  function move(step: number): void {
    const all = messages()
    const at = all.findIndex((message) => message.contains(document.activeElement))
    all[Math.min(Math.max(at + step, 0), all.length - 1)]?.focus()
  }

  function press(name: string): void {
    const message = messages().find((each) => each.contains(document.activeElement))
    message?.querySelector<HTMLElement>(`button[aria-label="${name}"]`)?.click()
  }

  const ACTIONS: Readonly<Record<string, () => void>> = {
    j: () => move(1),
    k: () => move(-1),
    r: () => press(words.message.again),
    c: () => press(words.message.copy),
  }

  return (event) => {
    const { key, ctrlKey, metaKey, altKey, target } = event
    if (!wanted() || ctrlKey || metaKey || altKey) return
    if (target instanceof Element && target.closest(TYPING) !== null) return
    const action = ACTIONS[key.toLowerCase()]
    if (action === undefined) return
    event.preventDefault()
    action()
  }
}

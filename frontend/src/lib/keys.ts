// Keys that count everywhere on the page.
import { onMounted, onScopeDispose } from 'vue'

export interface PageKeys {
  search(): void
  fresh(): void
  model(): void
  help(): void
  stop(): void
}

export function usePageKeys(keys: PageKeys): void {
  const byKey: Readonly<Record<string, (() => void) | undefined>> = {
    'ctrl+k': keys.search,
    'ctrl+shift+o': keys.fresh,
    'ctrl+shift+m': keys.model,
    'ctrl+/': keys.help,
    escape: keys.stop,
  }

  function pressed(event: KeyboardEvent): void {
    if (event.defaultPrevented || event.isComposing || event.altKey) return
    const ctrl = event.ctrlKey || event.metaKey ? 'ctrl+' : ''
    const shift = event.shiftKey && ctrl !== '' && event.key !== '/' ? 'shift+' : ''
    const action = byKey[ctrl + shift + event.key.toLowerCase()]
    if (action === undefined) return
    event.preventDefault()
    action()
  }

  onMounted(() => document.addEventListener('keydown', pressed))
  onScopeDispose(() => document.removeEventListener('keydown', pressed))
}

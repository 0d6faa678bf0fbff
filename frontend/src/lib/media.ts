// A media query as a value that follows the window.
import { onScopeDispose, shallowRef, type ShallowRef } from 'vue'

export function useMedia(query: string): Readonly<ShallowRef<boolean>> {
  const list = window.matchMedia(query)
  const matches = shallowRef(list.matches)
  const follow = (): void => {
    matches.value = list.matches
  }
  list.addEventListener('change', follow)
  onScopeDispose(() => list.removeEventListener('change', follow))
  return matches
}

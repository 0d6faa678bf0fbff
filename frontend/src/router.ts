// Where we are: the part of the address behind `#`, so that the page may live below any path.
import { shallowRef, type ShallowRef } from 'vue'

export type Place =
  { readonly name: 'new' } | { readonly name: 'conversation'; readonly id: string }

export interface Router {
  readonly place: Readonly<ShallowRef<Place>>
  /** Goes there; `replace` leaves no step to go back to. */
  go(place: Place, options?: { replace?: boolean }): void
  dispose(): void
}

const CONVERSATION = /^#\/c\/([\w-]+)$/

export const hrefOf = (place: Place): string =>
  place.name === 'new' ? '#/' : `#/c/${encodeURIComponent(place.id)}`

function placeOf(hash: string): Place {
  const id = CONVERSATION.exec(hash)?.[1]
  return id === undefined ? { name: 'new' } : { name: 'conversation', id }
}

export function createRouter(view: Window): Router {
  const place = shallowRef(placeOf(view.location.hash))
  const follow = (): void => {
    place.value = placeOf(view.location.hash)
  }
  view.addEventListener('popstate', follow)
  view.addEventListener('hashchange', follow)
  return {
    place,
    go(to, { replace = false } = {}) {
      if (replace) view.history.replaceState(null, '', hrefOf(to))
      else view.history.pushState(null, '', hrefOf(to))
      follow()
    },
    dispose() {
      view.removeEventListener('popstate', follow)
      view.removeEventListener('hashchange', follow)
    },
  }
}

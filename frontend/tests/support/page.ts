// The whole page before the fake server, as a test sees it.
import { cleanup, render } from '@testing-library/vue'
import userEvent, { type UserEvent } from '@testing-library/user-event'
import { vi } from 'vitest'

import App from '@/App.vue'
import { createPage, PAGE, type Page } from '@/stores/page'
import type { Channel } from '@/stores/tabs'

import { FakeServer } from '../fake/server'

// jsdom knows the element and not its modal ways.
HTMLDialogElement.prototype.showModal ??= function showModal() {
  this.open = true
}
HTMLDialogElement.prototype.close ??= function close() {
  this.open = false
  this.dispatchEvent(new Event('close'))
}

// It hides what has the attribute, and knows no way to show it.
HTMLElement.prototype.showPopover ??= function showPopover() {
  this.removeAttribute('popover')
}

export interface Shown {
  readonly server: FakeServer
  readonly user: UserEvent
  readonly page: Page
  /** The same tab, loaded again: what is shown and in memory is gone, what is kept stays. */
  reload(): Shown
}

export interface Given {
  readonly server?: FakeServer
  /** The part of the address behind the page's own. */
  readonly hash?: string
  readonly narrow?: boolean
  /** Whether one types on glass. */
  readonly touch?: boolean
  readonly channel?: Channel | null
}

const open: Page[] = []

function close(): void {
  cleanup()
  for (const page of open.splice(0)) page.dispose()
}

/** Takes every page away, and what it kept in the browser. */
export function forgetPages(): void {
  close()
  localStorage.clear()
  sessionStorage.clear()
  window.history.replaceState(null, '', '/')
  vi.useRealTimers()
}

/** Shows the page. */
export function showPage(given: Given = {}): Shown {
  const { server = new FakeServer(), hash, narrow = false, touch = false, channel = null } = given
  if (hash !== undefined) window.history.replaceState(null, '', hash)
  const answers = (media: string): object => ({
    media,
    matches: media.includes('width') ? narrow : touch,
  })
  window.matchMedia = (media) => Object.assign(new EventTarget(), answers(media)) as never
  const page = createPage({ view: window, fetch: server.fetch, now: () => Date.now(), channel })
  render(App, { global: { provide: { [PAGE as symbol]: page } } })
  open.push(page)
  const user = userEvent.setup({ delay: null })
  return {
    server,
    user,
    page,
    reload() {
      close()
      return showPage({ ...given, server, hash: window.location.hash })
    },
  }
}

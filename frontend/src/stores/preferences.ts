// What this browser's user likes: kept here, not at the server.
import { shallowRef, watch, type ShallowRef } from 'vue'

import type { Shelf } from '@/lib/shelf'

export type Theme = 'system' | 'light' | 'dark'
export type Announce = 'off' | 'short' | 'full'

export interface Preferences {
  readonly theme: Theme
  readonly announce: Announce
  /** Whether letters alone are keys while the focus is in the messages. */
  readonly singleKeys: boolean
  readonly sidebar: boolean
  /** The model chosen last, for the next new conversation. */
  readonly model: string | null
}

const DEFAULTS: Preferences = {
  theme: 'system',
  announce: 'short',
  singleKeys: true,
  sidebar: true,
  model: null,
}

const KEY = 'preferences'

export interface PreferenceStore {
  readonly value: Readonly<ShallowRef<Preferences>>
  set(change: Partial<Preferences>): void
  /** Reads them again: another tab may have changed them. */
  reread(): void
}

export function createPreferences(shelf: Shelf, document: Document): PreferenceStore {
  const read = (): Preferences => ({ ...DEFAULTS, ...parsed(shelf.read(KEY)) })
  const value = shallowRef(read())
  watch(value, ({ theme }) => showTheme(document, theme), { immediate: true })
  return {
    value,
    set(change) {
      value.value = { ...read(), ...change }
      shelf.write(KEY, JSON.stringify(value.value))
    },
    reread() {
      value.value = read()
    },
  }
}

function showTheme(document: Document, theme: Theme): void {
  if (theme === 'system') delete document.documentElement.dataset['theme']
  else document.documentElement.dataset['theme'] = theme
}

function parsed(text: string | null): Partial<Preferences> {
  try {
    const value: unknown = JSON.parse(text ?? '{}')
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}

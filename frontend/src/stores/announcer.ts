// What a screen reader is told: beginnings and ends, or whole sentences, never tokens.
import { shallowRef, type ShallowRef } from 'vue'

import type { Announce } from './preferences'
import { createReader } from '@/lib/sentences'
import { words } from '@/lib/words'

export interface Announcement {
  readonly id: number
  readonly text: string
}

export interface Announcer {
  /** The last ones, oldest first. */
  readonly said: Readonly<ShallowRef<readonly Announcement[]>>
  say(text: string): void
  /** Tells of one reply as it is written. */
  narrate(model: string): Narrator
}

export interface Narrator {
  grown(text: string): void
  done(text: string, ending: string): void
}

const REMEMBERED = 20

export function createAnnouncer(loudness: () => Announce): Announcer {
  const said = shallowRef<readonly Announcement[]>([])
  let count = 0

  function say(text: string): void {
    count += 1
    said.value = [...said.value.slice(1 - REMEMBERED), { id: count, text }]
  }

  return {
    said,
    say,
    narrate(model) {
      const reader = createReader()
      const sayIf = (wanted: boolean, text: string): void => {
        if (wanted && text !== '') say(text)
      }
      sayIf(loudness() !== 'off', words.announce.begins(model))
      return {
        grown: (text) => sayIf(loudness() === 'full', reader.next(text)),
        done(text, ending) {
          sayIf(loudness() === 'full', reader.rest(text))
          sayIf(loudness() !== 'off', ending)
        },
      }
    },
  }
}

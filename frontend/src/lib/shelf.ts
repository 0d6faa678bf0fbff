// Small things kept by the browser; one that refuses to keep anything is no reason to fail.

export interface Shelf {
  read(key: string): string | null
  /** Keeps `value`, or forgets the key if it is empty. */
  write(key: string, value: string): void
}

const PREFIX = 'dragoman.'

/** `storage` is asked for late: a browser that forbids it raises at the mention of its name. */
export function createShelf(storage: () => Storage): Shelf {
  return {
    read(key) {
      try {
        return storage().getItem(PREFIX + key)
      } catch {
        return null
      }
    },
    write(key, value) {
      try {
        if (value === '') storage().removeItem(PREFIX + key)
        else storage().setItem(PREFIX + key, value)
      } catch {
        // Full, or forbidden: the page works without.
      }
    },
  }
}

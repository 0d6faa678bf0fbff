// Which destinations of a text may be followed, and what is said about them.

export interface SafeLink {
  readonly href: string
  /** The host as the address bar shows it, `xn--…` for letters beyond ASCII; empty for mail. */
  readonly host: string
}

const FOLLOWED = new Set(['http:', 'https:', 'mailto:'])

/**
 * The link that a destination may become, or null where it stays text: another scheme, a place on
 * our own page, or an address with a user name, which exists to look like another address.
 */
export function safeLink(destination: string): SafeLink | null {
  const url = URL.canParse(destination) ? new URL(destination) : null
  if (url === null || !FOLLOWED.has(url.protocol)) return null
  if (url.username !== '' || url.password !== '') return null
  return { href: url.href, host: url.host }
}

// A scheme or none, then something with dots that could be a host, to the end of its part.
const NAMED_HOST =
  /^\s*(?:https?:\/\/|\/\/)?((?:[\p{L}\p{N}\p{M}_-]+\.)+[\p{L}\p{M}]{2,})(?:[/:?#]|\s*$)/iu

const withoutWww = (host: string): string => host.toLowerCase().replace(/^www\./, '')

/** Whether the words of a link read like an address on another host than it leads to. */
export function namesAnotherHost(words: string, { host }: SafeLink): boolean {
  const named = NAMED_HOST.exec(words)?.[1]
  if (named === undefined) return false
  return withoutWww(named) !== withoutWww(host.replace(/:\d+$/, ''))
}

const LONGEST_SHOWN = 120

/** A destination that is shown as text, shortened when it is long. */
export const shownDestination = (destination: string): string =>
  destination.length <= LONGEST_SHOWN ? destination : `${destination.slice(0, LONGEST_SHOWN)}…`

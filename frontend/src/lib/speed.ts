// How fast a reply came: measured where the provider counts tokens, guessed while it is written.
import type { Timing, Usage } from '@/api/types'

// English text has about four characters to a token; a guess is always shown with a "~".
const CHARACTERS_PER_TOKEN = 4
const TOO_SHORT_MS = 50

/** Tokens per second after the first one; null where a count or a time is missing. */
export function tokensPerSecond(usage: Usage | null, timing: Timing | null): number | null {
  const { outputTokens = null } = usage ?? {}
  const { firstTokenMs = null, totalMs = null } = timing ?? {}
  if (outputTokens === null || firstTokenMs === null || totalMs === null) return null
  return perSecond(outputTokens, totalMs - firstTokenMs)
}

/** A guess for a reply that is being written. */
export function guessedTokensPerSecond(characters: number, ms: number): number | null {
  return perSecond(characters / CHARACTERS_PER_TOKEN, ms)
}

function perSecond(count: number, ms: number): number | null {
  return count > 0 && ms >= TOO_SHORT_MS ? count / (ms / 1000) : null
}

export function median(values: readonly number[]): number | null {
  const sorted = [...values].sort((one, other) => one - other)
  return sorted[Math.floor(sorted.length / 2)] ?? null
}

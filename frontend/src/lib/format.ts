// Numbers, times and days as people read them.
import { words } from './words'

/** `340 ms`, `2.1 s`, `1 min 5 s`. */
export function duration(ms: number): string {
  if (ms < 999.5) return `${Math.round(ms)} ms`
  if (ms < 9_950) return `${(ms / 1000).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  if (seconds < 60) return `${seconds} s`
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}

/** `812`, `6.2k`, `200k`, `1.1M`: room is scarce where tokens are shown. */
export function tokens(count: number): string {
  if (count < 1000) return String(count)
  if (count < 9_950) return `${trimmed(count / 1000)}k`
  if (count < 999_500) return `${Math.round(count / 1000)}k`
  return `${trimmed(count / 1_000_000)}M`
}

/** `92`, `8.3`. */
export function rate(perSecond: number): string {
  return perSecond < 9.95 ? trimmed(perSecond) : String(Math.round(perSecond))
}

const trimmed = (value: number): string => value.toFixed(1).replace(/\.0$/, '')

/** The time of day today, the date too on other days, in the reader's own form. */
export function moment(iso: string, now: number): string {
  const at = new Date(iso)
  if (Number.isNaN(at.getTime())) return ''
  const time = at.toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit' })
  if (daysBetween(at, new Date(now)) === 0) return time
  return `${at.toLocaleDateString(undefined, { dateStyle: 'medium' })}, ${time}`
}

/** The heading under which a conversation stands. */
export function dayGroup(iso: string, now: number): string {
  const days = daysBetween(new Date(iso), new Date(now))
  if (days <= 0) return words.sidebar.days.today
  if (days === 1) return words.sidebar.days.yesterday
  return days <= 7 ? words.sidebar.days.week : words.sidebar.days.older
}

// Calendar days, not spans of 24 hours; rounding bridges the days of 23 and 25 hours.
function daysBetween(earlier: Date, later: Date): number {
  const midnight = (date: Date): number => new Date(date).setHours(0, 0, 0, 0)
  return Math.round((midnight(later) - midnight(earlier)) / 86_400_000)
}

export const wordCount = (text: string): number => text.split(/\s+/).filter(Boolean).length

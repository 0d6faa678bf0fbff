// Work that may wait, a little at a time, so that a page full of it still answers.

/** How long the work goes on, in milliseconds, before the browser may draw and listen. */
const TURN_MS = 8

const jobs = new Set<() => void>()
let isScheduled = false

/** Does the job soon, after those that came before it; what is returned calls it off. */
export function inTurn(job: () => void): () => void {
  jobs.add(job)
  schedule()
  return () => jobs.delete(job)
}

/** How many jobs wait. */
export const waiting = (): number => jobs.size

function schedule(): void {
  if (isScheduled || jobs.size === 0) return
  isScheduled = true
  setTimeout(work)
}

function work(): void {
  isScheduled = false
  const end = performance.now() + TURN_MS
  try {
    for (const job of jobs) {
      if (performance.now() >= end) break
      jobs.delete(job)
      job()
    }
  } finally {
    schedule()
  }
}

// Waiting for what comes later: colours and formulas, whose makers are loaded on demand.
import { waiting } from '@/markdown/turns'

/** Resolves once every block on the page that can be coloured or typeset has been. */
export async function settled(): Promise<void> {
  await Promise.all([import('@/markdown/highlight'), import('@/markdown/typeset')])
  const turn = () => new Promise((resolve) => setTimeout(resolve))
  // Both are here now, so what waited for them needs one turn to ask, and then its own.
  do await turn()
  while (waiting() > 0)
}

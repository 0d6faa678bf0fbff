// Waiting for what comes later: colours and formulas, whose makers are loaded on demand.

/** Resolves once every block on the page that can be coloured or typeset has been. */
export async function settled(): Promise<void> {
  await Promise.all([import('@/markdown/highlight'), import('@/markdown/typeset')])
  // Both are here now, so what waited for them has nothing but microtasks left.
  await new Promise((resolve) => setTimeout(resolve))
}

// Which providers stand in the list, and in which order.
import type { Model, Provider, ProviderState } from '@/api/types'

// What wants somebody's doing stands first, what only takes time after it.
const URGENCY: readonly ProviderState[] = [
  'failed',
  'refused',
  'no_key',
  'unreachable',
  'limited',
  'loading',
  'ready',
]

export interface ShownProviders {
  /** Those of models in the list, with a key or without. */
  readonly used: readonly Provider[]
  /** Those that a key would enable, and nobody has asked for yet. */
  readonly possible: readonly Provider[]
}

export function sortedOut(
  providers: readonly Provider[],
  models: readonly Model[],
): ShownProviders {
  const listed = new Set(models.map(({ provider }) => provider))
  const isUsed = ({ id, state }: Provider): boolean => state !== 'no_key' || listed.has(id)
  const urgency = ({ state }: Provider): number => URGENCY.indexOf(state)
  return {
    used: providers.filter(isUsed).sort((one, other) => urgency(one) - urgency(other)),
    possible: providers.filter((provider) => !isUsed(provider)),
  }
}

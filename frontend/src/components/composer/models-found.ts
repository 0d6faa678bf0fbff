// The models that fit what is sought, by provider.
import type { Model, Provider, ProviderState } from '@/api/types'

export interface ModelGroup {
  readonly provider: string
  readonly name: string
  readonly state: ProviderState
  readonly models: readonly Model[]
}

/** Models in whose name, id, provider or description every word stands. */
export function matching(models: readonly Model[], sought: string): readonly Model[] {
  const parts = sought.toLowerCase().split(/\s+/).filter(Boolean)
  return models.filter(({ id, name, provider, description }) => {
    const text = `${name} ${id} ${provider} ${description}`.toLowerCase()
    return parts.every((part) => text.includes(part))
  })
}

const FEW = 4

export interface Missing {
  /** Those that are told, each with the variable it wants. */
  readonly told: readonly Provider[]
  /** How many there are when they are too many to tell; they come as one looks for them. */
  readonly untold: number
}

/** Providers none of whose models are listed, for they have no key. */
export function missingOf(
  models: readonly Model[],
  providers: readonly Provider[],
  sought: string,
): Missing {
  const listed = new Set(models.map(({ provider }) => provider))
  const lacking = providers.filter(
    ({ id, state, keyVariable }) => state === 'no_key' && keyVariable && !listed.has(id),
  )
  const parts = sought.toLowerCase().split(/\s+/).filter(Boolean)
  if (parts.length === 0 && lacking.length > FEW) return { told: [], untold: lacking.length }
  const found = lacking.filter(({ id, name }) =>
    parts.every((part) => `${name} ${id}`.toLowerCase().includes(part)),
  )
  return { told: found.slice(0, FEW), untold: 0 }
}

const ORDER: readonly ProviderState[] = [
  'ready',
  'limited',
  'loading',
  'unreachable',
  'refused',
  'failed',
  'no_key',
]

/** Those that can answer first; within a group in the order of the configuration. */
export function groupsOf(
  models: readonly Model[],
  providers: readonly Provider[],
): readonly ModelGroup[] {
  const known = new Map(providers.map((provider) => [provider.id, provider]))
  const ids = [...new Set(models.map(({ provider }) => provider))]
  const groups = ids.map((provider) => {
    const own = models.filter((model) => model.provider === provider)
    const { name = provider, state = own[0]?.state ?? 'failed' } = known.get(provider) ?? {}
    return { provider, name, state, models: own }
  })
  return groups.sort((one, other) => ORDER.indexOf(one.state) - ORDER.indexOf(other.state))
}

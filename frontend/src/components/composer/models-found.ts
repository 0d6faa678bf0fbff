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

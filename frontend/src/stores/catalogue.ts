// The models and their providers, with their states as they are now.
import { computed, shallowRef, type ComputedRef, type ShallowRef } from 'vue'

import type { Gateway } from '@/api/gateway'
import type { Model, Provider } from '@/api/types'
import { canAnswer, isToy } from '@/lib/models'

export interface Catalogue {
  readonly phase: Readonly<ShallowRef<'loading' | 'known' | 'failed'>>
  readonly models: Readonly<ShallowRef<readonly Model[]>>
  readonly providers: Readonly<ShallowRef<readonly Provider[]>>
  /** The model that answers where none is chosen; undefined where none can answer. */
  readonly standard: ComputedRef<Model | undefined>
  /** Whether there is a model that can answer. */
  readonly able: ComputedRef<boolean>
  /** Whether the toy is all there is. */
  readonly toyOnly: ComputedRef<boolean>
  model(id: string | null | undefined): Model | undefined
  /** The name that people know a provider by. */
  providerName(id: string | null | undefined): string | undefined
  refresh(): Promise<void>
}

export function createCatalogue(gateway: Gateway): Catalogue {
  const phase = shallowRef<'loading' | 'known' | 'failed'>('loading')
  const models = shallowRef<readonly Model[]>([])
  const providers = shallowRef<readonly Provider[]>([])
  const usable = computed(() => models.value.filter(canAnswer))
  const byId = computed(() => new Map(models.value.map((model) => [model.id, model])))
  const names = computed(() => new Map(providers.value.map(({ id, name }) => [id, name])))

  return {
    phase,
    models,
    providers,
    standard: computed(() => usable.value.find((model) => model.default) ?? usable.value[0]),
    able: computed(() => usable.value.length > 0),
    toyOnly: computed(() => usable.value.length > 0 && usable.value.every(isToy)),
    model: (id) => byId.value.get(id ?? ''),
    providerName: (id) => names.value.get(id ?? '') ?? id ?? undefined,
    async refresh() {
      try {
        const [known, offering] = await Promise.all([gateway.models(), gateway.providers()])
        models.value = known
        providers.value = offering
        phase.value = 'known'
      } catch {
        // What was known before is still the best guess.
        if (phase.value !== 'known') phase.value = 'failed'
      }
    },
  }
}

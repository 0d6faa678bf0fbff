// Models and providers by the names that people know them by.
import { plainName } from '@/lib/models'
import { words } from '@/lib/words'
import { usePage } from '@/stores/page'

export interface Names {
  model(id: string | null): string
  provider(id: string | null | undefined): string
}

export function useNames(): Names {
  const { catalogue } = usePage()
  return {
    model(id) {
      const known = catalogue.model(id)
      return known === undefined ? (id ?? words.message.unknownModel) : plainName(known)
    },
    provider: (id) => catalogue.providerName(id) ?? '',
  }
}

// Which model answers next in the open conversation, and whether it can.
import { computed, type ComputedRef } from 'vue'

import type { Model } from '@/api/types'
import { canAnswer } from '@/lib/models'

import type { Catalogue } from './catalogue'
import type { PreferenceStore } from './preferences'
import type { Thread } from './thread'

export interface Choice {
  /** The id that was chosen; null where there is nothing to choose. */
  readonly id: ComputedRef<string | null>
  /** Undefined where the id is not offered any more. */
  readonly model: ComputedRef<Model | undefined>
  /** `gone`: not offered any more. `unready`: offered, and it cannot answer now. */
  readonly state: ComputedRef<'fine' | 'gone' | 'unready' | 'none'>
  choose(id: string): Promise<void>
}

export function createChoice(
  thread: Thread,
  catalogue: Catalogue,
  preferences: PreferenceStore,
): Choice {
  const remembered = computed(() => {
    const last = catalogue.model(preferences.value.value.model)
    return last !== undefined && canAnswer(last) ? last.id : undefined
  })
  const isNew = computed(() => thread.conversation.value === null)
  const id = computed(
    () =>
      thread.settings.value.model ??
      (isNew.value ? remembered.value : undefined) ??
      catalogue.standard.value?.id ??
      null,
  )
  const model = computed(() => catalogue.model(id.value))
  const state = computed(() => {
    if (id.value === null) return 'none'
    if (model.value === undefined) return catalogue.phase.value === 'known' ? 'gone' : 'fine'
    return canAnswer(model.value) ? 'fine' : 'unready'
  })

  return {
    id,
    model,
    state,
    async choose(chosen) {
      preferences.set({ model: chosen })
      await thread.change({ model: chosen })
    },
  }
}

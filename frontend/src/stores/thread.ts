// The conversation that is open: its messages, the branch that is shown, its settings.
import { computed, shallowRef, type ComputedRef, type ShallowRef } from 'vue'

import { RefusedError } from '@/api/client'
import type { Gateway } from '@/api/gateway'
import type {
  Conversation,
  ConversationChange,
  ConversationWithMessages,
  Message,
  Settings,
} from '@/api/types'
import { leafBelow, turnsTo, withMessage, type Turn } from '@/lib/branches'

export type ThreadPhase = 'new' | 'loading' | 'open' | 'missing' | 'failed'

export const NO_SETTINGS: Settings = {
  systemPrompt: null,
  model: null,
  temperature: null,
  maxTokens: null,
}

export interface Thread {
  readonly phase: Readonly<ShallowRef<ThreadPhase>>
  /** Null while a new conversation is not stored yet. */
  readonly id: Readonly<ShallowRef<string | null>>
  readonly conversation: Readonly<ShallowRef<Conversation | null>>
  readonly messages: Readonly<ShallowRef<readonly Message[]>>
  readonly turns: ComputedRef<readonly Turn[]>
  readonly leaf: ComputedRef<Message | undefined>
  /** Of the conversation, or of the one that is yet to begin. */
  readonly settings: ComputedRef<Settings>
  /** Whether messages above those loaded are at the server. */
  readonly more: ComputedRef<boolean>
  open(id: string | null): Promise<void>
  /** Asks the server anew, and takes its answer. */
  reload(): Promise<void>
  loadEarlier(): Promise<void>
  /** Takes a conversation that was just made, without asking for it again. */
  adopt(conversation: Conversation): void
  /** Takes what the server answered; the branch shown stays, and goes on if it has grown. */
  take(answer: ConversationWithMessages): void
  /** Adds a message, or replaces the one of its id. */
  accept(message: Message): void
  /** Gives up messages that came to nothing; where they were shown, `instead` is. */
  forget(ids: readonly string[], instead: string | null): void
  /** Puts a message with the server's id in the place of the one with an id made here. */
  rename(id: string, message: Message): void
  retitle(title: string): void
  /** Shows the branch that `id` lies on. */
  show(id: string): void
  change(change: ConversationChange): Promise<void>
}

export function createThread(gateway: Gateway): Thread {
  const phase = shallowRef<ThreadPhase>('new')
  const asked = shallowRef<string | null>(null)
  const conversation = shallowRef<Conversation | null>(null)
  const messages = shallowRef<readonly Message[]>([])
  const leafId = shallowRef<string | null>(null)
  /** Where the messages go on above those loaded. */
  const before = shallowRef<string | null>(null)
  const blank = shallowRef<Settings>(NO_SETTINGS)
  let edition = 0
  const turns = computed(() => turnsTo(messages.value, leafId.value))

  const isOpen = (id: string | null): boolean => asked.value === id

  function take(answer: ConversationWithMessages): void {
    const { messages: stored, activeLeaf, nextBefore, ...rest } = answer
    const earlier = earlierThan(stored, messages.value)
    const shown = leafId.value
    conversation.value = rest
    messages.value = [...earlier, ...stored]
    // What was loaded above these stays, and what is above that is asked for from there.
    if (earlier.length === 0) before.value = nextBefore
    const isKept = shown !== null && messages.value.some(({ id }) => id === shown)
    leafId.value = isKept ? leafBelow(messages.value, shown) : activeLeaf
    phase.value = 'open'
  }

  async function load(id: string): Promise<void> {
    const before = edition
    try {
      const answer = await gateway.conversation(id)
      // An answer that was overtaken by what happened here would undo it.
      if (isOpen(id) && (edition === before || phase.value !== 'open')) take(answer)
    } catch (error) {
      if (!isOpen(id)) return
      if (error instanceof RefusedError && error.status === 404) phase.value = 'missing'
      else if (phase.value !== 'open') phase.value = 'failed'
    }
  }

  function reset(id: string | null): void {
    asked.value = id
    conversation.value = null
    messages.value = []
    leafId.value = null
    before.value = null
    blank.value = NO_SETTINGS
    phase.value = id === null ? 'new' : 'loading'
  }

  return {
    phase,
    id: asked,
    conversation,
    messages,
    turns,
    leaf: computed(() => turns.value.at(-1)?.message),
    settings: computed(() => conversation.value ?? blank.value),
    more: computed(() => before.value !== null),
    async open(id) {
      if (isOpen(id) && phase.value !== 'failed') return
      reset(id)
      if (id !== null) await load(id)
    },
    async reload() {
      if (asked.value !== null) await load(asked.value)
    },
    async loadEarlier() {
      const [id, last] = [asked.value, before.value]
      if (id === null || last === null) return
      const { messages: earlier, nextBefore } = await gateway.conversation(id, last)
      if (!isOpen(id)) return
      const known = new Set(messages.value.map((message) => message.id))
      messages.value = [...earlier.filter((message) => !known.has(message.id)), ...messages.value]
      before.value = nextBefore
    },
    take,
    adopt(made) {
      reset(made.id)
      conversation.value = made
      phase.value = 'open'
    },
    accept(message) {
      edition += 1
      messages.value = withMessage(messages.value, message)
    },
    forget(ids, instead) {
      messages.value = messages.value.filter(({ id }) => !ids.includes(id))
      if (leafId.value !== null && ids.includes(leafId.value)) leafId.value = instead
    },
    rename(id, message) {
      edition += 1
      const isHere = messages.value.some((old) => old.id === id)
      messages.value = isHere
        ? messages.value.map((old) => (old.id === id ? message : old))
        : withMessage(messages.value, message)
      if (leafId.value === id) leafId.value = message.id
      else if (!isHere && leafId.value !== null)
        leafId.value = leafBelow(messages.value, leafId.value)
    },
    retitle(title) {
      if (conversation.value !== null) conversation.value = { ...conversation.value, title }
    },
    show(id) {
      leafId.value = leafBelow(messages.value, id)
    },
    async change(change) {
      const [id, old] = [asked.value, conversation.value]
      if (id === null || old === null) {
        blank.value = { ...blank.value, ...change }
        return
      }
      conversation.value = { ...old, ...change }
      try {
        const changed = await gateway.change(id, change)
        if (isOpen(id)) conversation.value = changed
      } catch (error) {
        if (isOpen(id)) conversation.value = old
        throw error
      }
    },
  }
}

/** Those of `known` that are older than everything in `stored`. */
function earlierThan(stored: readonly Message[], known: readonly Message[]): readonly Message[] {
  const at = known.findIndex(({ id }) => id === stored[0]?.id)
  return at < 0 ? [] : known.slice(0, at)
}

// Questions and the replies being written to them, one to a conversation; they go on while the
// reader looks elsewhere.
import { computed, shallowReactive, shallowRef, type ComputedRef, type ShallowRef } from 'vue'

import { RefusedError, UnreachableError } from '@/api/client'
import type { Gateway } from '@/api/gateway'
import type { Conversation, Failure, Message, Question } from '@/api/types'
import { titleOf } from '@/lib/failures'
import { wordCount } from '@/lib/format'
import { plainName } from '@/lib/models'
import { titleOfQuestion } from '@/lib/titles'
import { words } from '@/lib/words'

import type { Announcer, Narrator } from './announcer'
import { createAttempt, type Asked, type Attempt, type Live, type Witness } from './attempt'
import type { Catalogue } from './catalogue'
import type { Drafts } from './drafts'
import type { History } from './history'
import { createPen } from './pen'
import type { Tabs } from './tabs'
import type { Thread } from './thread'

/** A question that came to nothing, and why. */
export interface Trouble {
  readonly conversationId: string | null
  readonly failure: Failure
}

export interface Exchange {
  /** The reply being written by this tab. */
  live(conversationId: string | null): Live | undefined
  /** Whether anyone writes a reply in the open conversation. */
  readonly busy: ComputedRef<boolean>
  readonly trouble: Readonly<ShallowRef<Trouble | null>>
  /** Puts a new question below the branch that is shown. */
  ask(text: string, model: string): Promise<void>
  /** Another attempt at the reply to `user`. */
  retry(user: Message, model: string): Promise<void>
  /** The question `user` in other words, as a branch of its own. */
  edit(user: Message, text: string, model: string): Promise<void>
  /** Stops the reply being written in the open conversation, whoever asked for it. */
  stop(): Promise<void>
  dismissTrouble(): void
}

export interface Surroundings {
  readonly gateway: Gateway
  readonly thread: Thread
  readonly history: History
  readonly catalogue: Catalogue
  readonly drafts: Drafts
  readonly announcer: Announcer
  readonly tabs: Tabs
  readonly now: () => number
  /** Told when a conversation was made for its first question. */
  readonly begun: (conversation: Conversation) => void
}

export function createExchange(around: Surroundings): Exchange {
  const { gateway, thread, history, catalogue, drafts, announcer, tabs, now } = around
  const lives = shallowReactive(new Map<string, Live>())
  const attempts = new Map<string, Attempt>()
  const trouble = shallowRef<Trouble | null>(null)
  const busy = computed(
    () => lives.has(thread.id.value ?? '') || thread.messages.value.some(isBeingWritten),
  )
  let made = 0
  let beginning = false

  function messageOf(
    facts: Pick<Message, 'sender' | 'text' | 'parentId'> & { model: string },
  ): Message {
    made += 1
    return {
      id: `local-${made}`,
      state: facts.sender === 'user' ? 'complete' : 'streaming',
      provider: catalogue.model(facts.model)?.provider ?? null,
      timestamp: new Date(now()).toISOString(),
      usage: null,
      timing: null,
      error: null,
      stopReason: null,
      reasoning: null,
      receipts: [],
      ...facts,
    }
  }

  const nameOf = (model: string | null): string => {
    const known = catalogue.model(model)
    return known === undefined ? (model ?? words.message.unknownModel) : plainName(known)
  }

  async function put(question: Question, user: Message | null, parentId: string): Promise<void> {
    const { conversationId: id, model = '' } = question
    const reply = messageOf({ sender: 'system', text: '', parentId, model })
    const known = new Set(thread.messages.value.map((message) => message.id))
    const shown = thread.leaf.value?.id ?? null
    const asked: Asked = { question, user, reply, known, shown }
    if (user !== null) thread.accept(user)
    thread.accept(reply)
    thread.show(reply.id)
    trouble.value = null

    const narrator = announcer.narrate(nameOf(model))
    const pen = createPen(now, narrator.grown)
    const { progress } = pen
    lives.set(id, {
      conversationId: id,
      replyId: reply.id,
      stored: false,
      startedAt: now(),
      progress,
    })
    const witness = witnessOf(asked, narrator)
    const attempt = createAttempt(asked, { gateway, pen, witness })
    attempts.set(id, attempt)
    await attempt.run()
    lives.delete(id)
    attempts.delete(id)
    tabs.tell({ of: 'conversation', id })
  }

  function witnessOf(asked: Asked, narrator: Narrator): Witness {
    const { conversationId: id } = asked.question
    const isOpen = (): boolean => thread.id.value === id
    const leave = (instead: string | null): void => {
      lives.delete(id)
      const ours = [asked.reply.id, ...(asked.user === null ? [] : [asked.user.id])]
      if (isOpen()) thread.forget(ours, instead)
    }
    return {
      started({ title, messageId, model }, user, reply) {
        const live = lives.get(id)
        if (live !== undefined) lives.set(id, { ...live, replyId: messageId, stored: true })
        history.touch({ id, title, model })
        tabs.tell({ of: 'conversation', id })
        if (!isOpen()) return
        if (asked.user !== null && user !== null) thread.rename(asked.user.id, user)
        thread.rename(asked.reply.id, reply)
        thread.retitle(title)
      },
      ended(reply) {
        lives.delete(id)
        if (isOpen()) thread.accept(reply)
        narrator.done(reply.text, endingOf(reply))
        heard(reply.model, reply.state === 'error')
      },
      vanished(answer) {
        // What the server has of it is at the end of the branch written to last.
        const { activeLeaf = null } = answer ?? {}
        const isNew = activeLeaf !== null && !asked.known.has(activeLeaf)
        leave(isNew ? activeLeaf : asked.shown)
        if (answer !== null) {
          history.touch({ id, title: answer.title })
          heard(asked.reply.model, true)
        }
        if (isOpen() && answer !== null) thread.take(answer)
        const last = isOpen() ? thread.leaf.value : undefined
        narrator.done('', last === undefined ? words.announce.stopped : endingOf(last))
      },
      returned(text, failure) {
        if (text !== null) drafts.giveBack(id, text)
        if (failure !== null) trouble.value = { conversationId: id, failure }
      },
    }
  }

  /** An answer may tell something new of its provider: the server knows what. */
  function heard(model: string | null, isBad: boolean): void {
    const before = catalogue.model(model)?.state ?? 'ready'
    if (isBad || before !== 'ready') void catalogue.refresh()
  }

  const endingOf = (reply: Message): string => {
    if (reply.state === 'complete') return words.announce.done(wordCount(reply.text))
    if (reply.error === null) return words.announce.stopped
    const provider = catalogue.providerName(reply.provider) ?? words.failure.someProvider
    return words.announce.failed(titleOf(reply.error, provider))
  }

  async function begin(text: string, model: string): Promise<Conversation | null> {
    beginning = true
    try {
      const made = await gateway.create({ ...given(thread.settings.value), model })
      // The server says what it is called with the first word of the answer, and not before.
      return { ...made, title: titleOfQuestion(text) }
    } catch (error) {
      drafts.giveBack(null, text)
      trouble.value = { conversationId: null, failure: failureOf(error) }
      return null
    } finally {
      beginning = false
    }
  }

  return {
    live: (id) => (id === null ? undefined : lives.get(id)),
    busy,
    trouble,
    async ask(text, model) {
      if (beginning) return
      let id = thread.id.value
      if (id === null) {
        const conversation = await begin(text, model)
        if (conversation === null) return
        id = conversation.id
        thread.adopt(conversation)
        history.touch(conversation)
        around.begun(conversation)
      }
      const parentId = thread.leaf.value?.id
      const user = messageOf({ sender: 'user', text, parentId: parentId ?? null, model })
      const place = parentId === undefined ? {} : { parentId }
      await put({ conversationId: id, message: text, model, ...place }, user, user.id)
    },
    async retry(user, model) {
      const id = thread.id.value
      if (id === null || busy.value) return
      await put({ conversationId: id, retryOf: user.id, model }, null, user.id)
    },
    async edit(old, text, model) {
      const id = thread.id.value
      if (id === null || busy.value) return
      const user = messageOf({ sender: 'user', text, parentId: old.parentId ?? null, model })
      await put({ conversationId: id, editOf: old.id, message: text, model }, user, user.id)
    },
    async stop() {
      const ours = attempts.get(thread.id.value ?? '')
      if (ours !== undefined) {
        ours.stop()
        return
      }
      const other = thread.messages.value.find(isBeingWritten)
      if (other === undefined) return
      await gateway.stop(other.id).catch(() => undefined)
      await thread.reload()
    },
    dismissTrouble() {
      trouble.value = null
    },
  }
}

const isBeingWritten = ({ state }: Message): boolean => state === 'streaming'

const given = (settings: object): object =>
  Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== null))

function failureOf(error: unknown): Failure {
  if (error instanceof RefusedError) return error.failure
  const reason = error instanceof UnreachableError ? 'unreachable' : 'unhandled'
  const message = error instanceof Error ? error.message : words.failure.noAnswer
  return { code: 'UNREACHABLE', reason, message }
}

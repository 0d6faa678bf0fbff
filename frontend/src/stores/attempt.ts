// One question on its way: from the moment it is sent until its reply is complete, failed or lost.
import type { ShallowRef } from 'vue'

import { RefusedError, UnreachableError } from '@/api/client'
import type { Gateway } from '@/api/gateway'
import type {
  ConversationWithMessages,
  Failure,
  Message,
  MessageState,
  Question,
  ReplyEvent,
  Started,
} from '@/api/types'
import { categoryOf } from '@/lib/failures'
import { words } from '@/lib/words'

import type { Pen, Progress } from './pen'

type Ended = Extract<ReplyEvent, { type: 'complete' | 'error' }>

export interface Asked {
  readonly question: Question
  /** Made here, until the server has told its own id; null where the question is an old one. */
  readonly user: Message | null
  readonly reply: Message
  /** The messages there were before. */
  readonly known: ReadonlySet<string>
  /** The end of the branch that was shown before; null where there was none. */
  readonly shown: string | null
}

export interface Live {
  readonly conversationId: string
  readonly replyId: string
  /** Whether the server has the question, and `replyId` is its own. */
  readonly stored: boolean
  readonly startedAt: number
  readonly progress: ShallowRef<Progress>
}

/** What an attempt tells as it goes on. */
export interface Witness {
  started(event: Started, question: Message | null, reply: Message): void
  ended(reply: Message): void
  /** It came to nothing, or to something that the server alone knows. */
  vanished(answer: ConversationWithMessages | null): void
  /** It came to nothing: the text is the reader's again. */
  returned(text: string | null, failure: Failure | null): void
}

export interface Attempt {
  /** Goes through with it; never raises. */
  run(): Promise<void>
  stop(): void
}

const STOP_PATIENCE_MS = 2_000
const LOOK_AGAIN_MS = 1_000
// A question that was just sent is stored a moment later.
const ARRIVAL_MS = 200

const sleep = (ms: number): Promise<void> => new Promise((wake) => setTimeout(wake, ms))

export function createAttempt(
  asked: Asked,
  tools: { gateway: Gateway; pen: Pen; witness: Witness },
): Attempt {
  const { gateway, pen, witness } = tools
  const { conversationId } = asked.question
  const abort = new AbortController()
  let { reply } = asked
  let stored = false
  let isGivenUp = false
  let lookNow = (): void => undefined

  function take(event: ReplyEvent): void {
    switch (event.type) {
      case 'start':
        stored = true
        reply = { ...reply, id: event.messageId, parentId: event.userMessageId, model: event.model }
        witness.started(event, asked.user && { ...asked.user, id: event.userMessageId }, reply)
        break
      case 'token':
        pen.write('text', event.content)
        break
      case 'reasoning':
        pen.write('reasoning', event.content)
        break
      case 'complete':
      case 'error':
        end(endedBy(event))
        break
    }
  }

  function end(facts: Partial<Message> & { state: MessageState }): void {
    const { text, reasoning } = pen.lift()
    witness.ended({ ...reply, text, reasoning: reasoning || null, ...facts })
  }

  async function fail(error: unknown): Promise<void> {
    if (error instanceof RefusedError) {
      await vanish(error.failure, error.stored)
    } else if (stored) {
      await recover()
    } else if (abort.signal.aborted) {
      await vanish(null, false)
    } else {
      witness.vanished(null)
      witness.returned(textOf(asked.question), unreachable(error))
    }
  }

  // What became of a question that was turned down, or left, only the server knows.
  async function vanish(failure: Failure | null, isStored: boolean): Promise<void> {
    const answer = await gateway.conversation(conversationId).catch(() => null)
    witness.vanished(answer)
    if (isStored || (answer !== null && hasArrived(answer, asked))) return
    witness.returned(textOf(asked.question), failure)
  }

  // The line broke: the server goes on, and has what was written before and since.
  async function recover(): Promise<void> {
    if (pen.progress.value.phase !== 'stopping') pen.enter('reconnecting')
    while (!isGivenUp) {
      const found = await storedReply()
      if (found === 'gone') break
      if (found !== 'unknown') {
        if (found.state !== 'streaming') {
          witness.ended(found)
          return
        }
        pen.copy(found.text, found.reasoning ?? '')
      }
      await new Promise<void>((look) => {
        lookNow = look
        setTimeout(look, LOOK_AGAIN_MS)
      })
    }
    end({ state: isGivenUp ? 'cancelled' : 'interrupted' })
  }

  async function storedReply(): Promise<Message | 'gone' | 'unknown'> {
    try {
      const { messages } = await gateway.conversation(conversationId)
      return messages.find(({ id }) => id === reply.id) ?? 'gone'
    } catch (error) {
      return error instanceof RefusedError && error.status === 404 ? 'gone' : 'unknown'
    }
  }

  // Leaving ends nothing: the server stops when it is told to, and ends the stream, and thereby us.
  async function halt(): Promise<void> {
    const id = await replyId()
    if (id !== null) await gateway.stop(id)
    // If the stream does not end, we leave, and see what became of the reply.
    setTimeout(() => abort.abort(), id === null ? 0 : STOP_PATIENCE_MS)
  }

  /** The server tells the reply's id with its first word: before that, we look what is new. */
  async function replyId(): Promise<string | null> {
    for (let waited = 0; !stored && waited < STOP_PATIENCE_MS; waited += ARRIVAL_MS) {
      const { messages } = await gateway.conversation(conversationId)
      const fresh = messages.find(({ id, state }) => state === 'streaming' && !asked.known.has(id))
      if (fresh !== undefined) return fresh.id
      await sleep(ARRIVAL_MS)
    }
    return stored ? reply.id : null
  }

  return {
    async run() {
      try {
        for await (const event of gateway.ask(asked.question, abort.signal)) take(event)
      } catch (error) {
        await fail(error)
      }
    },
    stop() {
      pen.enter('stopping')
      void halt()
        .catch(() => {
          // Nobody hears us: we leave the reply to the server, which goes on if it is there.
          isGivenUp = true
          abort.abort()
        })
        .then(() => lookNow())
    },
  }
}

function endedBy(event: Ended): Partial<Message> & { state: MessageState } {
  if (event.type === 'complete') {
    const { model, usage, timing, stopReason, timestamp, receipts } = event
    return { state: 'complete', model, usage, timing, stopReason, timestamp, receipts }
  }
  const { code, reason, error: message, detail = null, request_id, timestamp } = event
  const error: Failure = { code, reason, message, detail, request_id }
  const isStopped = categoryOf(error) === 'cancelled'
  return isStopped ? { state: 'cancelled', timestamp } : { state: 'error', timestamp, error }
}

function hasArrived({ messages }: ConversationWithMessages, asked: Asked): boolean {
  const { question, known } = asked
  const fresh = messages.filter(({ id }) => !known.has(id))
  if ('retryOf' in question) return fresh.some(({ parentId }) => parentId === asked.reply.parentId)
  return fresh.some(({ sender, text }) => sender === 'user' && text === question.message)
}

const textOf = (question: Question): string | null =>
  'message' in question ? question.message : null

function unreachable(error: unknown): Failure {
  const message = error instanceof UnreachableError ? error.message : words.failure.noAnswer
  return { code: 'UNREACHABLE', reason: 'unreachable', message }
}

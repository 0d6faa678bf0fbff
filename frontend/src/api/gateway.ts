// Everything the page asks of the server, by name.
import { readEvents } from '@/lib/sse'
import { words } from '@/lib/words'

import { asUnreachable, UnreachableError, type Client } from './client'
import type {
  Conversation,
  ConversationChange,
  ConversationPage,
  ConversationWithMessages,
  Model,
  Provider,
  Question,
  ReplyEvent,
} from './types'

const PAGE = 50
// Few to begin with, so that a long conversation opens as quickly as a short one.
const NEWEST_MESSAGES = 30
const EARLIER_MESSAGES = 100

export interface Gateway {
  models(): Promise<readonly Model[]>
  providers(): Promise<readonly Provider[]>
  /** One page of conversations, the last used first; `search` looks in titles and messages. */
  conversations(search: string, cursor: string | null): Promise<ConversationPage>
  /** A conversation with its newest messages, or with those before the message `before`. */
  conversation(id: string, before?: string): Promise<ConversationWithMessages>
  create(settings: ConversationChange): Promise<Conversation>
  change(id: string, change: ConversationChange): Promise<Conversation>
  remove(id: string): Promise<void>
  restore(id: string): Promise<Conversation>
  /** Stops the reply; whoever streams it is told by the stream's end. */
  stop(messageId: string): Promise<void>
  /** The reply as it is written; a stream without its last event raises UnreachableError. */
  ask(question: Question, signal: AbortSignal): AsyncGenerator<ReplyEvent>
}

export function createGateway(client: Client): Gateway {
  const { request } = client
  return {
    models: async () => (await request<{ models: Model[] }>('GET', 'models')).models,
    providers: async () => (await request<{ providers: Provider[] }>('GET', 'providers')).providers,
    conversations: (search, cursor) => {
      const asked = { q: search || undefined, cursor: cursor ?? undefined, limit: String(PAGE) }
      return request('GET', `conversations${queryOf(asked)}`)
    },
    conversation: (id, before) => {
      const limit = before === undefined ? NEWEST_MESSAGES : EARLIER_MESSAGES
      return request('GET', `${pathOf(id)}${queryOf({ before, limit: String(limit) })}`)
    },
    create: (settings) => request('POST', 'conversations', settings),
    change: (id, change) => request('PATCH', pathOf(id), change),
    remove: (id) => request('DELETE', pathOf(id)),
    restore: (id) => request('POST', `${pathOf(id)}/restore`, {}),
    stop: (messageId) => request('POST', `messages/${encodeURIComponent(messageId)}/stop`, {}),
    ask: (question, signal) => replyTo(client, question, signal),
  }
}

async function* replyTo(
  client: Client,
  question: Question,
  signal: AbortSignal,
): AsyncGenerator<ReplyEvent> {
  const body = await client.stream('messages', question, signal)
  try {
    for await (const { data } of readEvents(body)) {
      const event = JSON.parse(data) as ReplyEvent
      yield event
      if (event.type === 'complete' || event.type === 'error') return
    }
  } catch (error) {
    throw asUnreachable(error, signal)
  }
  throw asUnreachable(new UnreachableError(words.failure.noAnswer), signal)
}

const pathOf = (id: string): string => `conversations/${encodeURIComponent(id)}`

function queryOf(fields: Record<string, string | undefined>): string {
  const given = Object.entries(fields).filter((field): field is [string, string] => !!field[1])
  return given.length > 0 ? `?${new URLSearchParams(given)}` : ''
}

// The server's side of the API, in memory: what the page is tested and looked at against.
import type {
  Conversation,
  ConversationChange,
  Failure,
  Message,
  Model,
  Provider,
} from '@/api/types'

import { MODELS, PROVIDERS } from './offering.ts'
import { FakeReply, type Refusal } from './reply.ts'

export interface Received {
  readonly method: string
  readonly path: string
  readonly body: Record<string, unknown>
}

type Stored = Conversation & { deleted?: boolean }
type Answer = (reply: FakeReply, question: string) => void

const TITLE_LENGTH = 60
const PAGE = 50

export class FakeServer {
  models: readonly Model[] = MODELS
  providers: readonly Provider[] = PROVIDERS
  /** Nobody answers while it is. */
  isDown = false
  readonly received: Received[] = []
  /** The replies being written, the last begun last. */
  readonly replies: FakeReply[] = []
  /** How many messages are told at a time. */
  pageOfMessages = 200
  /** What is done with a reply nobody steers. */
  answer: Answer | null = null
  private readonly conversations = new Map<string, Stored>()
  private readonly messages = new Map<string, Message[]>()
  private readonly refusals: Refusal[] = []
  private reading = Promise.resolve()
  private beginning: Promise<void> | null = null
  private count = 0

  readonly fetch = async (url: URL, init: RequestInit): Promise<Response> => {
    if (this.isDown) throw new TypeError('Failed to fetch')
    const method = init.method ?? 'GET'
    const body = JSON.parse(typeof init.body === 'string' ? init.body : '{}') as Received['body']
    const path = url.pathname.replace(/^.*\/api\/v1\//, '')
    this.received.push({ method, path, body })
    await Promise.resolve()
    const answer = this.route({ method, path, body }, url.searchParams, init.signal)
    if (method === 'GET' && !path.endsWith('health')) await this.reading
    if (method !== 'POST' || path !== 'messages' || this.beginning === null) return answer
    const reply = this.lastReply
    await this.beginning
    return reply.isOver ? refusal(503, STOPPED, reply.id) : answer
  }

  /** Keeps the answers to all reads but of its health back, as they are now, until the returned function is called. */
  holdReads(): () => void {
    let release = (): void => undefined
    this.reading = new Promise((resolve) => (release = resolve))
    return release
  }

  /** Says nothing of the replies that are being written, until the returned function is called. */
  holdReplies(): () => void {
    let release = (): void => undefined
    this.beginning = new Promise((resolve) => (release = resolve))
    return () => {
      this.beginning = null
      release()
    }
  }

  /** The next question is turned down, and stored nevertheless if it is a provider's doing. */
  refuseNext(status: number, failure: Failure): void {
    this.refusals.push({ status, failure })
  }

  get lastReply(): FakeReply {
    const reply = this.replies.at(-1)
    if (reply === undefined) throw new Error('no reply is being written')
    return reply
  }

  /** The bodies of all questions so far. */
  get questions(): Received['body'][] {
    return this.received
      .filter(({ method, path }) => method === 'POST' && path === 'messages')
      .map(({ body }) => body)
  }

  addConversation(title: string, messages: readonly Partial<Message>[] = [], age = 0): string {
    const at = new Date(Date.now() - age).toISOString()
    const conversation = this.newConversation({ title }, at)
    let parentId: string | null = null
    for (const facts of messages) {
      const message: Message = this.newMessage({ parentId, timestamp: at, ...facts })
      this.store(conversation.id, message)
      parentId = message.id
    }
    return conversation.id
  }

  /** Deletes it behind the page's back. */
  drop(id: string): void {
    const found = this.conversations.get(id)
    if (found !== undefined) this.keep({ ...found, deleted: true })
  }

  setModel(id: string, model: string): void {
    const found = this.conversations.get(id)
    if (found !== undefined) this.keep({ ...found, model })
  }

  messagesOf(id: string): readonly Message[] {
    return this.messages.get(id) ?? []
  }

  conversation(id: string): Conversation | undefined {
    return this.conversations.get(id)
  }

  private route(asked: Received, query: URLSearchParams, signal?: AbortSignal | null): Response {
    const { method, path, body } = asked
    const [first = '', id = '', verb = ''] = path.split('/').map(decodeURIComponent)
    switch (`${method} ${first}${id && '/:id'}${verb && `/${verb}`}`) {
      case 'GET models':
        return json({ models: this.models })
      case 'GET providers':
        return json({ providers: this.providers })
      case 'GET conversations':
        return json(this.list(query))
      case 'POST conversations':
        return json(this.newConversation(body), 201)
      case 'POST messages':
        return this.ask(body, signal)
      case 'POST messages/:id/stop':
        this.replies.find((reply) => reply.id === id)?.stop()
        return new Response(null, { status: 204 })
    }
    if (path.endsWith('health')) return json({ status: 'ok' })
    return this.routeOne(asked, id, verb, query)
  }

  private routeOne(
    { method, body }: Received,
    id: string,
    verb: string,
    query: URLSearchParams,
  ): Response {
    const found = this.conversations.get(id)
    if (found === undefined || (found.deleted === true && verb !== 'restore')) {
      return refusal(404, failureOf('not_found', `there is no conversation '${id}'`))
    }
    if (verb === 'restore') return json(this.keep({ ...found, deleted: false }))
    switch (method) {
      case 'GET': {
        const all = this.messagesOf(id)
        const end = all.findIndex((message) => message.id === query.get('before'))
        const messages = all.slice(0, end < 0 ? undefined : end).slice(-this.pageOfMessages)
        const nextBefore = messages[0] === all[0] ? null : (messages[0]?.id ?? null)
        return json({ ...found, messages, activeLeaf: all.at(-1)?.id ?? null, nextBefore })
      }
      case 'PATCH':
        return json(this.keep({ ...found, ...(body as ConversationChange) }))
      default:
        this.keep({ ...found, deleted: true })
        return new Response(null, { status: 204 })
    }
  }

  private list(query: URLSearchParams): object {
    const sought = (query.get('q') ?? '').toLowerCase()
    const matches = ({ title, id }: Stored): boolean =>
      [title, ...this.messagesOf(id).map(({ text }) => text)].some((text) =>
        text.toLowerCase().includes(sought),
      )
    const found = [...this.conversations.values()]
      .filter((each) => each.deleted !== true && matches(each))
      .sort((one, other) => other.updatedAt.localeCompare(one.updatedAt))
    const from = Number(query.get('cursor') ?? 0)
    const page = found.slice(from, from + PAGE).map((each) => {
      const models = this.messagesOf(each.id).flatMap(({ model }) => model ?? [])
      return { ...each, models: [...new Set(models)], snippet: this.snippet(each.id, sought) }
    })
    return {
      conversations: page,
      nextCursor: found.length > from + PAGE ? String(from + PAGE) : null,
    }
  }

  private snippet(id: string, sought: string): string | undefined {
    if (sought === '') return undefined
    const text = this.messagesOf(id).find((each) => each.text.toLowerCase().includes(sought))?.text
    const at = text?.toLowerCase().indexOf(sought) ?? 0
    return text?.slice(Math.max(0, at - 40), at + 60)
  }

  private ask(body: Received['body'], signal?: AbortSignal | null): Response {
    const id = String(body['conversationId'])
    const conversation = this.conversations.get(id)
    if (conversation === undefined) return refusal(404, failureOf('not_found', 'no conversation'))
    const busy = this.messagesOf(id).some(({ state }) => state === 'streaming')
    const busyWords = 'a reply is being written in this conversation: wait for it, or stop it'
    if (busy) return refusal(409, failureOf('conversation_busy', busyWords))
    const refused = this.refusals.shift()
    if (refused?.failure.code === 'INVALID_REQUEST') return refusal(refused.status, refused.failure)

    const user = this.questionOf(id, body)
    const reply = this.newMessage({
      sender: 'system',
      state: refused === undefined ? 'streaming' : 'error',
      model: String(body['model']),
      parentId: user.id,
      error: refused?.failure ?? null,
    })
    this.store(id, reply)
    const title =
      this.messagesOf(id).length > 2 ? conversation.title : user.text.slice(0, TITLE_LENGTH)
    this.keep({ ...conversation, title, updatedAt: new Date().toISOString() })
    if (refused !== undefined) return refusal(refused.status, refused.failure, reply.id)
    return this.streamed(id, user, reply, title, signal)
  }

  private questionOf(id: string, body: Received['body']): Message {
    const known = new Map(this.messagesOf(id).map((message) => [message.id, message]))
    const old = known.get(String(body['retryOf'] ?? body['editOf']))
    if (body['retryOf'] !== undefined && old !== undefined) {
      return old.sender === 'user' ? old : (known.get(old.parentId ?? '') ?? old)
    }
    const parentId = old === undefined ? ((body['parentId'] as string) ?? null) : old.parentId
    const user = this.newMessage({ text: String(body['message']), parentId: parentId ?? null })
    this.store(id, user)
    return user
  }

  private streamed(
    id: string,
    user: Message,
    message: Message,
    title: string,
    signal?: AbortSignal | null,
  ): Response {
    const reply = new FakeReply(message, (facts) => this.change(id, message.id, facts))
    this.replies.push(reply)
    const ids = { conversationId: id, userMessageId: user.id, messageId: message.id }
    reply.send({ type: 'start', ...ids, title, model: message.model })
    signal?.addEventListener('abort', () => reply.cut())
    this.answer?.(reply, user.text)
    return new Response(reply.body, { headers: { 'content-type': 'text/event-stream' } })
  }

  private newConversation(facts: ConversationChange, at = new Date().toISOString()): Stored {
    return this.keep({
      id: `conv-${(this.count += 1)}`,
      title: 'New conversation',
      createdAt: at,
      updatedAt: at,
      systemPrompt: null,
      model: null,
      temperature: null,
      maxTokens: null,
      ...facts,
    })
  }

  private newMessage(facts: Partial<Message>): Message {
    const model = this.models.find(({ id }) => id === facts.model)
    return {
      id: `msg-${(this.count += 1)}`,
      sender: 'user',
      text: '',
      state: 'complete',
      model: null,
      provider: model?.provider ?? null,
      timestamp: new Date().toISOString(),
      usage: null,
      timing: null,
      error: null,
      parentId: null,
      stopReason: null,
      reasoning: null,
      receipts: [],
      ...facts,
    }
  }

  private keep(conversation: Stored): Stored {
    this.conversations.set(conversation.id, conversation)
    return conversation
  }

  /** The question and the answer of a conversation that has just these. */
  exchangeOf(id: string): readonly [Message, Message] {
    const [question, answer] = this.messagesOf(id)
    if (question === undefined || answer === undefined) throw new Error(`${id} has no answer`)
    return [question, answer]
  }

  /** Begins a reply to the last message that this page did not ask for. */
  writeElsewhere(id: string, text: string): FakeReply {
    const parentId = this.messagesOf(id).at(-1)?.id ?? null
    const message = this.newMessage({ sender: 'system', state: 'streaming', text, parentId })
    this.store(id, message)
    const reply = new FakeReply(message, (facts) => this.change(id, message.id, facts))
    this.replies.push(reply)
    return reply
  }

  replaceMessages(id: string, messages: readonly Message[]): void {
    this.messages.set(id, [...messages])
  }

  store(id: string, message: Message): void {
    this.messages.set(id, [...this.messagesOf(id), message])
  }

  private change(id: string, messageId: string, facts: Partial<Message>): void {
    const changed = this.messagesOf(id).map((message) =>
      message.id === messageId ? { ...message, ...facts } : message,
    )
    this.messages.set(id, changed)
  }
}

const json = (value: unknown, status = 200): Response =>
  new Response(JSON.stringify(value), { status, headers: { 'content-type': 'application/json' } })

const STOPPED: Failure = {
  code: 'CONNECTION_ERROR',
  reason: 'cancelled',
  message: 'the reply was stopped; what was said until then is kept',
}

const failureOf = (reason: string, message: string): Failure => ({
  code: 'INVALID_REQUEST',
  reason,
  message,
})

function refusal(status: number, failure: Failure, messageId?: string): Response {
  const { code, reason, message, detail = null, retryAfter } = failure
  const ids = { messageId, request_id: 'req-2' }
  const body = { status: 'error', error: message, code, reason, detail, ...ids }
  const wait: Record<string, string> = retryAfter ? { 'retry-after': String(retryAfter) } : {}
  return new Response(JSON.stringify(body), { status, headers: wait })
}

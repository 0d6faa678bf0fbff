// One reply of the fake server, written word by word at a test's command.
import type { Failure, Message, ReplyEvent, Timing, Usage } from '@/api/types'

type Complete = Extract<ReplyEvent, { type: 'complete' }>

export interface StoredMessage extends Message {
  conversationId: string
}

export interface Refusal {
  readonly status: number
  readonly failure: Failure
}

const USAGE: Usage = {
  inputTokens: 812,
  outputTokens: 344,
  totalTokens: 1156,
  cacheReadTokens: null,
  cacheWriteTokens: null,
  reasoningTokens: null,
}
const TIMING: Timing = { firstTokenMs: 410, totalMs: 4_150 }

/** A reply being written: what it says is stored and streamed alike. */
export class FakeReply {
  readonly id: string
  private readonly sink: TransformStream<Uint8Array, Uint8Array>
  private readonly writer: WritableStreamDefaultWriter<Uint8Array>
  private readonly change: (facts: Partial<Message>) => void
  private text = ''
  private reasoningText = ''
  private readonly model: string
  isOver = false

  constructor(message: Message, change: (facts: Partial<Message>) => void) {
    this.id = message.id
    this.model = message.model ?? ''
    this.change = change
    this.sink = new TransformStream(undefined, { highWaterMark: 1e6 }, { highWaterMark: 1e6 })
    this.writer = this.sink.writable.getWriter()
    // Nobody listens any more: what is written is stored all the same.
    this.writer.closed.catch(() => undefined)
  }

  get body(): ReadableStream<Uint8Array> {
    return this.sink.readable
  }

  send(event: object, name?: string): void {
    const head = name === undefined ? '' : `event: ${name}\n`
    const bytes = new TextEncoder().encode(`${head}data: ${JSON.stringify(event)}\n\n`)
    void this.writer.write(bytes).catch(() => undefined)
  }

  token(content: string): void {
    if (this.isOver) return
    this.text += content
    this.change({ text: this.text })
    this.send({ type: 'token', content })
  }

  reasoning(content: string): void {
    this.reasoningText += content
    this.change({ reasoning: this.reasoningText })
    this.send({ type: 'reasoning', content })
  }

  complete(
    facts: Partial<Pick<Complete, 'usage' | 'timing' | 'stopReason' | 'receipts'>> = {},
  ): void {
    if (this.isOver) return
    const timestamp = new Date().toISOString()
    const known = { usage: USAGE, timing: TIMING, stopReason: 'stop', receipts: [], ...facts }
    this.change({ state: 'complete', timestamp, ...known })
    const ids = { messageId: this.id, model: this.model, request_id: 'req-1' }
    this.send({ type: 'complete', ...ids, ...known, timestamp })
    this.end()
  }

  fail({ message, code, reason, detail = null }: Failure): void {
    if (this.isOver) return
    const timestamp = new Date().toISOString()
    const error = { code, reason, message, detail, retryAfter: detail?.retryAfter ?? null }
    this.change({ state: 'error', timestamp, error })
    const kept = this.text.length
    const ids = { messageId: this.id, request_id: 'req-1', timestamp, kept }
    this.send({ type: 'error', error: message, code, reason, detail, ...ids }, 'error')
    this.end()
  }

  /** What the server does when it is told to stop. */
  stop(): void {
    if (this.isOver) return
    this.change({ state: 'cancelled' })
    const error = { error: 'the caller went away', code: 'CONNECTION_ERROR', reason: 'cancelled' }
    const ids = { messageId: this.id, request_id: 'req-1', timestamp: new Date().toISOString() }
    this.send({ type: 'error', ...error, ...ids, kept: this.text.length }, 'error')
    this.end()
  }

  /** The line breaks, or is left; the server goes on. */
  cut(): void {
    void this.writer.abort(new TypeError('network error')).catch(() => undefined)
  }

  /** The server writes on although nobody listens, and finishes. */
  finishAlone(text: string): void {
    this.change({ text, state: 'complete', usage: USAGE, timing: TIMING, stopReason: 'stop' })
    this.isOver = true
  }

  private end(): void {
    this.isOver = true
    void this.writer.close().catch(() => undefined)
  }
}

// Requests to our own server, and the two ways they fail: it said no, or nobody answered.
import { words } from '@/lib/words'

import type { ErrorBody, Failure } from './types'

export type Fetch = (url: URL, init: RequestInit) => Promise<Response>
export type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE'

/** The server answered, and the answer is no. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError'
  readonly status: number
  readonly failure: Failure
  /** Whether a question is stored nevertheless, and its reply with what went wrong. */
  readonly stored: boolean

  constructor(status: number, failure: Failure, stored: boolean) {
    super(failure.message)
    this.status = status
    this.failure = failure
    this.stored = stored
  }
}

/** Nobody answered, or the line broke before the answer's end. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError'
}

export interface Client {
  /** The answer's JSON. Raises RefusedError or UnreachableError. */
  request<Answer>(method: Method, path: string, body?: object): Promise<Answer>
  /** The answer as it comes. Raises the same, and the signal's reason when that aborts. */
  stream(path: string, body: object, signal: AbortSignal): Promise<ReadableStream<Uint8Array>>
}

/** `base` is the address of the page, with its last slash: the API is below it. */
export function createClient(fetch: Fetch, base: string): Client {
  const root = new URL('api/v1/', base)

  async function answerTo(path: string, init: RequestInit): Promise<Response> {
    let response: Response
    try {
      response = await fetch(new URL(path, root), init)
    } catch (error) {
      throw asUnreachable(error, init.signal)
    }
    if (!response.ok) throw await refusalOf(response)
    return response
  }

  return {
    async request<Answer>(method: Method, path: string, body?: object) {
      const response = await answerTo(path, { method, ...jsonOf(body, 'application/json') })
      if (response.status === 204) return undefined as Answer
      try {
        return (await response.json()) as Answer
      } catch (error) {
        throw asUnreachable(error)
      }
    },
    async stream(path, body, signal) {
      const init = { method: 'POST', signal, ...jsonOf(body, 'text/event-stream') }
      const response = await answerTo(path, init)
      if (response.body === null) throw new UnreachableError(words.failure.noAnswer)
      return response.body
    },
  }
}

/** An abort stays what it is; everything else that `fetch` raises is a line that broke. */
export function asUnreachable(error: unknown, signal?: AbortSignal | null): unknown {
  if (signal?.aborted) return signal.reason
  return new UnreachableError(words.failure.noAnswer, { cause: error })
}

function jsonOf(body: object | undefined, accept: string): RequestInit {
  if (body === undefined) return { headers: { accept } }
  return {
    headers: { accept, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  }
}

async function refusalOf(response: Response): Promise<RefusedError> {
  // A proxy on the way answers in HTML: its status is all that we take from it.
  const body = (await response.json().catch(() => ({}))) as Partial<ErrorBody>
  const failure: Failure = {
    code: body.code ?? 'UNKNOWN',
    reason: body.reason ?? `http_${response.status}`,
    message: body.error ?? words.failure.oddStatus(response.status),
    detail: body.detail ?? null,
    retryAfter: body.detail?.retryAfter ?? secondsOf(response.headers.get('retry-after')),
    request_id: body.request_id ?? null,
  }
  return new RefusedError(response.status, failure, body.messageId !== undefined)
}

function secondsOf(header: string | null): number | null {
  return header !== null && /^\d+$/.test(header) ? Number(header) : null
}

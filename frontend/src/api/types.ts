// The shapes of the API by the names that the page has for them; schema.d.ts is made from the
// server's own description of itself.
import type { components } from './schema'

type Schemas = components['schemas']

export type ProviderState = Schemas['State']
export type Model = Readonly<Schemas['Model']>
export type Provider = Readonly<Schemas['Provider']>

export type Conversation = Readonly<Schemas['ConversationView']>
export type ConversationSummary = Readonly<Schemas['ConversationSummary']>
export type ConversationChange = Readonly<
  Partial<Omit<Schemas['ConversationWishes'], 'title'> & { title: string }>
>
export type Settings = Readonly<Omit<Schemas['ConversationWishes'], 'title'>>

export interface ConversationPage {
  readonly conversations: readonly ConversationSummary[]
  readonly nextCursor: string | null
}

export type Usage = Readonly<Schemas['TokenUsage']>
export type Timing = Readonly<Schemas['Times']>

/** What is known of a failure beyond its code: unknown facts are left out. See docs/errors.md. */
export interface FailureDetail {
  readonly category?: string
  readonly provider?: string
  readonly model?: string
  readonly vendorCode?: string
  readonly vendorRequestId?: string
  readonly retryable?: boolean
  readonly retryAfter?: number
  readonly actor?: string
}

export type Failure = Readonly<
  Pick<Schemas['Failure'], 'code' | 'reason' | 'message'> &
    Partial<Pick<Schemas['Failure'], 'retryAfter' | 'request_id'>>
> & { readonly detail?: FailureDetail | null }

export type Message = Readonly<Omit<Schemas['MessageView'], 'error'>> & {
  readonly error: Failure | null
}
export type MessageState = Message['state']

export type ConversationWithMessages = Readonly<
  Omit<Schemas['ConversationWithMessages'], 'messages'>
> & { readonly messages: readonly Message[] }

/** A new message, another attempt at an old one, or an old one in other words. */
export type Question =
  | { conversationId: string; message: string; parentId?: string; model?: string }
  | { conversationId: string; retryOf: string; model?: string }
  | { conversationId: string; editOf: string; message: string; model?: string }

export type Started = Readonly<Schemas['Start']>
export type Completed = Readonly<Schemas['CompleteInConversation']>

/** The body of an error, and the last event of a stream that failed. */
export type ErrorBody = Readonly<Omit<Schemas['Error'], 'status' | 'detail' | 'code'>> & {
  readonly code: string
  readonly detail?: FailureDetail | null
  /** The reply that failed, where one was begun. */
  readonly messageId?: string
  readonly userMessageId?: string
  /** How many characters of the reply are stored. */
  readonly kept?: number
}

export type ReplyEvent =
  | Started
  | { readonly type: 'token'; readonly content: string }
  | { readonly type: 'reasoning'; readonly content: string }
  | Completed
  | (ErrorBody & { readonly type: 'error' })

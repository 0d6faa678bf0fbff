// The shapes of the API, as the server sends and takes them.

export type ProviderState = 'ready' | 'no_key' | 'loading' | 'failed'

export interface Model {
  readonly id: string
  readonly name: string
  readonly description: string
  readonly provider: string
  readonly default: boolean
  /** In tokens; null where unknown, like everything of the kind below. */
  readonly contextWindow: number | null
  readonly maxOutputTokens: number | null
  readonly capabilities: readonly string[] | null
  readonly state: ProviderState
  readonly reason: string
}

export interface Provider {
  readonly id: string
  readonly name: string
  readonly state: ProviderState
  readonly reason: string
  /** The variable that holds its key; null where it wants none. */
  readonly keyVariable: string | null
  readonly models: number
}

export interface Settings {
  readonly systemPrompt: string | null
  readonly model: string | null
  readonly temperature: number | null
  readonly maxTokens: number | null
}

export interface Conversation extends Settings {
  readonly id: string
  readonly title: string
  readonly createdAt: string
  readonly updatedAt: string
}

export interface ConversationSummary {
  readonly id: string
  readonly title: string
  readonly createdAt: string
  readonly updatedAt: string
  readonly model: string | null
  readonly models: readonly string[]
  /** The words around the match of a search. */
  readonly snippet?: string | null
}

export interface ConversationPage {
  readonly conversations: readonly ConversationSummary[]
  readonly nextCursor: string | null
}

export interface ConversationWithMessages extends Conversation {
  /** In order of creation, all branches and attempts; `parentId` makes a tree of them. */
  readonly messages: readonly Message[]
  readonly activeLeaf: string | null
}

export type ConversationChange = Partial<Settings & { readonly title: string }>

export type MessageState = 'streaming' | 'complete' | 'error' | 'cancelled' | 'interrupted'

export interface Usage {
  readonly inputTokens: number | null
  readonly outputTokens: number | null
  readonly totalTokens: number | null
  readonly cacheReadTokens: number | null
  readonly cacheWriteTokens: number | null
  readonly reasoningTokens: number | null
}

export interface Timing {
  readonly firstTokenMs: number | null
  readonly totalMs: number | null
}

/** What is known of a failure beyond its code: unknown facts are left out. */
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

export interface Failure {
  readonly code: string
  readonly reason: string
  readonly message: string
  readonly detail?: FailureDetail | null
  /** In seconds. */
  readonly retryAfter?: number | null
  readonly requestId?: string | null
}

export interface Message {
  readonly id: string
  /** `system` is the model's own turn (an old word). */
  readonly sender: 'user' | 'system'
  readonly text: string
  readonly state: MessageState
  readonly model: string | null
  readonly provider: string | null
  readonly timestamp: string
  readonly usage: Usage | null
  readonly timing: Timing | null
  readonly error?: Failure | null
  readonly parentId?: string | null
  readonly stopReason?: string | null
  readonly reasoning?: string | null
}

/** A new message, another attempt at an old one, or an old one in other words. */
export type Question =
  | { conversationId: string; message: string; parentId?: string; model?: string }
  | { conversationId: string; retryOf: string; model?: string }
  | { conversationId: string; editOf: string; message: string; model?: string }

export type ReplyEvent =
  | {
      readonly type: 'start'
      readonly conversationId: string
      readonly userMessageId: string
      readonly messageId: string
      readonly title: string
      readonly model: string
    }
  | { readonly type: 'token'; readonly content: string }
  | { readonly type: 'reasoning'; readonly content: string }
  | {
      readonly type: 'complete'
      readonly messageId: string
      readonly model: string
      readonly usage: Usage | null
      readonly timing: Timing | null
      readonly stopReason: string | null
      readonly timestamp: string
      readonly request_id: string
    }
  | {
      readonly type: 'error'
      readonly error: string
      readonly code: string
      readonly reason: string
      readonly request_id: string
      readonly timestamp: string
      readonly detail?: FailureDetail | null
      readonly messageId?: string
      /** How many characters of the reply are stored. */
      readonly kept?: number
    }

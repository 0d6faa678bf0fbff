// Tells the other tabs what changed, so that each asks the server anew instead of writing over it.

export type Change =
  | { readonly of: 'list' }
  | { readonly of: 'conversation'; readonly id: string }
  | { readonly of: 'preferences' }

export interface Tabs {
  tell(change: Change): void
  onChange(then: (change: Change) => void): void
  dispose(): void
}

/** The part of BroadcastChannel that is used here. */
export interface Channel {
  postMessage(message: unknown): void
  addEventListener(type: 'message', listener: (event: MessageEvent) => void): void
  close(): void
}

/** Without a channel each tab learns of changes when it is looked at again. */
export function createTabs(channel: Channel | null): Tabs {
  return {
    tell: (change) => channel?.postMessage(change),
    onChange: (then) => channel?.addEventListener('message', ({ data }) => then(data as Change)),
    dispose: () => channel?.close(),
  }
}

// Builds nested nodes from a flat run of openings and closings, without recursion.
import { h, type VNode } from 'vue'

export type Child = VNode | string

/** What becomes of the children of an element when it closes. */
export type Close = (children: Child[]) => Child[]

interface Open {
  readonly children: Child[]
  readonly close: Close
}

// Deeper nesting is shown flat: browsers and Vue walk a tree by recursion.
const DEEPEST = 60

const keep: Close = (children) => children

/** An element of this name around the children. */
export const element =
  (tag: string, attributes: Record<string, unknown> | null = null): Close =>
  (children) => [h(tag, attributes, children)]

export class Tree {
  readonly #open: Open[] = []
  readonly #top: Child[] = []

  #children(): Child[] {
    return this.#open.at(-1)?.children ?? this.#top
  }

  add(child: Child): void {
    const children = this.#children()
    const last = children.at(-1)
    // One text node where the source has many pieces.
    if (typeof child === 'string' && typeof last === 'string') {
      children[children.length - 1] = last + child
    } else {
      children.push(child)
    }
  }

  open(close: Close = keep): void {
    this.#open.push({ children: [], close: this.#open.length < DEEPEST ? close : keep })
  }

  close(): void {
    const closing = this.#open.pop()
    for (const child of closing?.close(closing.children) ?? []) this.add(child)
  }

  /** Everything built so far, with whatever is still open closed. */
  finish(): Child[] {
    while (this.#open.length > 0) this.close()
    return this.#top
  }
}

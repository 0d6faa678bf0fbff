// Both vendors, as another's program (llmock) plays them, and what they are told to do next.
import { Program, eventually, freePort, newFolder } from './program'

/** Which of the requests to come a behaviour is for. */
export interface Match {
  readonly provider?: 'openai' | 'anthropic'
  readonly model?: string
}

/** What a vendor shall do at the next requests, once each unless told otherwise. */
export type Behaviour = (
  | { readonly type: 'reply'; readonly text: string }
  | {
      readonly type: 'fail'
      readonly status: number
      readonly retry_after?: number
      readonly message?: string
      readonly code?: string
    }
  | { readonly type: 'slow_first_token'; readonly seconds: number }
  | {
      readonly type: 'stream_fault'
      readonly kind: 'disconnect' | 'truncate' | 'stall' | 'malformed'
      readonly after_chunks: number
      readonly stall_seconds?: number
    }
) & { readonly times?: number; readonly match?: Match }

export class Vendors {
  readonly #program: Program
  readonly #remove: () => Promise<void>
  readonly url: string

  private constructor(program: Program, url: string, remove: () => Promise<void>) {
    this.#program = program
    this.url = url
    this.#remove = remove
  }

  /** Starts them; without a script they repeat what they are asked. */
  static async start({ chunkDelayMs }: { chunkDelayMs: number }): Promise<Vendors> {
    const { folder, remove } = await newFolder()
    const port = await freePort()
    const words = ['serve', '--port', String(port), '--log-level', 'warning']
    words.push('--response-style', 'echo', '--stream-chunk-delay-ms', String(chunkDelayMs))
    const program = new Program(process.env.DRAGOMAN_LLMOCK ?? '', words, {
      folder,
      environ: { NO_COLOR: '1' },
    })
    const vendors = new Vendors(program, `http://127.0.0.1:${port}`, remove)
    await eventually(() => vendors.#call('GET', 'scenario').catch(() => null))
    return vendors
  }

  /** How a server is told that these are its vendors. */
  get environ(): Record<string, string> {
    return {
      OPENAI_API_KEY: 'sk-e2e-openai',
      OPENAI_BASE_URL: `${this.url}/v1`,
      ANTHROPIC_API_KEY: 'sk-e2e-anthropic',
      ANTHROPIC_BASE_URL: `${this.url}/anthropic`,
    }
  }

  async script(...behaviors: readonly Behaviour[]): Promise<void> {
    await this.#call('POST', 'scenario', { behaviors })
  }

  /** Forgets what is scripted and what was asked. */
  async reset(): Promise<void> {
    await this.#call('POST', 'reset', {})
  }

  /** What they were asked, the oldest first. */
  async requests(): Promise<readonly VendorRequest[]> {
    const { requests } = (await this.#call('GET', 'requests')) as { requests: VendorRequest[] }
    return requests
  }

  async end(): Promise<void> {
    await this.#program.end()
    await this.#remove()
  }

  async #call(method: string, verb: string, body?: object): Promise<unknown> {
    const asked = { method, body: body === undefined ? undefined : JSON.stringify(body) }
    const answer = await fetch(`${this.url}/_llmock/${verb}`, asked)
    if (!answer.ok) throw new Error(`llmock: ${await answer.text()}`)
    return await answer.json()
  }
}

export interface VendorRequest {
  readonly provider: string
  readonly model: string
  readonly status: number
}

// Dragoman as a person starts it: `dragoman serve`, in a folder that keeps its conversations.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { Program, newFolder } from './program'

/** The models of the tests: two of one vendor, one of the other, and one whose key is missing. */
export const MODELS = [
  { id: 'gpt', name: 'GPT Test', provider: 'openai', default: true },
  { id: 'gpt-small', name: 'GPT Small', provider: 'openai' },
  { id: 'claude', name: 'Claude Test', provider: 'anthropic' },
].map((model) => ({ description: `The ${model.name} of the tests`, ...model }))

export class Server {
  readonly #folder: string
  readonly #remove: () => Promise<void>
  readonly #environ: Readonly<Record<string, string>>
  #program: Program
  #port = '0'
  url = ''

  private constructor(
    folder: string,
    remove: () => Promise<void>,
    environ: Readonly<Record<string, string>>,
  ) {
    this.#folder = folder
    this.#remove = remove
    this.#environ = environ
    this.#program = this.#run()
  }

  /** Starts it on a free port, with these variables, these files in its folder, and no others. */
  static async start(
    environ: Readonly<Record<string, string>> = {},
    files: Readonly<Record<string, string>> = {},
  ): Promise<Server> {
    const { folder, remove } = await newFolder()
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
    const server = new Server(folder, remove, { DRAGOMAN_DATA_DIR: `${folder}/data`, ...environ })
    await server.#ready()
    return server
  }

  /** Ends it and starts it again at the same address, as an operator does. */
  async restart(): Promise<void> {
    await this.stop()
    await this.resume()
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.#program.end(signal)
  }

  async resume(): Promise<void> {
    this.#program = this.#run()
    await this.#ready()
  }

  /** Asks its API, as another program would. */
  async api<Answer>(method: string, path: string, body?: object): Promise<Answer> {
    const answer = await fetch(`${this.url}/api/v1/${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    })
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
    return (answer.status === 204 ? undefined : await answer.json()) as Answer
  }

  /** Writes a file into its folder, as an operator does while it runs. */
  async write(name: string, text: string): Promise<void> {
    await writeFile(join(this.#folder, name), text)
  }

  get output(): string {
    return this.#program.output
  }

  async end(): Promise<void> {
    await this.#program.end()
    await this.#remove()
  }

  #run(): Program {
    const words = ['serve', '--port', this.#port]
    return new Program(process.env.DRAGOMAN_PROGRAM ?? '', words, {
      folder: this.#folder,
      environ: this.#environ,
    })
  }

  async #ready(): Promise<void> {
    this.url = await this.#program.until(
      (output) => /is ready at (http:\/\/127\.0\.0\.1:\d+)/.exec(output)?.[1],
    )
    this.#port = new URL(this.url).port
  }
}

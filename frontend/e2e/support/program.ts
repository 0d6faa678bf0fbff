// Programs beside the browser: each a process in a folder of its own, ended with the test.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const PATIENCE_MS = 60_000

/** A running program, and all that it has written. */
export class Program {
  readonly #process: ChildProcess
  output = ''

  constructor(command: string, words: readonly string[], options: ProgramOptions) {
    this.#process = spawn(command, words, {
      cwd: options.folder,
      env: { PATH: process.env.PATH, HOME: options.folder, LANG: 'C.UTF-8', ...options.environ },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => (this.output += text))
    }
  }

  get runs(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null
  }

  /** What `look` gives, once it gives something; raises when the program has ended before. */
  async until<Found>(look: (output: string) => Found | null | undefined | false): Promise<Found> {
    return await eventually(() => {
      const found = look(this.output)
      if (!found && !this.runs) throw new Error(`the program ended:\n${this.output}`)
      return found
    })
  }

  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (!this.runs) return
    const ended = once(this.#process, 'exit')
    this.#process.kill(signal)
    const late = sleep(15_000, 'late', { ref: false })
    if ((await Promise.race([ended, late])) === 'late') {
      this.#process.kill('SIGKILL')
      await ended
    }
  }
}

export interface ProgramOptions {
  readonly folder: string
  readonly environ?: Readonly<Record<string, string>>
}

/** What `look` gives, once it gives something. */
export async function eventually<Found>(
  look: () => Found | null | undefined | false | Promise<Found | null | undefined | false>,
  within = PATIENCE_MS,
): Promise<Found> {
  for (const end = Date.now() + within; ;) {
    const found = await look()
    if (found) return found
    if (Date.now() > end) throw new Error(`it did not come to be so: ${look.toString()}`)
    await sleep(50)
  }
}

export async function freePort(): Promise<number> {
  const listener = createServer().listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const { port } = listener.address() as AddressInfo
  listener.close()
  return port
}

/** A new folder, and what removes it. */
export async function newFolder(): Promise<{ folder: string; remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'dragoman-e2e-'))
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) }
}

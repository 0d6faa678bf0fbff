// A vendor that writes at a steady pace: numbered words in paragraphs, lists and blocks of code.
import { once } from 'node:events'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

const TICK_MS = 4

/** The word `number` with what stands before it: a page in miniature, again and again. */
function token(number: number): string {
  const place = number % 120
  const word = `w${number}`
  if (place === 0) return `\n\n## ${word}`
  if (place === 1) return `\n\n${word}`
  if (place === 60) return `\n\n- ${word}`
  if (place > 60 && place < 90 && place % 6 === 0) return `\n- ${word}`
  if (place === 90) return `\n\n\`\`\`python\n${word}`
  if (place > 90 && place < 119) return place % 5 === 0 ? `\n${word}` : ` ${word}`
  if (place === 119) return ` ${word}\n\`\`\``
  if (place % 11 === 0) return ` **${word}**`
  return place % 13 === 0 ? ` \`${word}\`` : ` ${word}`
}

const eventOf = (content: string): string => {
  const choices = [{ index: 0, delta: { content }, finish_reason: null }]
  const chunk = { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices }
  return `data: ${JSON.stringify(chunk)}\n\n`
}

const END = `data: ${JSON.stringify({
  id: 'c',
  object: 'chat.completion.chunk',
  created: 1,
  model: 'm',
  choices: [{ index: 0, delta: {}, finish_reason: 'stop' }],
})}\n\ndata: [DONE]\n\n`

export class Upstream {
  readonly #server: Server
  readonly #port: number
  /** How many tokens were written so far. */
  written = 0

  private constructor(server: Server, port: number) {
    this.#server = server
    this.#port = port
  }

  /** Starts it; each answer has `perSecond` tokens a second for `seconds`. */
  static async start({ perSecond, seconds }: { perSecond: number; seconds: number }) {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const upstream = new Upstream(server, (server.address() as AddressInfo).port)
    server.on('request', (request, response) => {
      request.resume().once('end', () => void upstream.#answer(response, perSecond, seconds))
    })
    return upstream
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/v1`
  }

  end(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }

  #answer(response: ServerResponse, perSecond: number, seconds: number): void {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    const [began, all] = [performance.now(), perSecond * seconds]
    let said = 0
    const timer = setInterval(() => {
      const due = Math.min(all, Math.floor(((performance.now() - began) / 1000) * perSecond))
      for (; said < due; said += 1, this.written += 1) response.write(eventOf(token(said)))
      if (said < all && !response.destroyed) return
      clearInterval(timer)
      response.end(END)
    }, TICK_MS)
  }
}

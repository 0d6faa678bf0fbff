// Lets a development server answer like the real one, out of the fake server's memory.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'

import type { FakeServer } from './server.ts'

type Next = () => void

export function answering(server: FakeServer) {
  return (request: IncomingMessage, response: ServerResponse, next: Next): void => {
    const path = request.url ?? '/'
    if (!path.startsWith('/api/') && !path.startsWith('/health')) {
      next()
      return
    }
    void answer(server, new URL(path, 'http://127.0.0.1'), request, response)
  }
}

async function answer(
  server: FakeServer,
  url: URL,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const body = Buffer.concat(chunks).toString('utf8')
  const left = new AbortController()
  response.on('close', () => left.abort())
  const init: RequestInit = { method: request.method ?? 'GET', signal: left.signal }
  try {
    const answered = await server.fetch(url, body === '' ? init : { ...init, body })
    response.writeHead(answered.status, Object.fromEntries(answered.headers))
    if (answered.body === null) response.end()
    else
      Readable.fromWeb(answered.body as never)
        .on('error', () => response.destroy())
        .pipe(response)
  } catch {
    response.destroy()
  }
}

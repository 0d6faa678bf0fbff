import { expect, test } from 'vitest'

import { readEvents, type ServerEvent } from '@/lib/sse'

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

async function read(chunks: Uint8Array[]): Promise<ServerEvent[]> {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk)
      controller.close()
    },
  })
  const events: ServerEvent[] = []
  for await (const event of readEvents(body)) events.push(event)
  return events
}

const TAPE = [
  '\uFEFF: keep-alive',
  '',
  'data: {"type":"token","content":"naïve 🐉 日本"}',
  '',
  'event: error',
  'id: 7',
  'data: one',
  'data:two',
  'data',
  '',
  'event: nothing in it',
  '',
  'data: last',
  '',
  'data: never ended',
]

const EVENTS = [
  { event: 'message', data: '{"type":"token","content":"naïve 🐉 日本"}' },
  { event: 'error', data: 'one\ntwo\n' },
  { event: 'message', data: 'last' },
]

test.each([
  ['LF', '\n'],
  ['CR LF', '\r\n'],
  ['CR', '\r'],
])('a tape with lines ended by %s reads the same, cut in two at every byte', async (_, end) => {
  const bytes = bytesOf(TAPE.join(end))
  for (let cut = 0; cut <= bytes.length; cut += 1) {
    expect(await read([bytes.slice(0, cut), bytes.slice(cut)]), `cut at ${cut}`).toEqual(EVENTS)
  }
})

test('a tape that comes byte by byte reads the same', async () => {
  const bytes = bytesOf(TAPE.join('\r\n'))

  const events = await read(Array.from(bytes, (byte) => Uint8Array.of(byte)))

  expect(events).toEqual(EVENTS)
})

test('whoever stops listening closes the stream', async () => {
  let closed = false
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(bytesOf('data: 1\n\ndata: 2\n\n')),
    cancel: () => {
      closed = true
    },
  })

  for await (const event of readEvents(body)) {
    expect(event.data).toBe('1')
    break
  }

  expect(closed).toBe(true)
})

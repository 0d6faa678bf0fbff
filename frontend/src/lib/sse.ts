// Server-sent events out of a stream of bytes, cut anywhere: inside a line end, inside a character.
// https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream

export interface ServerEvent {
  /** `message` unless the stream names it. */
  readonly event: string
  readonly data: string
}

const LINE_END = /\r\n|\n|\r/

/** Yields each event once its blank line has come; an unfinished last event is dropped. */
export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerEvent> {
  let event = ''
  let data: string[] = []
  for await (const line of readLines(body)) {
    if (line === '') {
      if (data.length > 0) yield { event: event || 'message', data: data.join('\n') }
      event = ''
      data = []
      continue
    }
    const [field, value] = fieldOf(line)
    if (field === 'data') data.push(value)
    else if (field === 'event') event = value
  }
}

function fieldOf(line: string): [string, string] {
  const colon = line.indexOf(':')
  if (colon < 0) return [line, '']
  const value = line.slice(colon + 1)
  return [line.slice(0, colon), value.startsWith(' ') ? value.slice(1) : value]
}

async function* readLines(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder() // drops a byte order mark, and waits for split characters
  const reader = body.getReader()
  let rest = ''
  let afterCr = false
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      const text = decoder.decode(value, { stream: true })
      if (text === '') continue
      // The LF of a CR LF that was cut in two ends no second line.
      const lines = (rest + (afterCr && text.startsWith('\n') ? text.slice(1) : text)).split(
        LINE_END,
      )
      afterCr = text.endsWith('\r')
      rest = lines.pop() ?? ''
      yield* lines
    }
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}

// Conversations and answers to look at: what the page shows when nothing real is behind it.
import type { Failure, Message } from '@/api/types'

import { KEYLESS, LOCAL, TOY } from './offering.ts'
import type { FakeReply } from './reply.ts'
import { FakeServer } from './server.ts'

const USAGE = {
  inputTokens: 812,
  outputTokens: 344,
  totalTokens: 6_156,
  cacheReadTokens: null,
  cacheWriteTokens: null,
  reasoningTokens: null,
}
const TIMING = { firstTokenMs: 410, totalMs: 4_150 }

const ADAPTER = `A provider adapter has **three duties**: list the models it can serve, open a stream for one \
request, and map every failure it sees to one of the shared error categories. Nothing else in the server \
should know the vendor's name, and [the contract tests](https://example.com/contract) hold each adapter to it.

- It reads \`Retry-After\` in seconds or as a date
- It never retries after the first token
`

const CODE = `Here is a small one:

\`\`\`python
def retry_after(headers: Mapping[str, str], *, now: datetime) -> float | None:
    """Seconds to wait, or None where the vendor did not say."""
    value = headers.get("retry-after", "")
    if value.isdigit():
        return float(value)  # the common case
    return seconds_until(value, now=now)
\`\`\`

| header | unit | seen at |
|---|---|---|
| \`retry-after\` | seconds or date | nearly all |
| \`retry-after-ms\` | milliseconds | some |

The expected wait of a full jitter is $\\tfrac{1}{2}\\min(c, b \\cdot 2^n)$, so

$$\\int_0^\\infty e^{-x^2}\\,dx = \\frac{\\sqrt{\\pi}}{2}$$
`

export const RATE_LIMIT: Failure = {
  code: 'RATE_LIMIT',
  reason: 'rate_limited',
  message:
    'anthropic wants fewer requests from us (429): try again in 20 s. It says: "Rate limit reached"',
  detail: {
    category: 'rate_limit',
    provider: 'anthropic',
    model: 'claude',
    vendorCode: 'rate_limit_error',
    vendorRequestId: 'req_011CS',
    retryable: true,
    retryAfter: 20,
    actor: 'wait',
  },
  retryAfter: 20,
}

const replied = (text: string, model: string, facts: Partial<Message> = {}): Partial<Message> => ({
  sender: 'system',
  text,
  model,
  usage: USAGE,
  timing: TIMING,
  stopReason: 'stop',
  ...facts,
})

const HOUR = 3_600_000

/** `sight` chooses what there is to see: `full`, `first` (the toy alone) or `bare` (no model). */
export function showcase(sight: string): FakeServer {
  const server = new FakeServer()
  server.answer = speak
  if (sight === 'first') {
    server.models = [{ ...TOY, default: true }]
    server.providers = [LOCAL, ...KEYLESS]
  } else if (sight === 'bare') {
    server.models = []
    const reason = 'install dragoman[local], or name a file of weights in DRAGOMAN_LOCAL_MODEL'
    server.providers = [{ ...LOCAL, state: 'failed', reason, models: 0 }, ...KEYLESS]
  } else {
    fill(server)
  }
  return server
}

function fill(server: FakeServer): void {
  server.addConversation(
    'Trip notes',
    [{ text: 'Where to?' }, replied('To Ghent.', 'mini')],
    900 * HOUR,
  )
  server.addConversation(
    'Compare two summaries',
    [{ text: 'Which?' }, replied('The first.', 'gpt')],
    70 * HOUR,
  )
  server.addConversation(
    'Parsing SSE in Python',
    [{ text: 'How?' }, replied('Slowly.', 'gpt')],
    26 * HOUR,
  )
  const id = server.addConversation('Adapter for rate limits', [
    { text: 'What is an adapter for, in a model gateway?' },
    replied(ADAPTER, 'gpt'),
    { text: 'How does the adapter map a rate limit when the vendor sends a Retry-After header?' },
    replied(CODE, 'claude', { reasoning: 'The reader asks for code. Keep it short.' }),
    { text: 'And when it is overloaded?' },
    replied('', 'claude', { state: 'error', error: RATE_LIMIT, usage: null, timing: null }),
  ])
  const second = server.messagesOf(id)[2]
  server.store(id, { ...(second as Message), id: 'msg-other', text: 'An earlier version of it' })
  const messages = server.messagesOf(id)
  const [other, ...rest] = [messages.at(-1) as Message, ...messages.slice(0, -1)]
  // The branch last written to stands last.
  const reordered = [...rest.slice(0, 2), other, ...rest.slice(2)]
  server.replaceMessages(id, reordered)
}

const PIECE = /\s*\S+/g
const TOKEN_MS = 30

/** Answers in its own time: `!rate`, `!cut`, `!slow` and `!refuse` in a question make trouble. */
function speak(reply: FakeReply, question: string): void {
  const pieces = `${ADAPTER}\n${CODE}`.match(PIECE) ?? []
  const say = (index: number): void => {
    if (reply.isOver) return
    if (question.includes('!cut') && index === 40) return reply.cut()
    if (question.includes('!rate') && index === 20) return reply.fail(RATE_LIMIT)
    const piece = pieces[index]
    if (piece === undefined) return reply.complete()
    reply.token(piece)
    setTimeout(() => say(index + 1), TOKEN_MS)
  }
  setTimeout(() => say(0), question.includes('!slow') ? 8_000 : 600)
}

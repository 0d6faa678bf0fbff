// How the page arrives: what it loads, under which policy, and that the witness would see a breach.
import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'

import { launch, visit, type Visit } from './support/browser'
import { eventually } from './support/program'
import { MODELS, Server } from './support/server'

let browser: Browser
let server: Server
let visitor: Visit

beforeAll(async () => {
  const environ = { OPENAI_API_KEY: 'sk-e2e', MODELS: JSON.stringify(MODELS) }
  ;[browser, server] = await Promise.all([launch(), Server.start(environ)])
})

afterAll(async () => {
  await browser.close()
  await server.end()
})

afterEach(() => visitor.close())

test('the page loads everything from its own server, packed, and names itself', async () => {
  visitor = await visit(browser, server.url)
  const answers = new Map<string, Record<string, string>>()
  visitor.page.on('response', (answer) => {
    answers.set(new URL(answer.url()).pathname, answer.headers())
  })

  await visitor.page.goto('/', { waitUntil: 'networkidle' })

  expect(visitor.incidents).toEqual({ violations: [], strangers: [], errors: [], dialogs: [] })
  expect(await visitor.page.title()).toContain('Dragoman')
  const scripts = [...answers].filter(([path]) => path.endsWith('.js'))
  expect(scripts.length).toBeGreaterThan(0)
  for (const [path, headers] of scripts) {
    expect(path).toMatch(/^\/assets\/.+-[\w-]{8}\.js$/)
    expect(headers['cache-control']).toContain('immutable')
  }
  expect(scripts.some(([, headers]) => headers['content-encoding'] === 'gzip')).toBe(true)
})

test('nothing inline is allowed, and a second visit comes under the same policy', async () => {
  visitor = await visit(browser, server.url)
  for (const time of ['first', 'second']) {
    const answer = await visitor.page.goto('/', { waitUntil: 'networkidle' })
    const policy = answer?.headers()['content-security-policy'] ?? ''
    expect(policy, time).toContain("script-src 'self'; style-src 'self'; ")
    expect(policy, time).not.toMatch(/unsafe|nonce|sha256/)
    expect(visitor.incidents.violations, time).toEqual([])
  }
})

test('whoever follows an address that is not there ends up at the page', async () => {
  visitor = await visit(browser, server.url)

  await visitor.page.goto('/c/some-bookmark', { waitUntil: 'networkidle' })

  expect(visitor.incidents).toEqual({ violations: [], strangers: [], errors: [], dialogs: [] })
  expect(visitor.page.url()).toBe(`${server.url}/`)
})

test('whatever breaks the rules is stopped, and the witness tells', async () => {
  visitor = await visit(browser, server.url)
  const { page, incidents } = visitor
  await page.goto('/')

  const stopped = await page.evaluate(async () => {
    const inline = document.createElement('script')
    const refused: string[] = []
    try {
      inline.textContent = 'window.broken = true'
      document.head.append(inline)
    } catch (error) {
      refused.push(`script: ${String(error)}`)
    }
    try {
      // eslint-disable-next-line no-restricted-properties -- the policy must stop what slips through
      document.body.insertAdjacentHTML('beforeend', '<img src=x onerror="window.broken = true">')
    } catch (error) {
      refused.push(`html: ${String(error)}`)
    }
    const image = new Image()
    image.src = 'http://foreign.example/pixel.png'
    await fetch('http://foreign.example/').catch((error: unknown) => refused.push(String(error)))
    return { refused, broken: 'broken' in window }
  })
  await eventually(() => incidents.violations.length >= 4)
  await page.evaluate(() => setTimeout(() => alert('seen'), 0))
  await eventually(() => incidents.dialogs.length > 0)

  expect(stopped.broken).toBe(false)
  expect(stopped.refused).toHaveLength(3)
  const directives = incidents.violations.map((violation) => violation.split(':')[0])
  expect(directives).toEqual(
    expect.arrayContaining(['img-src', 'connect-src', 'require-trusted-types-for']),
  )
  expect(incidents.dialogs).toEqual(['alert: seen'])
  expect(incidents.errors).not.toEqual([])
})

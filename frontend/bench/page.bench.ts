// How quickly the built page opens, writes, and takes what is typed: a table, beside its budgets.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import type { Browser, CDPSession } from 'playwright-core'
import { afterAll, beforeAll, test } from 'vitest'

import { launch, visit, type Visit } from '../e2e/support/browser'
import { newFolder, Program } from '../e2e/support/program'
import { Reader } from '../e2e/support/reader'
import { Server } from '../e2e/support/server'

import { costs, observe, shiftOf, start, statsOf, stop, typed } from './probes'
import { archiveOf, talkOf } from './threads'
import { Upstream } from './upstream'

const ROUNDS = 5
const WINDOW_MS = 6_000
const PER_SECOND = 500

const SHORT = talkOf(20)
const LONG = talkOf(10_000)

let browser: Browser
let upstream: Upstream
let server: Server
let remove: () => Promise<void>
const rows: string[] = []

const shown = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toFixed(1))

/** Notes a row of the table. */
function note(what: string, unit: string, measured: number, bar: number): void {
  const verdict = measured <= bar ? 'ok' : 'OVER'
  const [of, at] = [`${shown(bar)} ${unit}`, `${shown(measured)} ${unit}`]
  rows.push(`${what.padEnd(58)} ${at.padStart(10)} of ${of.padStart(10)}  ${verdict}`)
}

beforeAll(async () => {
  const made = await newFolder()
  remove = made.remove
  upstream = await Upstream.start({ perSecond: PER_SECOND, seconds: 9 })
  const model = { id: 'bench', name: 'Bench', description: 'Writes steadily', provider: 'openai' }
  const environ = {
    DRAGOMAN_DATA_DIR: join(made.folder, 'data'),
    OPENAI_API_KEY: 'sk-bench',
    OPENAI_BASE_URL: upstream.url,
    MODELS: JSON.stringify([{ ...model, default: true }]),
  }
  await writeFile(join(made.folder, 'talks.json'), archiveOf([SHORT, LONG]))
  const words = ['import', 'talks.json']
  const taking = new Program(process.env.DRAGOMAN_PROGRAM ?? '', words, {
    folder: made.folder,
    environ,
  })
  await taking.until((output) => output.includes('2'))
  while (taking.runs) await new Promise((wake) => setTimeout(wake, 50))
  ;[browser, server] = await Promise.all([launch(), Server.start(environ)])
})

afterAll(async () => {
  console.log(`\n${rows.join('\n')}\n`)
  await browser?.close()
  await server?.end()
  upstream?.end()
  await remove?.()
})

async function enter(): Promise<{ visitor: Visit; reader: Reader; session: CDPSession }> {
  const visitor = await visit(browser, server.url)
  await observe(visitor.page)
  const session = await visitor.context.newCDPSession(visitor.page)
  await session.send('Performance.enable')
  return { visitor, reader: new Reader(visitor.page), session }
}

test('opening the page', async () => {
  const [paints, usables, shifts, bytes]: number[][] = [[], [], [], []]
  for (let round = 0; round < ROUNDS; round += 1) {
    const { visitor, reader } = await enter()
    await visitor.page.goto('/')
    // In the page, so that the way from here to there costs nothing.
    const usable = await visitor.page.evaluate(
      () =>
        new Promise<number>((found) => {
          const look = (): void => {
            const box = document.getElementById('message')
            const chooser = document.querySelector('form .chooser .model')
            if (box && chooser?.textContent === 'Bench') found(performance.now())
            else requestAnimationFrame(look)
          }
          look()
        }),
    )
    await reader.page.waitForTimeout(300)
    const facts = await visitor.page.evaluate(() => ({
      paint: performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN,
      bytes: performance
        .getEntriesByType('resource')
        .concat(performance.getEntriesByType('navigation'))
        .filter(({ name }) => !name.includes('/api/'))
        .reduce((sum, entry) => sum + (entry as PerformanceResourceTiming).transferSize, 0),
    }))
    paints?.push(facts.paint)
    bytes?.push(facts.bytes / 1000)
    usables?.push(usable)
    shifts?.push(await shiftOf(visitor.page))
    await visitor.close()
  }
  note(
    '1 first load on the wire, with html (js + css: npm run size)',
    'KB',
    statsOf(bytes ?? []).p50,
    135,
  )
  note(`9 first contentful paint (median of ${ROUNDS})`, 'ms', statsOf(paints ?? []).p50, 1000)
  note(`9 box and model there (median of ${ROUNDS})`, 'ms', statsOf(usables ?? []).p50, 1500)
  note(`9 layout shift × 1000 (worst of ${ROUNDS})`, '', statsOf(shifts ?? []).max * 1000, 20)
})

test('a thread of 10,000 messages', async () => {
  const opened: number[] = []
  for (let round = 0; round < 3; round += 1) {
    const { visitor, session } = await enter()
    await visitor.page.goto(`/#/c/${LONG.id}`)
    const took = await visitor.page.evaluate(
      () =>
        new Promise<number>((found) => {
          const look = (): void => {
            if (document.querySelectorAll('article .text').length > 0) {
              requestAnimationFrame(() => found(performance.now()))
            } else requestAnimationFrame(look)
          }
          look()
        }),
    )
    opened.push(took)
    await visitor.page.waitForTimeout(1000)
    if (round === 2) {
      await session.send('HeapProfiler.collectGarbage')
      const nodes = await visitor.page.evaluate(() => document.querySelectorAll('*').length)
      note('8 10k messages: nodes', '', nodes, 1500)
      note('8 10k messages: heap', 'MB', (await costs(session)).heap / 1e6, 40)
    }
    await visitor.close()
  }
  note('8 10k messages: open (median of 3, from an empty browser)', 'ms', statsOf(opened).p50, 1500)
})

test.each([
  ['20', SHORT],
  ['10k', LONG],
])('writing in a thread of %s messages', async (name, talk) => {
  const { visitor, reader, session } = await enter()
  const { page } = visitor
  await page.goto(`/#/c/${talk.id}`)
  await reader.lastReply.waitFor()
  for (const pass of ['frames', 'lags', 'keys'] as const) {
    const before = await reader.questions.count()
    await reader.ask(`Write steadily, for ${pass}`)
    await reader.questions.nth(before).waitFor()
    await page.getByText('w1', { exact: false }).last().waitFor()
    const [written, spent] = [upstream.written, await costs(session)]
    await start(page, { lags: pass === 'lags' })
    const keys = pass === 'keys' ? await typed(page, 'Half a thought while it writes') : []
    await page.waitForTimeout(pass === 'keys' ? 1_000 : WINDOW_MS)
    const { frames, lags } = await stop(page)
    const now = await costs(session)
    const thousands = (upstream.written - written) / 1000
    if (pass === 'frames') {
      const late = (frames.filter((ms) => ms > 34).length / frames.length) * 100
      note(`7 ${name}: frame p95 (500 tok/s)`, 'ms', statsOf(frames).p95, 20)
      note(`7 ${name}: frames over 34 ms`, '%', late, 2)
      note(
        `7 ${name}: script+layout+style per 1k tokens`,
        'ms',
        (now.work - spent.work) / thousands,
        200,
      )
      rows.push(
        `  (${frames.length} frames, longest ${shown(statsOf(frames).max)} ms; all tasks ${shown((now.task - spent.task) / thousands)} ms per 1k tokens, ${shown(thousands * 1000)} tokens)`,
      )
    }
    if (pass === 'lags') note(`7 ${name}: shown after receipt, p95`, 'ms', statsOf(lags).p95, 100)
    if (pass === 'keys') {
      const { p50, p95, max } = statsOf(keys)
      note(`9 ${name}: typing while it writes, p95 of ${keys.length} keys`, 'ms', p95, 50)
      rows.push(`  (p50 ${shown(p50)} ms, longest ${shown(max)} ms)`)
    }
    await reader.settled()
  }
  await visitor.close()
})

// What is measured inside the page: frames, what was received and shown, keys.
import type { CDPSession, Page } from 'playwright-core'

interface Probe {
  frames: number[]
  /** From the moment a word was received until a frame showed it, in ms. */
  lags: number[]
  stop(): void
}

type Probed = Window & { probe?: Probe; received?: [number, number][]; shift?: number }

export interface Stats {
  readonly p50: number
  readonly p95: number
  readonly max: number
}

export function statsOf(values: readonly number[]): Stats {
  const sorted = [...values].sort((one, other) => one - other)
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN
  return { p50: at(0.5), p95: at(0.95), max: sorted.at(-1) ?? NaN }
}

/** Before any script of the page: notes each number of a word as it is received, and every shift. */
export async function observe(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const here = window as Probed
    here.received = []
    here.shift = 0
    const reader = ReadableStreamDefaultReader.prototype
    const { read } = reader
    reader.read = async function noted(this: ReadableStreamDefaultReader<unknown>) {
      const result = await read.call(this)
      if (result.value instanceof Uint8Array) {
        const words = new TextDecoder().decode(result.value).match(/w\d+/g)
        const last = Number(words?.at(-1)?.slice(1) ?? -1)
        if (last >= 0) here.received?.push([last, performance.now()])
      }
      return result
    } as typeof read
    const shifts = new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as (PerformanceEntry & {
        value: number
        hadRecentInput: boolean
      })[]) {
        if (!entry.hadRecentInput) here.shift = (here.shift ?? 0) + entry.value
      }
    })
    shifts.observe({ type: 'layout-shift', buffered: true })
  })
}

/** Notes each frame from now on; `lags`: also how late it shows what was received. */
export async function start(page: Page, { lags }: { lags: boolean }): Promise<void> {
  await page.evaluate((isLate) => {
    const here = window as Probed
    const probe: Probe = { frames: [], lags: [], stop: () => (runs = false) }
    let [runs, last, told] = [true, performance.now(), 0]
    const shownWord = (): number => {
      const block = [...document.querySelectorAll('article .text .md')].at(-1)
      const words = block?.lastElementChild?.textContent?.match(/w\d+/g)
      return Number(words?.at(-1)?.slice(1) ?? -1)
    }
    const frame = (now: number): void => {
      if (!runs) return
      probe.frames.push(now - last)
      last = now
      if (isLate) {
        const shown = shownWord()
        const received = here.received ?? []
        for (; told < received.length && (received[told]?.[0] ?? 0) <= shown; told += 1) {
          probe.lags.push(Math.max(0, now - (received[told]?.[1] ?? now)))
        }
      }
      requestAnimationFrame(frame)
    }
    here.received = []
    here.probe = probe
    requestAnimationFrame(frame)
  }, lags)
}

/** Ends it, and gives what was noted. */
export async function stop(page: Page): Promise<Pick<Probe, 'frames' | 'lags'>> {
  return await page.evaluate(() => {
    const { probe } = window as Probed
    probe?.stop()
    return { frames: probe?.frames.slice(1) ?? [], lags: probe?.lags ?? [] }
  })
}

export const shiftOf = (page: Page): Promise<number> =>
  page.evaluate(() => (window as Probed).shift ?? NaN)

/** Milliseconds of script, layout and style since the page began; bytes of its heap; its nodes. */
export async function costs(session: CDPSession): Promise<Costs> {
  const { metrics } = await session.send('Performance.getMetrics')
  const of = (name: string): number => metrics.find((each) => each.name === name)?.value ?? NaN
  const work = of('ScriptDuration') + of('LayoutDuration') + of('RecalcStyleDuration')
  return { work: work * 1000, heap: of('JSHeapUsedSize'), task: of('TaskDuration') * 1000 }
}

export interface Costs {
  readonly work: number
  readonly heap: number
  readonly task: number
}

/** Types `text`, and gives how long each key took until its frame was drawn, in ms. */
export async function typed(page: Page, text: string): Promise<readonly number[]> {
  await page.evaluate(() => {
    const here = window as Window & { keys?: number[] }
    const keys: number[] = (here.keys = [])
    document.getElementById('message')?.addEventListener('keydown', (event) => {
      const { timeStamp } = event
      // A task after the frame: by then it is on its way to the screen.
      requestAnimationFrame(() => {
        const { port1, port2 } = new MessageChannel()
        port1.onmessage = () => void keys.push(performance.now() - timeStamp)
        port2.postMessage(null)
      })
    })
  })
  await page.locator('#message').pressSequentially(text, { delay: 60 })
  await page.waitForTimeout(200)
  return await page.evaluate(() => (window as Window & { keys?: number[] }).keys ?? [])
}

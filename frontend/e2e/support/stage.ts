// A browser, a server and its two vendors, made once for a file of tests and ended after it.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'

import { launch, visit, type Look, type Visit } from './browser'
import { Reader } from './reader'
import { MODELS, Server } from './server'
import { Vendors } from './vendors'

const ARTIFACTS = fileURLToPath(new URL('../artifacts', import.meta.url))

export interface Stage {
  browser: Browser
  vendors: Vendors
  server: Server
  /** Opens a window on the server; every one is closed, and asked for incidents, after the test. */
  enter(look?: Look): Promise<Reader & { readonly visit: Visit }>
}

export interface StageOptions {
  readonly environ?: Readonly<Record<string, string>>
  /** How long the vendors wait between two words. */
  readonly chunkDelayMs?: number
}

/** Sets the stage for the tests of the calling file. */
export function setStage({ environ = {}, chunkDelayMs = 5 }: StageOptions = {}): Stage {
  const visits: Visit[] = []
  const stage = {
    async enter(look?: Look) {
      const entered = await visit(stage.browser, stage.server.url, look)
      visits.push(entered)
      return Object.assign(new Reader(entered.page), { visit: entered })
    },
  } as Stage

  beforeAll(async () => {
    stage.vendors = await Vendors.start({ chunkDelayMs })
    const models = { MODELS: JSON.stringify(MODELS) }
    const variables = { ...stage.vendors.environ, ...models, ...environ }
    ;[stage.browser, stage.server] = await Promise.all([launch(), Server.start(variables)])
  })

  afterEach(async ({ task }) => {
    const all = visits.splice(0)
    if (task.result?.state === 'fail') {
      for (const [index, { page }] of all.entries()) {
        await snap(page, `failed ${task.name} ${index}`).catch(() => undefined)
      }
    }
    await Promise.all(all.map((each) => each.close()))
    await stage.vendors.reset()
    for (const { incidents } of all) expect(incidents).toEqual(NOTHING)
  })

  afterAll(async () => {
    await stage.browser?.close()
    await stage.server?.end()
    await stage.vendors?.end()
  })

  return stage
}

const NOTHING = { violations: [], strangers: [], errors: [], dialogs: [] }

/** Keeps a picture of the page as it is, for people to look at. */
export async function snap(page: Page, name: string): Promise<void> {
  await mkdir(ARTIFACTS, { recursive: true })
  const file = `${name.replace(/[^\w-]+/g, '-').slice(0, 100)}.png`
  await page.screenshot({ path: join(ARTIFACTS, file) })
}

// Debian's Chromium, and a witness in each of its pages of what must never happen there.
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core'

// Chromium's own services would look for hosts that a closed network does not have.
const FLAGS = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1',
]

export type Theme = 'light' | 'dark'

export interface Look {
  readonly theme?: Theme
  readonly width?: number
  readonly height?: number
  readonly touch?: boolean
}

export const launch = (): Promise<Browser> =>
  chromium.launch({
    executablePath: process.env.DRAGOMAN_CHROMIUM,
    headless: true,
    // Root has no sandbox to give up; a person keeps theirs.
    chromiumSandbox: process.getuid?.() !== 0,
    args: FLAGS,
  })

/** What happened in a page that never may. */
export interface Incidents {
  /** What the policy forbade: whoever tried it was not ours, or we were careless. */
  readonly violations: string[]
  /** Requests to anybody but our server. */
  readonly strangers: string[]
  /** Errors nobody caught, and errors in the console. */
  readonly errors: string[]
  /** `alert` and its kin. */
  readonly dialogs: string[]
}

export interface Visit {
  readonly page: Page
  readonly context: BrowserContext
  readonly incidents: Incidents
  /** Another tab of the same browser, watched by the same witness. */
  tab(): Promise<Page>
  close(): Promise<void>
}

/** A browser's window of its own, with an empty memory; `url` is our server's. */
export async function visit(browser: Browser, url: string, look: Look = {}): Promise<Visit> {
  const context = await browser.newContext({
    baseURL: url,
    colorScheme: look.theme ?? 'light',
    viewport: { width: look.width ?? 1280, height: look.height ?? 800 },
    hasTouch: look.touch ?? false,
    reducedMotion: 'reduce',
    locale: 'en-GB',
    permissions: ['clipboard-read', 'clipboard-write'],
  })
  context.setDefaultTimeout(15_000)
  const incidents: Incidents = { violations: [], strangers: [], errors: [], dialogs: [] }
  await witness(context, new URL(url).origin, incidents)
  const page = await context.newPage()
  return {
    page,
    context,
    incidents,
    tab: () => context.newPage(),
    close: () => context.close(),
  }
}

async function witness(context: BrowserContext, origin: string, to: Incidents): Promise<void> {
  await context.exposeBinding('__violated', (_, what: string) => to.violations.push(what))
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      const { effectiveDirective, blockedURI, sample, sourceFile, lineNumber } = event
      const report = window as unknown as { __violated(what: string): void }
      report.__violated(
        `${effectiveDirective}: ${blockedURI} ${sample} (${sourceFile}:${lineNumber})`,
      )
    })
  })
  context.on('request', (request) => {
    const asked = new URL(request.url())
    const inside = ['data:', 'blob:', 'about:'].includes(asked.protocol)
    if (asked.origin !== origin && !inside) to.strangers.push(request.url())
  })
  context.on('page', (page) => {
    page.on('dialog', (dialog) => {
      to.dialogs.push(`${dialog.type()}: ${dialog.message()}`)
      void dialog.dismiss()
    })
  })
  context.on('weberror', (error) => to.errors.push(String(error.error())))
  context.on('console', (message) => {
    // An answer of the API that says no is what the page is there to show.
    const refused = message.text().startsWith('Failed to load resource')
    const ofApi = /^\/(api\/|health$)/.test(new URL(message.location().url || origin).pathname)
    if (message.type() === 'error' && !(refused && ofApi)) to.errors.push(message.text())
  })
}

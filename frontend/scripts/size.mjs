// Weighs the built page (or the one in the folder given), and fails when a part grew too heavy.
import { readdir, readFile } from 'node:fs/promises'
import { extname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'

const KB = 1000
const LIMIT = { firstLoad: 130 * KB, lazyChunk: 90 * KB, whole: 1200 * KB }

const built = fileURLToPath(new URL('../../backend/src/dragoman/_web', import.meta.url))
const root = `${resolve(process.argv[2] ?? built)}/`
const shown = (bytes) => `${(bytes / KB).toFixed(1)} KB`.padStart(10)

async function weighed(name) {
  const bytes = await readFile(join(root, name))
  return { name, raw: bytes.length, gz: gzipSync(bytes, { level: 9 }).length }
}

const total = (files, measure) => files.reduce((sum, file) => sum + file[measure], 0)

const names = (await readdir(root, { recursive: true, withFileTypes: true }))
  .filter((entry) => entry.isFile() && !entry.name.endsWith('.gz'))
  .map((entry) => join(entry.parentPath, entry.name).slice(root.length))
  .sort()
const files = await Promise.all(names.map(weighed))

const index = await readFile(join(root, 'index.html'), 'utf8')
// What a browser fetches before anything is clicked: all that index.html names.
const code = files.filter(({ name }) => ['.js', '.css'].includes(extname(name)))
const first = code.filter(({ name }) => index.includes(name))
const lazy = code.filter(({ name }) => !index.includes(name))

for (const { name, raw, gz } of code) {
  const mark = index.includes(name) ? 'first' : 'lazy '
  console.log(`${mark} ${shown(raw)} ${shown(gz)} gz  ${name}`)
}

const bars = [
  ['first load (js + css, gz)', total(first, 'gz'), LIMIT.firstLoad],
  ['largest lazy chunk (gz)', Math.max(0, ...lazy.map(({ gz }) => gz)), LIMIT.lazyChunk],
  ['whole page (raw, without .gz)', total(files, 'raw'), LIMIT.whole],
]
for (const [what, bytes, limit] of bars) {
  const verdict = bytes <= limit ? 'ok' : 'TOO LARGE'
  console.log(`${what.padEnd(30)} ${shown(bytes)} of ${shown(limit)}  ${verdict}`)
}
process.exitCode = bars.every(([, bytes, limit]) => bytes <= limit) ? 0 : 1

// What our build does beside Vite: KaTeX in one font format, and a .gz beside each large file.
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { constants, gzip } from 'node:zlib'

import type { Plugin } from 'vite'

const OLDER_FONT = /,\s*url\([^)]*\.(?:woff|ttf)["']?\)\s*format\(["'](?:woff|truetype)["']\)/g

/** The style sheet without the .woff and .ttf copies of its fonts. */
export const withoutOlderFonts = (css: string): string => css.replace(OLDER_FONT, '')

/** Drops the .woff and .ttf copies of KaTeX's fonts: every browser we serve reads .woff2. */
export function onlyWoff2(): Plugin {
  return {
    name: 'only-woff2',
    enforce: 'pre',
    transform: {
      filter: { id: /katex(?:\.min)?\.css(?:\?|$)/ },
      handler(css) {
        const slim = withoutOlderFonts(css)
        if (slim.includes('.ttf')) this.error("KaTeX's style sheet names its fonts in a new way")
        return slim
      },
    },
  }
}

const COMPRESSIBLE = /\.(?:html|js|css|svg|json|webmanifest|txt)$/

// Below this, the header of a compressed answer eats what compression saves.
const WORTH_COMPRESSING_BYTES = 1024

/** Writes `name.gz` beside each text file of the build, so that the server need not compress. */
export function gzipBeside(): Plugin {
  return {
    name: 'gzip-beside',
    apply: 'build',
    async writeBundle({ dir }) {
      if (dir === undefined) return
      const entries = await readdir(dir, { recursive: true })
      await Promise.all(
        entries.filter((name) => COMPRESSIBLE.test(name)).map((name) => compress(join(dir, name))),
      )
    },
  }
}

async function compress(path: string): Promise<void> {
  const whole = await readFile(path)
  if (whole.length < WORTH_COMPRESSING_BYTES) return
  const packed = await promisify(gzip)(whole, { level: constants.Z_BEST_COMPRESSION })
  await writeFile(`${path}.gz`, packed)
}

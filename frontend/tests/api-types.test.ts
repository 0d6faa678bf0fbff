import { readFile } from 'node:fs/promises'

import openapiTypes, { astToString } from 'openapi-typescript'
import { expect, test } from 'vitest'

const here = (path: string): URL => new URL(path, import.meta.url)

test('the types of the API are those of the schema that is written down', async () => {
  const written = await readFile(here('../src/api/schema.d.ts'), 'utf8')

  const made = astToString(await openapiTypes(here('../openapi.json')))

  expect(written, 'run `npm run types`, with the server running').toBe(made)
}, 20_000)

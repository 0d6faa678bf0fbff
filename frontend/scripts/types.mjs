// Writes down the API of a running server, and the types of the page made from it.
//
//     npm run types                          of the server on http://127.0.0.1:8000
//     npm run types -- http://127.0.0.1:9000
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

import openapiTypes, { astToString } from 'openapi-typescript'

const here = (path) => new URL(path, import.meta.url)

const server = process.argv[2] ?? 'http://127.0.0.1:8000'
const answer = await fetch(new URL('/openapi.json', server))
if (!answer.ok) throw new Error(`${server} answered ${answer.status}`)
const schema = await answer.json()
// The version of the server says nothing of its routes.
delete schema.info.version

const file = here('../openapi.json')
await writeFile(file, `${JSON.stringify(schema, null, 2)}\n`)
await writeFile(here('../src/api/schema.d.ts'), astToString(await openapiTypes(file)))
console.log(`wrote ${fileURLToPath(file)} and src/api/schema.d.ts`)

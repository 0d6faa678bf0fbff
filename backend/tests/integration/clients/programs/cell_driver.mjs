// Runs in a client's own environment: reads what to do, line by line, and tells what came of it.
// The same protocol as cell_driver.py.

import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

const WEATHER = { Paris: "21 degrees in Paris", Rome: "28 degrees in Rome" };
export const TOOL_NAME = "get_weather";
export const TOOL_DESCRIPTION = "Tell the weather of a city.";
export const TOOL_PARAMETERS = {
  type: "object",
  properties: { city: { type: "string" } },
  required: ["city"],
  additionalProperties: false,
};

export const getWeather = ({ city }) => WEATHER[city] ?? `20 degrees in ${city}`;

/** This client cannot do this at any address; the words say why. */
class CannotError extends Error {}

export const cannot = (because) => () => {
  throw new CannotError(because);
};

/** Tell what a program that catches this error can know. */
export function describe(error) {
  const lineage = [];
  for (let kind = error.constructor; kind?.name; kind = Object.getPrototypeOf(kind)) {
    lineage.push(kind.name);
  }
  const headers = error.headers ?? error.responseHeaders;
  const header = (name) => headers?.get?.(name) ?? headers?.[name] ?? null;
  return {
    error: error.constructor.name,
    lineage: lineage.slice(1),
    status: error.status ?? error.statusCode ?? null,
    code: error.code ?? null,
    type: error.type ?? null,
    request_id: error.requestID ?? header("x-request-id"),
    retry_after: header("retry-after"),
    retryable: error.isRetryable ?? null,
    message: error.message,
    trace: `${error.stack}\n${JSON.stringify(error.cause ?? null)?.slice(0, 500)}`,
  };
}

/** Read a stream of texts to its end, or only `wanted` of them, and on an error tell both. */
export async function heard(texts, wanted = Infinity) {
  const pieces = [];
  try {
    for await (const text of texts) {
      if (text) pieces.push(text);
      if (pieces.length >= wanted) break;
    }
  } catch (error) {
    return { outcome: "raised", text: pieces.join(""), ...describe(error) };
  }
  return { text: pieces.join(""), pieces: pieces.length };
}

async function outcome(cells, asked) {
  const cell = cells[asked.door]?.[asked.cell];
  if (!cell) return { outcome: "missing" };
  try {
    return { outcome: "done", ...(await cell(asked)) };
  } catch (error) {
    if (error instanceof CannotError) return { outcome: "n/a", reason: error.message };
    return { outcome: "raised", ...describe(error) };
  }
}

const versionOf = (name) =>
  JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url))).version;

/** Do what each line of standard input asks for, until there are no more. */
export async function serve(packages, cells) {
  const tell = (answer) => process.stdout.write(`${JSON.stringify(answer)}\n`);
  console.log = console.warn = console.error; // what a client prints is no answer
  tell({ versions: Object.fromEntries(packages.map((name) => [name, versionOf(name)])) });
  for await (const line of createInterface({ input: process.stdin })) {
    tell(await outcome(cells, JSON.parse(line)));
  }
}

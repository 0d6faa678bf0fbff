// The grammars of programming languages; loaded with the first complete block of code.
import bash from 'highlight.js/lib/languages/bash'
import c from 'highlight.js/lib/languages/c'
import cpp from 'highlight.js/lib/languages/cpp'
import csharp from 'highlight.js/lib/languages/csharp'
import css from 'highlight.js/lib/languages/css'
import diff from 'highlight.js/lib/languages/diff'
import dockerfile from 'highlight.js/lib/languages/dockerfile'
import go from 'highlight.js/lib/languages/go'
import haskell from 'highlight.js/lib/languages/haskell'
import ini from 'highlight.js/lib/languages/ini'
import java from 'highlight.js/lib/languages/java'
import javascript from 'highlight.js/lib/languages/javascript'
import json from 'highlight.js/lib/languages/json'
import kotlin from 'highlight.js/lib/languages/kotlin'
import latex from 'highlight.js/lib/languages/latex'
import lua from 'highlight.js/lib/languages/lua'
import makefile from 'highlight.js/lib/languages/makefile'
import markdown from 'highlight.js/lib/languages/markdown'
import nginx from 'highlight.js/lib/languages/nginx'
import perl from 'highlight.js/lib/languages/perl'
import php from 'highlight.js/lib/languages/php'
import powershell from 'highlight.js/lib/languages/powershell'
import python from 'highlight.js/lib/languages/python'
import r from 'highlight.js/lib/languages/r'
import ruby from 'highlight.js/lib/languages/ruby'
import rust from 'highlight.js/lib/languages/rust'
import scala from 'highlight.js/lib/languages/scala'
import scss from 'highlight.js/lib/languages/scss'
import shell from 'highlight.js/lib/languages/shell'
import sql from 'highlight.js/lib/languages/sql'
import swift from 'highlight.js/lib/languages/swift'
import typescript from 'highlight.js/lib/languages/typescript'
import xml from 'highlight.js/lib/languages/xml'
import yaml from 'highlight.js/lib/languages/yaml'
import { createLowlight } from 'lowlight'

/** A piece of code of one colour; `scope` is a class name, or empty. */
export interface Run {
  readonly text: string
  readonly scope: string
}

const lowlight = createLowlight({
  bash,
  c,
  cpp,
  csharp,
  css,
  diff,
  dockerfile,
  go,
  haskell,
  ini,
  java,
  javascript,
  json,
  kotlin,
  latex,
  lua,
  makefile,
  markdown,
  nginx,
  perl,
  php,
  powershell,
  python,
  r,
  ruby,
  rust,
  scala,
  scss,
  shell,
  sql,
  swift,
  typescript,
  xml,
  yaml,
})
lowlight.registerAlias({ javascript: ['node'], json: ['json5', 'jsonl'], typescript: ['vue'] })

type Node = ReturnType<typeof lowlight.highlight>['children'][number]

/** The code in coloured pieces, end to end; null for a language that is not known here. */
export function highlighted(code: string, language: string): readonly Run[] | null {
  const name = language.toLowerCase()
  return lowlight.registered(name) ? flattened(lowlight.highlight(name, code).children) : null
}

/** Each text with its innermost scope: nested colours without nested elements. */
function flattened(nodes: readonly Node[]): readonly Run[] {
  const runs: Run[] = []
  const waiting = nodes.map((node) => ({ node, scope: '' })).reverse()
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { node, scope } = next
    if (node.type === 'text') runs.push({ text: node.value, scope })
    if (node.type !== 'element') continue
    const own = scopeOf(node.properties.className) || scope
    for (const child of node.children.toReversed()) waiting.push({ node: child, scope: own })
  }
  return runs
}

// `hljs-title function_`; the bare name of a language, where one is inside another, is no scope.
const SCOPE = /^hljs-[\w-]+$|^[a-z]+_+$/

const scopeOf = (names: unknown): string =>
  Array.isArray(names) ? names.filter((name) => SCOPE.test(String(name))).join(' ') : ''

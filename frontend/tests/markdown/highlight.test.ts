import { describe, expect, test } from 'vitest'

import { highlighted } from '@/markdown/highlight'

const scopes = (code: string, language: string): (string | undefined)[] =>
  [...new Set(highlighted(code, language)?.map(({ scope }) => scope))].filter(
    (scope) => scope !== '',
  )

describe('code in colours', () => {
  test.each([
    ['python', 'def f(x):\n    return "a"  # b'],
    ['js', 'const a = `b ${c} d`'],
    ['tsx', 'const a: A = <B c="d">e</B>'],
    ['vue', '<script setup lang="ts">const a = 1</script>\n<template><p v-if="a" /></template>'],
    ['html', '<style>p { color: red }</style><script>let a</script>'],
    ['C++', 'int main() { return 0; }'],
    ['c#', 'public class A { }'],
    ['sh', 'echo "$HOME" | grep -c a'],
    ['yml', 'a: [1, "b"]'],
    ['toml', '[a]\nb = 1'],
    ['Dockerfile', 'FROM a AS b'],
    ['jsonc', '{"a": 1}'],
    ['diff', '- a\n+ b'],
    ['console', '$ ls'],
  ])('%s loses no letter and gains some colour', (language, code) => {
    const runs = highlighted(code, language)

    expect(runs?.map(({ text }) => text).join('')).toBe(code)
    expect(scopes(code, language).length).toBeGreaterThan(0)
  })

  test('each piece has the scope closest to it', () => {
    expect(highlighted('`a ${b}`', 'js')).toEqual([
      { text: '`a ', scope: 'hljs-string' },
      { text: '${b}', scope: 'hljs-subst' },
      { text: '`', scope: 'hljs-string' },
    ])
  })

  test('what is not a scope of a highlighter is no class on the page', () => {
    const code = '<style>p { color: red }</style><script>let a</script>'

    for (const scope of scopes(code, 'html')) {
      expect(scope).toMatch(/^hljs-[\w-]+( [a-z]+_+)*$/)
    }
  })

  test.each(['klingon', '', '__proto__', 'constructor', 'toString'])('not %j', (language) => {
    expect(highlighted('code', language)).toBeNull()
  })
})

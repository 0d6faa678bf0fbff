// The linter is a wall: here somebody runs against it.
import { ESLint } from 'eslint'
import { describe, expect, test } from 'vitest'

const eslint = new ESLint({ cwd: process.cwd() })

async function rulesBroken(code: string, filePath: string): Promise<(string | null)[]> {
  const [result] = await eslint.lintText(code, { filePath })
  return result?.messages.map(({ ruleId }) => ruleId) ?? []
}

const inTemplate = (html: string): string => `<template>\n  ${html}\n</template>\n`

describe('no text is handed to the HTML parser', () => {
  test.each([
    ['document.body.innerHTML = text', 'no-restricted-properties'],
    ['document.body.outerHTML = text', 'no-restricted-properties'],
    ["document.body['innerHTML'] = text", 'no-restricted-properties'],
    ["document.body.insertAdjacentHTML('beforeend', text)", 'no-restricted-properties'],
    ['frame.srcdoc = text', 'no-restricted-properties'],
    ['document.write(text)', 'no-restricted-properties'],
    ['body.setHTMLUnsafe(text)', 'no-restricted-properties'],
    ['new Range().createContextualFragment(text)', 'no-restricted-properties'],
    ["new DOMParser().parseFromString(text, 'text/html')", 'no-restricted-syntax'],
    ["h('p', { innerHTML: text })", 'no-restricted-syntax'],
    ["h('p', { 'innerHTML': text })", 'no-restricted-syntax'],
    ["h('p', { '.innerHTML': text })", 'no-restricted-syntax'],
    ["h('p', { '^srcdoc': text })", 'no-restricted-syntax'],
    ['const { innerHTML } = body', 'no-restricted-properties'],
    ["Reflect.set(body, 'innerHTML', text)", 'no-restricted-syntax'],
    ['eval(text)', 'no-eval'],
    ['new Function(text)', 'no-new-func'],
  ])('%s', async (code, rule) => {
    expect(await rulesBroken(`${code}\n`, 'src/planted.ts')).toContain(rule)
  })

  test.each([
    ['<p v-html="text" />', 'vue/no-v-html'],
    ['<p :innerHTML="text" />', 'vue/no-restricted-v-bind'],
    ['<p :inner-html.prop="text" />', 'vue/no-restricted-v-bind'],
    ['<p :outerHTML="text" />', 'vue/no-restricted-v-bind'],
    ['<iframe :srcdoc="text" />', 'vue/no-restricted-v-bind'],
    ['<iframe srcdoc="text" />', 'vue/no-restricted-static-attribute'],
    ['<p v-bind="{ innerHTML: text }" />', 'vue/no-restricted-syntax'],
    ['<p @click="$event.target.innerHTML = text" />', 'vue/no-restricted-syntax'],
  ])('%s', async (html, rule) => {
    expect(await rulesBroken(inTemplate(html), 'src/Planted.vue')).toContain(rule)
  })
})

test('a field without a name is seen', async () => {
  const broken = await rulesBroken(inTemplate('<img src="a.png" />'), 'src/Planted.vue')

  expect(broken).toContain('vuejs-accessibility/alt-text')
})

test('code as ours is in order', async () => {
  const code = "import { h } from 'vue'\n\nexport const words = () => h('p', { class: 'a' }, 'b')\n"

  expect(await rulesBroken(code, 'src/planted.ts')).toEqual([])
})

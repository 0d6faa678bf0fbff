// Code that tries to be more than text, in every language that is coloured.
import type { Cases } from './case'

const PAYLOAD = [
  '<script>alert(1)</script><img src=x onerror=alert(1)> "\'`</code></pre><svg onload=alert(1)>',
  '// <b> /* <i> */ # <u> -- <s> ; <q> % <p> {{ x }} ${<a>} `<a>` "<a>" \'<a>\' <!-- <a> --> <?php <a> ?>',
  'let x = "javascript:alert(1)" \u202e \u200b \u001b[31m',
].join('\n')

const LANGUAGES = [
  ...['bash', 'c', 'cpp', 'csharp', 'css', 'diff', 'dockerfile', 'go', 'haskell', 'html', 'ini'],
  ...['java', 'javascript', 'json', 'jsx', 'kotlin', 'latex', 'lua', 'makefile', 'markdown'],
  ...['nginx', 'perl', 'php', 'powershell', 'python', 'r', 'ruby', 'rust', 'scala', 'scss'],
  ...['shell', 'sql', 'swift', 'typescript', 'vue', 'xml', 'yaml', 'no-such-language'],
]

const ofLanguages = Object.fromEntries(
  LANGUAGES.map((language) => [`code in ${language}`, `\`\`\`${language}\n${PAYLOAD}\n\`\`\``]),
)

export const CODE_CASES: Cases = {
  ...ofLanguages,
  'a language that is a tag': '```<script>alert(1)</script>\nx\n```',
  'a language that leaves an attribute': '```js"onclick="alert(1)\nx\n```',
  'a language in entities': '```&lt;img&#32;src=x&#32;onerror=alert(1)&gt;\nx\n```',
  'a language with a class': '```js hljs evil\nx\n```',
  'a language that is a prototype': '```__proto__\nx\n```',
  'a language that is a constructor': '```constructor\nx\n```',
  'a language that never ends': `\`\`\`${'x'.repeat(10_000)}\nx\n\`\`\``,
  'a language that is a path': '```../../evil\nx\n```',
  'a diagram with a click': '```mermaid\ngraph TD; A-->B; click A "javascript:alert(1)"\n```',
  'a picture as code': '```svg\n<svg onload=alert(1)>\n```',
  'templates in templates': `\`\`\`js\n${'`${'.repeat(3000)}\n\`\`\``,
  'brackets in brackets': `\`\`\`json\n${'['.repeat(5000)}\n\`\`\``,
  'tags in tags': `\`\`\`xml\n${'<a>'.repeat(2000)}\n\`\`\``,
  'a string that does not end': `\`\`\`python\n"${'\\'.repeat(20_001)}\n\`\`\``,
  'comments in comments': `\`\`\`rust\n${'/*'.repeat(3000)}\n\`\`\``,
  'a long line of code': `\`\`\`js\n${'a.b('.repeat(3000)}\n\`\`\``,
}
